import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation } from '../wire/installation.ts';
import { runDirOf } from '../wire/paths.ts';
import { powerOffInstances } from './instances/index.ts';
import { teardowns } from './parts.ts';

/**
 * Switches this machine off for an installation: nothing runs any more, what was kept (disks of instances, volumes) waits for the next
 * agent, which starts everything again.
 */
export async function powerOff(installation: Pick<Installation, 'name' | 'stateDir'>): Promise<void> {
  await powerOffInstances(installation);
  await clear(installation);
}

/** Takes away everything that host agents ever made on this machine for an installation, also what they kept. */
export async function teardown(installation: Pick<Installation, 'name' | 'stateDir'>): Promise<void> {
  await clear(installation);
  await rm(join(installation.stateDir, 'host'), { recursive: true, force: true });
}

/** Processes, mounts, cgroups, namespaces, links, tables, names. The agent itself must have ended. Succeeds on nothing, and when run again. */
async function clear(installation: Pick<Installation, 'name' | 'stateDir'>): Promise<void> {
  for (const one of teardowns) await one(installation);
  await rm(join(runDirOf(installation.name), 'runc'), { recursive: true, force: true });
}
