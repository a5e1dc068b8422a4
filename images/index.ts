import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir } from '../src/engines/cache.ts';
import { run } from '../src/engines/command.ts';
import { withLock } from '../src/engines/lock.ts';
import type { Progress } from '../src/engines/progress.ts';
import { imageId } from '../src/wire/images.ts';
import { writePauseImage } from './instance/pause.ts';
import { amiNames, excluded, name, packages } from './instance/recipe.ts';

/**
 * Machine images, made once from Debian packages:
 *
 *   /var/cache/gantry/images/<name>.lock            held while building
 *   /var/cache/gantry/images/<name>-<key>/rootfs    a root file system; never written to again
 *
 * The key is of all that goes into it (but Debian's package versions: an image is as old as its cache). A folder that is there is whole.
 */
const files = fileURLToPath(new URL('instance/files', import.meta.url));

/** Makes sure that the image is there; quick if it is. Answers the folder of its root file system. */
export async function ensureImage(progress: Progress = () => {}): Promise<string> {
  const folder = await imageFolder();
  if (!existsSync(folder)) {
    const build = async () => {
      if (!existsSync(folder)) await buildImage(folder, progress);
    };
    await withLock(join(cacheDir('images'), `${name}.lock`), build, () => progress({ what: 'waiting for another build' }));
  }
  return join(folder, 'rootfs');
}

/** Is the image there already? */
export const imageBuilt = async (): Promise<boolean> => existsSync(await imageFolder());

/** The name behind an AMI id; undefined for ids that are not of Gantry's images. */
export const amiName = (id: string): (typeof amiNames)[number] | undefined => amiNames.find((ami) => imageId(ami) === id);

async function imageFolder(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([await suite(), process.arch, packages, excluded]));
  hash.update(await readFile(fileURLToPath(import.meta.url))).update(await readFile(new URL('instance/pause.ts', import.meta.url)));
  const entries = await readdir(files, { recursive: true, withFileTypes: true });
  for (const path of entries.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    const status = await lstat(path);
    hash.update(`${relative(files, path)} ${(status.mode & 0o111).toString(8)}\n`);
    if (status.isFile()) hash.update(await readFile(path));
    if (status.isSymbolicLink()) hash.update(await readlink(path));
  }
  return join(cacheDir('images'), `${name}-${hash.digest('hex').slice(0, 16)}`);
}

/** Debian's release: the host's own, so that its mirrors and keys fit; bookworm on other systems. */
async function suite(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(release)?.[1];
  return (value('ID') === 'debian' && value('VERSION_CODENAME')) || 'bookworm';
}

async function buildImage(folder: string, progress: Progress): Promise<void> {
  const work = `${folder}.partial`;
  const root = join(work, 'rootfs');
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await install(root, progress);
  progress({ what: 'laying in files' });
  await rm(join(root, 'etc/service'), { recursive: true, force: true });
  await cp(files, root, { recursive: true, verbatimSymlinks: true });
  await linkSupervision(join(root, 'etc/service'));
  // runit flushes all of the machine's disks at shutdown, unless told that this is somebody else's business.
  await writeFile(join(root, 'etc/runit/nosync'), '');
  await writeFile(join(root, 'etc/hostname'), 'localhost\n');
  await mkdir(join(root, 'opt/images'), { recursive: true });
  await writePauseImage(join(root, 'bin/busybox'), join(root, 'opt/images/pause.tar'));
  for (const mountPoint of ['opt/gantry', 'opt/cni/bin', 'opt/engines', 'var/lib/containerd', 'var/lib/ecs', 'var/lib/cloud']) {
    await mkdir(join(root, mountPoint), { recursive: true });
  }
  await rename(work, folder);
}

/** Steps that mmdebstrap tells of as `I: …`; about this many. */
const steps = 9;

async function install(root: string, progress: Progress): Promise<void> {
  let done = 0;
  progress({ what: 'Debian packages', done, total: steps });
  const onLine = (line: string) => {
    const step = /^I: (.*)/.exec(line)?.[1];
    if (step) progress({ what: step, done: Math.min(++done, steps), total: steps });
  };
  await run([
    'mmdebstrap', '--mode=root', '--format=directory', '--variant=essential',
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr', `--include=${packages.join(',')}`,
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
    await suite(), root,
  ], { onLine, timeoutMs: 20 * 60_000 });
}

/** What runsv keeps of a service goes to /run, which is empty at each boot. */
async function linkSupervision(services: string): Promise<void> {
  for (const service of await readdir(services)) {
    for (const [folder, as] of [[join(services, service), service], [join(services, service, 'log'), `${service}.log`]] as const) {
      if (existsSync(folder)) await symlink(`/run/runit/${as}`, join(folder, 'supervise'));
    }
  }
}
