import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJson } from '../kept-file.ts';

/**
 * What a host keeps of an instance, `<stateDir>/host/instances/<id>/`:
 *
 *   state.json      what was done last (`InstanceState`)
 *   upper/ work/    its root file system's own layer; `root/` is where the overlay is mounted while the instance is being started
 *   containerd/     its /var/lib/containerd: an overlay on an overlay is not possible
 *   ecs/            its /var/lib/ecs
 *   bundle/         runc's bundle
 *   init.pid        process id of its init, written by runc
 *   console.log     what its init and services wrote
 */
export interface Folder {
  path: string;
  state: string;
  upper: string;
  work: string;
  root: string;
  containerd: string;
  ecs: string;
  bundle: string;
  pid: string;
  console: string;
  /** `poweroff` or `reboot`, left by the instance's runit at its end (images/instance/files/etc/runit/3). */
  shutdown: string;
}

export function folderOf(instancesDir: string, id: string): Folder {
  const path = join(instancesDir, id);
  const upper = join(path, 'upper');
  return {
    path,
    upper,
    state: join(path, 'state.json'),
    work: join(path, 'work'),
    root: join(path, 'root'),
    containerd: join(path, 'containerd'),
    ecs: join(path, 'ecs'),
    bundle: join(path, 'bundle'),
    pid: join(path, 'init.pid'),
    console: join(path, 'console.log'),
    shutdown: join(upper, 'var/lib/gantry-shutdown'),
  };
}

/** Where runc looks for its configuration. */
export const specPath = (folder: Folder) => join(folder.bundle, 'config.json');

/** What was done last. Written before and after each start, so that a crash between the two is seen. */
export interface InstanceState {
  generation: number;
  /** `failed`: was never started in this generation; `stopped`: ended. Both stay so until the generation grows. */
  phase: 'starting' | 'started' | 'stopped' | 'failed';
  /** The host's boot in which it was started. */
  bootId: string;
  startedAt?: string;
  /** Why it is not running, in EC2's words: `Client.InstanceInitiatedShutdown: …`. Absent where EC2 asked for it. */
  reason?: string;
  /** Starts in this generation that failed. */
  failures?: number;
}

export const readState = (folder: Folder): Promise<InstanceState | undefined> => readJson(folder.state);
export const writeState = (folder: Folder, state: InstanceState): Promise<void> => writeJson(folder.state, state);

/** Ids of the instances that this host has a folder of. */
export async function knownInstances(instancesDir: string): Promise<string[]> {
  return (await readdir(instancesDir).catch(() => [] as string[])).filter((name) => name.startsWith('i-'));
}

export const removeFolder = (folder: Folder): Promise<void> => rm(folder.path, { recursive: true, force: true });

/** Changes at every boot of the host. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
