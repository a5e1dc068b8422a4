import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/engines/command.ts';
import type { Progress } from '../../src/engines/progress.ts';
import { writePauseImage } from './pause.ts';
import { excluded, packages } from './recipe.ts';

/** Laid over the packages. */
export const files = fileURLToPath(new URL('files', import.meta.url));

/** Debian's release: the host's own, so that its mirrors and keys fit; bookworm on other systems. */
export async function suite(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(release)?.[1];
  return (value('ID') === 'debian' && value('VERSION_CODENAME')) || 'bookworm';
}

/** Makes the image in a folder beside its own, which comes to be as a whole. */
export async function buildImage(folder: string, progress: Progress): Promise<void> {
  const work = `${folder}.partial`;
  const root = join(work, 'rootfs');
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await install(root, progress);
  progress({ what: 'laying in files' });
  for (const services of ['etc/service', 'etc/sv']) await rm(join(root, services), { recursive: true, force: true });
  await mkdir(join(root, 'etc/service'));
  await cp(files, root, { recursive: true, verbatimSymlinks: true });
  await linkSupervision(join(root, 'etc/sv'));
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

/** Steps that mmdebstrap tells of as `I: …`; its hooks are not worth a word. */
const steps = 8;

async function install(root: string, progress: Progress): Promise<void> {
  let done = 0;
  progress({ what: 'Debian packages', done, total: steps });
  const onLine = (line: string) => {
    const step = /^I: (?!running --)(.*?)\.*$/.exec(line)?.[1];
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
