import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerConfig } from '../../wire/acs.ts';
import type { Cri } from '../cri/types.ts';
import type { ContainerRecord } from '../state.ts';

type Healthcheck = NonNullable<DockerConfig['Healthcheck']>;
type Health = NonNullable<ContainerRecord['health']>;
const MS = 1_000_000;

/**
 * Runs a container's health check as Docker does (https://docs.docker.com/reference/dockerfile/#healthcheck): every interval, unhealthy
 * after so many failures in a row, failures within the start period do not count. Ends with the signal.
 */
export async function watchHealth(cri: Cri, state: ContainerRecord, check: Healthcheck, changed: () => void, signal: AbortSignal, now: () => number = Date.now): Promise<void> {
  const argv = command(check.Test);
  if (!argv) return;
  const interval = (check.Interval || 30_000 * MS) / MS;
  const seconds = Math.max(1, Math.ceil((check.Timeout || 30_000 * MS) / MS / 1000));
  const retries = check.Retries || 3;
  const graceEnds = Date.parse(state.startedAt!) + (check.StartPeriod ?? 0) / MS;
  let failures = 0;
  state.health ??= { status: 'UNKNOWN', since: new Date(now()).toISOString() };
  for (;;) {
    await sleep(interval, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const result = await probe(cri, state.containerId!, argv, seconds);
    if (signal.aborted) return;
    if (result.exitCode === 0) failures = 0;
    else if (now() >= graceEnds || state.health.status === 'HEALTHY') failures++;
    const before: Health = state.health;
    const status: Health['status'] = result.exitCode === 0 ? 'HEALTHY' : failures >= retries ? 'UNHEALTHY' : before.status;
    const since = status === before.status ? before.since : new Date(now()).toISOString();
    state.health = { status, since, ...(result.exitCode ? { exitCode: result.exitCode } : {}), output: result.output.slice(0, 1024) };
    if (before.status !== status) changed();
  }
}

function command([kind, ...rest]: string[]): string[] | undefined {
  if (kind === 'CMD') return rest;
  if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', rest.join(' ')];
  return undefined;
}

async function probe(cri: Cri, id: string, argv: string[], seconds: number): Promise<{ exitCode: number; output: string }> {
  try {
    const { exitCode, stdout, stderr } = await cri.execSync(id, argv, seconds);
    return { exitCode, output: stdout + stderr };
  } catch (error) {
    // Timed out, or the program is not there.
    return { exitCode: -1, output: error instanceof Error ? error.message : String(error) };
  }
}
