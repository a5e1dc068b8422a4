import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { run } from '../../src/engines/command.ts';
import type { Progress } from '../../src/engines/progress.ts';
import { suite } from '../instance/build.ts';
import { excluded } from '../instance/recipe.ts';
import { hooks, packages, testImages, type TestImage } from './recipe.ts';

/** Where the programs of the engines are that the recipe names. */
export type EngineFolders = Record<'conformance' | 'coredns' | 'etcd', string>;

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** A layer in the layout, and the digest of what it is when unpacked (OCI image-spec, config.md: `diff_ids`). */
interface Layer {
  descriptor: Descriptor;
  diffId: string;
}

const tar = ['tar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'] as const;

/** Makes the layout in a folder beside its own, which comes to be as a whole; in it are the named images, `agnhost:2.63.0`, as far as there is a recipe. */
export async function buildTestImages(layout: string, names: readonly string[], engines: EngineFolders, progress: Progress): Promise<void> {
  const work = `${layout}.partial`;
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'blobs/sha256'), { recursive: true });
  progress({ what: 'Debian packages' });
  const debian = await debianLayer(work);
  const manifests: (Descriptor & { annotations: Record<string, string> })[] = [];
  for (const [base, image] of Object.entries(testImages)) {
    progress({ what: base });
    const layers = [...(image.debian ? [debian] : []), ...(await ownLayer(work, image, engines))];
    for (const name of names.filter((one) => one.startsWith(`${base}:`))) {
      manifests.push({ ...(await writeManifest(work, name, image, layers)), annotations: { 'org.opencontainers.image.ref.name': name } });
    }
  }
  await writeFile(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(work, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await rename(work, layout);
}

async function debianLayer(work: string): Promise<Layer> {
  const archive = join(work, 'debian.tar');
  await run([
    'mmdebstrap', '--mode=root', '--format=tar', '--variant=minbase', `--include=${packages.join(',')}`,
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`), ...hooks.map((hook) => `--customize-hook=${hook}`),
    await suite(), archive,
  ], { timeoutMs: 20 * 60_000 });
  return addLayer(work, archive);
}

/** What an image has beside Debian's layer; none if that is nothing. */
async function ownLayer(work: string, { files = {}, folders = [] }: TestImage, engines: EngineFolders): Promise<Layer[]> {
  const entries = Object.entries(files);
  if (entries.length === 0) return [];
  const root = join(work, 'layer');
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const [path, made] of entries) {
    const to = join(root, path);
    await mkdir(dirname(to), { recursive: true });
    if ('link' in made) await symlink(made.link, to);
    else {
      await ('text' in made ? writeFile(to, made.text) : copyFile(join(engines[made.engine], made.name), to));
      await chmod(to, made.mode ?? ('text' in made ? 0o644 : 0o755));
    }
  }
  const archive = join(work, 'layer.tar');
  // The root folder itself is Debian's where there is one: only what is in it.
  await run([...tar, '-cf', archive, '-C', root, '--transform=s,^\\./,,', '--exclude=./', '.']);
  await rm(root, { recursive: true });
  return [await addLayer(work, archive)];
}

/** Compresses an archive into the layout and takes it away. */
async function addLayer(work: string, archive: string): Promise<Layer> {
  const packed = `${archive}.gz`;
  const [diff, digest] = [createHash('sha256'), createHash('sha256')];
  await pipeline(createReadStream(archive), hashing(diff), createGzip({ level: 1 }), hashing(digest), createWriteStream(packed));
  const hex = digest.digest('hex');
  const { size } = await stat(packed);
  await rename(packed, join(work, 'blobs/sha256', hex));
  await rm(archive);
  return { descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size }, diffId: `sha256:${diff.digest('hex')}` };
}

const hashing = (hash: ReturnType<typeof createHash>) =>
  async function* through(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  };

async function writeManifest(work: string, name: string, { config }: TestImage, layers: Layer[]): Promise<Descriptor> {
  const put = async (mediaType: string, content: object): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(content));
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(work, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const configuration = await put('application/vnd.oci.image.config.v1+json', {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    // The label makes two versions two images, as tests of rolling updates want them.
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Labels: { 'org.opencontainers.image.ref.name': name }, ...config },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return put(mediaType, { schemaVersion: 2, mediaType, config: configuration, layers: layers.map(({ descriptor }) => descriptor) });
}
