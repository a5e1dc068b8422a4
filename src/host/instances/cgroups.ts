import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The group of an instance below each hierarchy's root, and below this one of the installation. */
export const installationCgroup = (name: string) => `/gantry-${name}`;
export const instanceCgroup = (name: string, id: string) => `${installationCgroup(name)}/${id}`;

/** Mount points of cgroup hierarchies: one on v2, one a controller on v1, both on hybrid hosts. */
async function hierarchies(): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.filter(([, , type]) => type === 'cgroup' || type === 'cgroup2').map(([, mountPoint = '']) => mountPoint);
}

/**
 * Lets the instances of an installation weigh as much as one busy process on each processor. The group would otherwise weigh as one in
 * all, and on a host whose processes are in no groups of their own a handful of them would leave its instances next to nothing.
 */
export async function weighInstances(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const group = join(hierarchy, installationCgroup(name));
    // v1 and v2 (a controller's files are not there where it is not): what one process weighs is 1024 and 100.
    await writeFile(join(group, 'cpu.shares'), String(1024 * availableParallelism()), { flag: 'r+' }).catch(() => {});
    await writeFile(join(group, 'cpu.weight'), String(Math.min(10_000, 100 * availableParallelism())), { flag: 'r+' }).catch(() => {});
  }
}

/** Kills whatever is left in a group and takes the group away with all below it, in every hierarchy. Succeeds on nothing. */
export async function removeCgroup(group: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const end = Date.now() + 10_000;
    // A process that is on its way out still counts.
    while (!(await tryRemove(join(hierarchy, group)))) {
      if (Date.now() > end) throw new Error(`processes in ${join(hierarchy, group)} do not end: ${(await processes(join(hierarchy, group))).join(' ')}`);
      await sleep(20);
    }
  }
}

/** Takes away the installation's group once its last instance has gone. */
export async function removeInstallationCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await rmdir(join(hierarchy, installationCgroup(name))).catch(() => {});
}

async function tryRemove(dir: string): Promise<boolean> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return true;
  for (const entry of entries) if (entry.isDirectory()) await tryRemove(join(dir, entry.name));
  // A frozen (v1) process does not die.
  await writeFile(join(dir, 'freezer.state'), 'THAWED').catch(() => {});
  for (const pid of await processes(dir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
  return rmdir(dir).then(() => true, (error: NodeJS.ErrnoException) => error.code === 'ENOENT');
}

async function processes(dir: string): Promise<number[]> {
  const text = await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number).filter((pid) => pid > 0);
}

/** Is the process alive and in the group (or below it)? A process id alone may have been given to somebody else since. */
export async function runsIn(group: string, pid: number): Promise<boolean> {
  try {
    const [groups, status] = await Promise.all([readFile(`/proc/${pid}/cgroup`, 'utf8'), readFile(`/proc/${pid}/stat`, 'utf8')]);
    const ended = /^[ZX]/.test(status.slice(status.lastIndexOf(')') + 2));
    return !ended && groups.split('\n').some((line) => `${line.split(':')[2]}/`.startsWith(`${group}/`));
  } catch {
    return false;
  }
}
