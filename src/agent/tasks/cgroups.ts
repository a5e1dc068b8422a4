import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { taskId } from '../names.ts';
import type { TaskRecord } from '../state.ts';

/**
 * The cgroup of a task, `/ecs/<task id>` below each controller's root, with the limits that the task as a whole has. The runtime puts
 * its containers into it. Both cgroup versions; a controller that this instance was not given is passed over.
 */
const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;

export async function limitTask(record: TaskRecord, parent: string, root = ROOT): Promise<void> {
  const { cpu, memory, arn } = record.task;
  if (!cpu && !memory) return;
  const path = join(parent, taskId(arn));
  const quota = cpu ? Math.round(cpu * PERIOD_US) : undefined;
  const bytes = memory ? memory * 2 ** 20 : undefined;
  if (existsSync(join(root, 'cgroup.controllers'))) {
    await mkdir(join(root, path), { recursive: true });
    for (const above of ['', parent]) await writeFile(join(root, above, 'cgroup.subtree_control'), '+cpu +memory').catch(() => {});
    if (quota) await writeFile(join(root, path, 'cpu.max'), `${quota} ${PERIOD_US}`);
    if (bytes) await writeFile(join(root, path, 'memory.max'), String(bytes));
    return;
  }
  const set = async (controller: string, files: Record<string, number>) => {
    if (!existsSync(join(root, controller))) return;
    await mkdir(join(root, controller, path), { recursive: true });
    for (const [file, value] of Object.entries(files)) await writeFile(join(root, controller, path, file), String(value));
  };
  if (quota) await set('cpu', { 'cpu.cfs_period_us': PERIOD_US, 'cpu.cfs_quota_us': quota });
  if (bytes) await set('memory', { 'memory.limit_in_bytes': bytes });
}

/** Takes the task's cgroup away in every hierarchy; those that are still in use stay. */
export async function removeTaskCgroup(record: TaskRecord, parent: string, root = ROOT): Promise<void> {
  const path = join(parent, taskId(record.task.arn));
  const hierarchies = existsSync(join(root, 'cgroup.controllers')) ? [root] : (await readdir(root)).map((name) => join(root, name));
  for (const hierarchy of hierarchies) {
    await rmdir(join(hierarchy, path)).catch((error: NodeJS.ErrnoException) => {
      if (!['ENOENT', 'EBUSY', 'ENOTEMPTY', 'ENOTDIR', 'EROFS'].includes(error.code ?? '')) throw error;
    });
  }
}
