import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A process for certain: a process id may be another's by tomorrow, but not with the same start time (in ticks since boot) in the
 * same boot.
 */
export interface ProcessIdentity {
  pid: number;
  startTicks: string;
  bootId: string;
}

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** State and start time, fields 3 and 22 of proc_pid_stat(5); the name in field 2 may hold anything, parentheses too. */
function stat(pid: number): { state: string; startTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Undefined if there is no such process, or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = stat(pid);
  return found && !'ZX'.includes(found.state) ? { pid, startTicks: found.startTicks, bootId: bootId() } : undefined;
}

export function isAlive(process: ProcessIdentity): boolean {
  const now = identify(process.pid);
  return now?.startTicks === process.startTicks && now.bootId === process.bootId;
}

/** Resolves once the process is gone, whoever its parent is. */
export async function gone(process: ProcessIdentity, signal?: AbortSignal): Promise<void> {
  while (isAlive(process)) await sleep(100, undefined, { signal });
}

/** Asks a process to end, then makes it. Never signals another that has come to carry its id. */
export async function stop(target: ProcessIdentity, graceMs = 10_000): Promise<void> {
  const asked = Date.now();
  if (!signalTo(target, 'SIGTERM')) return;
  while (isAlive(target)) {
    if (Date.now() - asked > graceMs) signalTo(target, 'SIGKILL');
    await sleep(50);
  }
}

export function signalTo(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    return process.kill(target.pid, signal);
  } catch {
    return false;
  }
}
