import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation } from '../wire/installation.ts';
import { runDirOf } from '../wire/paths.ts';
import { teardowns } from './parts.ts';

/**
 * Takes away everything that host agents ever made on this machine for an installation: processes, mounts, cgroups, namespaces, links,
 * tables, names, and what they kept. The agent itself must have ended. Succeeds on nothing, and when run again.
 */
export async function teardown(installation: Pick<Installation, 'name' | 'stateDir'>): Promise<void> {
  for (const one of teardowns) await one(installation);
  await rm(join(installation.stateDir, 'host'), { recursive: true, force: true });
  await rm(join(runDirOf(installation.name), 'runc'), { recursive: true, force: true });
}
