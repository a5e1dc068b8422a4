import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import type { AcsContainer, AcsVolume } from '../../wire/acs.ts';
import { run } from '../../engines/command.ts';
import type { Mount } from '../cri/types.ts';
import { networkMode, sandboxOf, taskId } from '../names.ts';
import type { TaskRecord } from '../state.ts';
import { dockerHostConfig, hostsFile } from './spec.ts';

/**
 * Files of tasks on the instance:
 *
 *   <dataDir>/volumes/shared/<volume>             Docker volumes of scope `shared`; they outlive tasks
 *   <dataDir>/volumes/<task>/<volume>             volumes that live as long as their task
 *   <dataDir>/tasks/<task>/<container>/hosts      its /etc/hosts
 *   <dataDir>/tasks/<task>/<container>/tmpfs/<n>  mounted: its `tmpfs` paths and a /dev/shm of another size
 */
export async function prepareMounts(record: TaskRecord, container: AcsContainer, dataDir: string): Promise<Mount[]> {
  const home = join(dataDir, 'tasks', taskId(record.task.arn), container.name);
  await mkdir(home, { recursive: true });
  const mounts = await volumeMounts(record, container, dataDir);
  mounts.push(...(await temporaryFileSystems(container, home)));
  if (networkMode(record) !== 'host') {
    const hostPath = join(home, 'hosts');
    await writeFile(hostPath, hostsFile(record, container, sandboxOf(record, container.name)));
    mounts.push({ containerPath: '/etc/hosts', hostPath, readonly: false });
  }
  return mounts;
}

async function volumeMounts(record: TaskRecord, container: AcsContainer, dataDir: string): Promise<Mount[]> {
  const own = await Promise.all(
    (container.mountPoints ?? []).map(async ({ sourceVolume, containerPath, readOnly }) => {
      const volume = record.task.volumes?.find(({ name }) => name === sourceVolume);
      const hostPath = volumePath(record, sourceVolume, volume, dataDir);
      await mkdir(hostPath, { recursive: true });
      return { containerPath, hostPath, readonly: readOnly ?? false };
    }),
  );
  const others = await Promise.all(
    (container.volumesFrom ?? []).map(async ({ sourceContainer, readOnly }) => {
      const source = record.task.containers.find(({ name }) => name === sourceContainer);
      const mounts = source ? await volumeMounts(record, source, dataDir) : [];
      return mounts.map((mount) => (readOnly ? { ...mount, readonly: true } : mount));
    }),
  );
  return [...own, ...others.flat()];
}

function volumePath(record: TaskRecord, name: string, volume: AcsVolume | undefined, dataDir: string): string {
  const ofTask = join(dataDir, 'volumes', taskId(record.task.arn), name);
  if (!volume) return ofTask;
  if ('host' in volume) return volume.host.sourcePath || ofTask;
  if ('dockerVolumeConfiguration' in volume) {
    const { scope, driver } = volume.dockerVolumeConfiguration;
    if (driver && driver !== 'local') throw new Error(`unable to create volume ${name}: the volume driver ${driver} is not there`);
    return scope === 'shared' ? join(dataDir, 'volumes', 'shared', name) : ofTask;
  }
  throw new Error(`unable to create volume ${name}: volumes of type ${volume.type} are not supported`);
}

/** The runtime binds folders only, so that a tmpfs is mounted on the instance first. */
async function temporaryFileSystems(container: AcsContainer, home: string): Promise<Mount[]> {
  const wanted = Object.entries(dockerHostConfig(container).Tmpfs ?? {});
  const shared = container.linuxParameters?.sharedMemorySize;
  if (shared) wanted.push(['/dev/shm', `mode=1777,nosuid,nodev,noexec,size=${shared}m`]);
  return Promise.all(
    wanted.map(async ([containerPath, options], index) => {
      const hostPath = join(home, 'tmpfs', String(index));
      await mkdir(hostPath, { recursive: true });
      if (!mountPoints().includes(hostPath)) await run(['mount', '-t', 'tmpfs', ...(options ? ['-o', options] : []), 'tmpfs', hostPath]);
      return { containerPath, hostPath, readonly: false };
    }),
  );
}

/** Takes away the files of a task that has stopped; its logs stay until it is cleaned up. */
export async function removeTaskFiles(record: TaskRecord, dataDir: string): Promise<void> {
  const id = taskId(record.task.arn);
  const home = join(dataDir, 'tasks', id);
  for (const point of mountPoints().filter((path) => path.startsWith(`${home}/`))) await run(['umount', '-l', point]);
  await rm(home, { recursive: true, force: true });
  await rm(join(dataDir, 'volumes', id), { recursive: true, force: true });
}

const mountPoints = () => (existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8') : '').split('\n').map((line) => line.split(' ')[1] ?? '');

export const taskLogDir = (record: TaskRecord, logDir: string) => join(logDir, 'tasks', taskId(record.task.arn));
export const removeTaskLogs = (record: TaskRecord, logDir: string) => rm(taskLogDir(record, logDir), { recursive: true, force: true });
export const makeTaskLogDir = (record: TaskRecord, logDir: string) => mkdir(taskLogDir(record, logDir), { recursive: true });
