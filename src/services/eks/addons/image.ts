import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { asService } from '../../../control/as-service.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { ensure } from '../../../engines/index.ts';
import { ecrOperations } from '../../ecr/index.ts';

/**
 * An add-on's image in the installation's own registry: the engine's program and nothing else. AWS has such images in registries of
 * its own accounts; here they are in the customer's, under `eks/`, where the nodes' role can pull them.
 */
const PART_BYTES = 20 * 1024 * 1024;
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

const making = new Map<string, Promise<void>>();

/** Answers its name with tag, once it is in the registry; builds the engine if it must. */
export async function ensureEngineImage(env: Env, scope: Scope, engine: 'coredns', tag: string): Promise<string> {
  const repositoryName = `eks/${engine}`;
  const { account, region, domain, port } = env.installation;
  const uri = `${account}.dkr.ecr.${region}.${domain}:${port}/${repositoryName}:${tag}`;
  const done = making.get(uri) ?? make(env, scope, engine, repositoryName, tag).finally(() => making.delete(uri));
  making.set(uri, done);
  await done;
  return uri;
}

async function make(env: Env, scope: Scope, engine: 'coredns', repositoryName: string, imageTag: string): Promise<void> {
  const ecr = asService(ecrOperations, env, scope, 'eks.amazonaws.com');
  const known = await ecr('DescribeImages', { repositoryName, imageIds: [{ imageTag }] }).catch((error: unknown) => {
    if (error instanceof AwsError && ['RepositoryNotFoundException', 'ImageNotFoundException'].includes(error.code)) return undefined;
    throw error;
  });
  if (known?.imageDetails?.length) return;
  await ecr('CreateRepository', { repositoryName }).catch((error: unknown) => {
    if (!(error instanceof AwsError && error.code === 'RepositoryAlreadyExistsException')) throw error;
  });
  const put = async (bytes: Buffer, mediaType: string) => {
    const digest = digestOf(bytes);
    const { uploadId } = await ecr('InitiateLayerUpload', { repositoryName });
    for (let from = 0; from < bytes.length; from += PART_BYTES) {
      const layerPartBlob = bytes.subarray(from, from + PART_BYTES);
      await ecr('UploadLayerPart', { repositoryName, uploadId, partFirstByte: from, partLastByte: from + layerPartBlob.length - 1, layerPartBlob });
    }
    await ecr('CompleteLayerUpload', { repositoryName, uploadId, layerDigests: [digest] }).catch((error: unknown) => {
      if (!(error instanceof AwsError && error.code === 'LayerAlreadyExistsException')) throw error;
    });
    return { mediaType, digest, size: bytes.length };
  };
  const tar = tarOf(engine, await readFile(join(await ensure(engine), engine)));
  const layer = await put(await promisify(gzip)(tar, { level: 1 }), LAYER);
  const config = await put(Buffer.from(JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch, os: 'linux', config: { Entrypoint: [`/${engine}`], WorkingDir: '/' }, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  })), CONFIG);
  await ecr('PutImage', { repositoryName, imageTag, imageManifestMediaType: MANIFEST, imageManifest: JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }) });
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** One program in the root folder, as ustar (POSIX.1-1988): a header of 512 bytes, the content, two empty blocks. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const field = (text: string, offset: number) => header.write(text, offset, 'ascii');
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0');
  field(name, 0);
  field(octal(0o755, 8), 100);
  field(octal(0, 8), 108);
  field(octal(0, 8), 116);
  field(octal(content.length, 12), 124);
  field(octal(0, 12), 136);
  field('        ', 148);
  field('0', 156);
  field('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512 + 1024);
  return Buffer.concat([header, content, padding]);
}
