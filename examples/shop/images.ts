import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { step, unless } from './steps.ts';

/**
 * The shop's images, built with buildah from the Dockerfiles of this folder and pushed to ECR. A tag is a hash of what the image is
 * made from, so that one which is there already is neither built nor pushed again.
 */
const here = import.meta.dirname;
const work = process.env.SHOP_WORK ?? '/var/cache/gantry/shop';
const run = promisify(execFile);
const BASES = ['base', 'node'];

const buildah = (...args: string[]) =>
  run('buildah', ['--root', join(work, 'storage'), '--runroot', join(work, 'run'), '--storage-driver', 'overlay', ...args], { env: { ...process.env, BUILDAH_ISOLATION: 'chroot' }, maxBuffer: 64 << 20 });

/** Answers the image of each name, as `<repository URI>:<tag>`. */
export async function pushImages(names: string[]): Promise<Record<string, string>> {
  const ecr = new ECRClient({});
  const images: Record<string, string> = {};
  const tags = await Promise.all([...BASES, ...names].map(async (name) => [name, await contentOf(join(here, name))] as const));
  const bases = tags.slice(0, BASES.length).map(([, hash]) => hash).join('');
  for (const [name, hash] of tags.slice(BASES.length)) {
    const tag = createHash('sha256').update(bases + hash).digest('hex').slice(0, 12);
    const repositoryName = `shop/${name}`;
    const created = await unless('RepositoryAlreadyExistsException', () => ecr.send(new CreateRepositoryCommand({ repositoryName })));
    const known = created ? undefined : await unless('ImageNotFoundException', () => ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: tag }] })));
    const { registry, credentials } = await login(ecr);
    images[name] = `${registry}/${repositoryName}:${tag}`;
    if (known?.imageDetails?.length) continue;
    await ensureBases();
    await step(`image ${name}`, async () => {
      await build(name);
      await buildah('push', '-q', '--tls-verify=false', '--creds', credentials, `localhost/shop/${name}`, `docker://${images[name]}`);
    });
  }
  return images;
}

async function login(ecr: ECRClient) {
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const { authorizationToken, proxyEndpoint } = authorizationData![0]!;
  return { registry: proxyEndpoint!.replace(/^https?:\/\//, ''), credentials: Buffer.from(authorizationToken!, 'base64').toString() };
}

async function ensureBases() {
  if (await exists('node')) return;
  await mkdir(work, { recursive: true });
  await step('image base, from Debian packages', async () => {
    const rootfs = join(work, 'rootfs.tar');
    const lean = ['doc', 'man', 'locale', 'info'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
    await run('mmdebstrap', ['--variant=minbase', '--include=ca-certificates,libstdc++6', ...lean, 'bookworm', rootfs], { env: { ...process.env, TMPDIR: work }, maxBuffer: 64 << 20 });
    await build('base', { 'rootfs.tar': rootfs });
    await rm(rootfs);
  });
  await step('image node', () => build('node', { node: process.execPath }));
}

const exists = (name: string) => buildah('inspect', '--type', 'image', `localhost/shop/${name}`).then(() => true, () => false);

/** Builds in a copy of the image's folder, with what is not kept in git laid beside: `extra` files and npm packages. */
async function build(name: string, extra: Record<string, string> = {}) {
  const context = join(work, 'context', name);
  await rm(context, { recursive: true, force: true });
  await cp(join(here, name), context, { recursive: true });
  for (const [file, from] of Object.entries(extra)) await cp(from, join(context, file));
  // Whatever the umask was of whoever cloned this: the programs of some images are no root's.
  await run('chmod', ['-R', 'u=rwX,go=rX', context]);
  if (name !== 'node' && (await stat(join(context, 'package.json')).catch(() => undefined))) {
    await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: context });
  }
  await buildah('bud', '-q', '-t', `localhost/shop/${name}`, context);
  await rm(context, { recursive: true });
}

/** A hash of a folder's files, by name and content. */
async function contentOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  for (const path of files.map((file) => join(file.parentPath, file.name)).sort()) hash.update(path.slice(folder.length)).update(await readFile(path));
  return hash.digest('hex');
}
