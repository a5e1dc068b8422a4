import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { HostStatus, ObservedKind } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';
import { runDirOf } from '../../wire/paths.ts';
import type { Host } from '../part.ts';
import { makeParts } from '../parts.ts';
import { gatewayOf } from './gateway.ts';
import { runPart, type PartLoop } from './loop.ts';
import { openReports } from './reports.ts';
import { listen, makeBell, tell, type Talk } from './talk.ts';
import { openWishes } from './wishes.ts';

/** Kinds on which other parts wait: instances for their interfaces, the metadata service for networks. */
const awaited: ReadonlySet<ObservedKind> = new Set(['network', 'interface', 'instance']);

/**
 * The agent of a machine, until the signal. What it keeps, in `<stateDir>/host/`: `id`, `desired.json` (what is wished), `observed.json`
 * (names of what was reported), and what its parts keep. What it made goes on when it ends, and is found again.
 */
export async function runAgent(installation: Installation, { version, log, signal }: { version: string; log: Host['log']; signal: AbortSignal }): Promise<void> {
  const stateDir = join(installation.stateDir, 'host');
  const runDir = runDirOf(installation.name);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const id = await hostId(stateDir);
  const token = async () => (await readFile(join(installation.stateDir, 'host.token'), 'utf8')).trim();
  const gateway = gatewayOf({ port: installation.port, hostId: id, token });
  const notKept = (error: unknown) => log('cannot keep what is known', { error: String(error) });

  const loops = new Map<string, PartLoop>();
  const wakeAll = () => loops.forEach((loop) => loop.wake());
  const bell = makeBell();
  const wishes = await openWishes(join(stateDir, 'desired.json'), notKept);
  const onChange = (kind: ObservedKind) => {
    bell.ring();
    if (awaited.has(kind)) wakeAll();
  };
  const reports = await openReports({ path: join(stateDir, 'observed.json'), onChange, onError: notKept });

  const host: Host = { installation, id, stateDir, runDir, report: reports.report, log };
  for (const part of makeParts({ ...host, credentials: gateway.credentials }, (name) => loops.get(name)?.wake())) {
    loops.set(part.name, runPart(part, wishes.current, (error) => log(`${part.name}: a pass failed, will try again`, { error: String(error) })));
  }
  wakeAll();
  void Promise.all([...loops.values()].map((loop) => loop.passed)).then(reports.complete);

  const status = (): HostStatus => ({ vcpus: availableParallelism(), memoryMiB: Math.floor(totalmem() / 2 ** 20), zones: installation.zones, agentVersion: version });
  const talk: Talk = { gateway, wishes, reports, bell, status, changed: wakeAll, log, signal };
  await Promise.all([listen(talk), tell(talk)]);
  await Promise.all([...loops.values()].map((loop) => loop.stop()));
  await Promise.all([wishes.saved(), reports.saved()]);
}

/** Given by `gantry join`; the machine on which an installation was made is its first. */
async function hostId(stateDir: string): Promise<string> {
  const path = join(stateDir, 'id');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known) return known.trim();
  await writeFile(path, 'host-1\n');
  return 'host-1';
}
