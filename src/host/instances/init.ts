import { openSync, closeSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../engines/command.ts';
import type { DesiredFile } from '../../wire/host.ts';
import { instanceCgroup, removeCgroup, runsIn } from './cgroups.ts';
import { layFiles } from './files.ts';
import { specPath, type Folder } from './folder.ts';

/** An instance on this host, and where things of it are. */
export interface Place {
  installationName: string;
  id: string;
  folder: Folder;
  /** runc's own records, `<runDir>/runc`. */
  runcRoot: string;
}

const cgroupOf = (place: Place) => instanceCgroup(place.installationName, place.id);

/** Process id of its init on the host, undefined if it does not run. */
export async function initPid(place: Place): Promise<number | undefined> {
  const pid = Number(await readFile(place.folder.pid, 'utf8').catch(() => '0'));
  return pid > 1 && (await runsIn(cgroupOf(place), pid)) ? pid : undefined;
}

/**
 * Starts the init in a session of its own: it lives on without this process. The overlay's mount on the host is needed only until
 * runc has pivoted into it; the instance's mount namespace keeps it, so that the mount goes when the instance does.
 */
export async function startInit(place: Place, { runc, spec, lower, files }: { runc: string; spec: object; lower: string; files: readonly DesiredFile[] }): Promise<void> {
  const { folder } = place;
  await clearInit(place);
  for (const dir of [folder.upper, folder.work, folder.root, folder.containerd, folder.ecs, folder.bundle]) await mkdir(dir, { recursive: true });
  await rm(folder.shutdown, { force: true });
  await writeFile(specPath(folder), JSON.stringify(spec));
  const overlay = `lowerdir=${lower},upperdir=${folder.upper},workdir=${folder.work}`;
  await run(['mount', '-t', 'overlay', 'overlay', '-o', overlay, folder.root]);
  try {
    await layFiles(folder.root, files);
    await runDetached(place, runc);
  } finally {
    await run(['umount', '--lazy', folder.root]);
  }
}

/** `runc run --detach`: the init inherits runc's outputs, which therefore lead to the console's file from the beginning. */
async function runDetached({ folder, runcRoot, id }: Place, runc: string): Promise<void> {
  const log = join(folder.path, 'runc.log');
  await rm(log, { force: true });
  const console = openSync(folder.console, 'a', 0o600);
  try {
    const argv = ['--root', runcRoot, '--log', log, 'run', '--detach', '--bundle', folder.bundle, '--pid-file', folder.pid, id];
    const child = spawn(runc, argv, { stdio: ['ignore', console, console], cwd: '/', detached: true });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (code !== 0) throw new Error(`runc run: ${signal ?? `exit code ${code}`}: ${(await readFile(log, 'utf8').catch(() => '')).trim().slice(-1000)}`);
  } finally {
    closeSync(console);
  }
}

/**
 * As the power button does: runit stops the services and ends; given up when it takes longer than `graceMs`. Pressed again each
 * second, for a runit that is not yet up hears nothing.
 */
export async function stopInit(place: Place, graceMs: number, hurry: () => boolean): Promise<void> {
  const pid = await initPid(place);
  if (pid === undefined) return;
  for (let waited = 0; waited < graceMs && !hurry() && (await initPid(place)) === pid; waited += 100) {
    if (waited % 1000 === 0) signal(pid, 'SIGINT');
    await sleep(100);
  }
}

/** It may have ended since it was looked at. */
function signal(pid: number, name: 'SIGINT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills what runs of it (the kernel ends all processes of a PID namespace with its init) and clears runc's records, mounts, cgroups. */
export async function clearInit(place: Place): Promise<void> {
  const pid = await initPid(place);
  if (pid !== undefined) signal(pid, 'SIGKILL');
  await removeCgroup(cgroupOf(place));
  await rm(join(place.runcRoot, place.id), { recursive: true, force: true });
  await rm(place.folder.pid, { force: true });
  await unmount(place.folder.root);
}

/** A crash between mount and unmount may have left it, more than once. */
async function unmount(path: string): Promise<void> {
  const mounted = (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.split(' ')[1] === path).length;
  for (let times = 0; times < mounted; times++) await run(['umount', '--lazy', path]);
}
