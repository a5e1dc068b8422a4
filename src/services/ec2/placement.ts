import { omit } from '../../control/omit.ts';
import { hostKey, hosts } from '../../control/hosts.ts';
import type { HostRecord } from '../../control/hosts.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Change, Entry } from '../../store/store.ts';
import { hostPlacements } from './records.ts';
import type { HostPlacement } from './records.ts';

const LOST_AFTER_MS = 40_000;

/** Silent for too long. Counted from the start of this program at the earliest: while it was down nobody could be heard. */
export function isLost(host: HostRecord, now: Date, listeningSince = performance.timeOrigin): boolean {
  return now.getTime() - Math.max(Date.parse(host.seenAt), listeningSince) > LOST_AFTER_MS;
}

/** Also one that is known no more. What runs on a lost host cannot be told from what died with it. */
export async function hostIsLost(env: Env, hostId: string): Promise<boolean> {
  const host = (await env.store.get(hostKey(hostId)))?.value as HostRecord | undefined;
  return !host || isLost(host, env.now());
}

export interface Room {
  host: HostRecord;
  freeMiB: number;
  ledger: Entry<HostPlacement> | undefined;
}

/** Living hosts (of a zone), the roomiest first. Memory is what limits: vCPUs are shares, which may be promised more than once. */
export async function rooms(env: Env, scope: Scope, zone?: string): Promise<Room[]> {
  const living = (await hosts(env.store)).filter((host) => !isLost(host, env.now()) && (zone === undefined || host.zones.includes(zone)));
  const found = await Promise.all(living.map(async (host) => {
    const ledger = await hostPlacements.get(env.store, scope, host.id);
    const taken = Object.values(ledger?.value.memoryMiB ?? {}).reduce((sum, memory) => sum + memory, 0);
    return { host, freeMiB: host.memoryMiB - taken, ledger };
  }));
  return found.sort((a, b) => b.freeMiB - a.freeMiB || (a.host.id < b.host.id ? -1 : 1));
}

/** The living host with the most free memory, of those that stand for the zone (any zone if none is given). */
export async function chooseHost(env: Env, scope: Scope, zone?: string): Promise<HostRecord | undefined> {
  return (await rooms(env, scope, zone))[0]?.host;
}

/** A living host of the zone (of any, if none is given) with so much memory left, and the change that takes it for the machine of this id until `freeMemory`. */
export async function roomFor(env: Env, scope: Scope, zone: string | undefined, memoryMiB: number, id: string): Promise<{ host: HostRecord; change: Change } | undefined> {
  const [room] = await rooms(env, scope, zone);
  if (!room || room.freeMiB < memoryMiB) return undefined;
  return { host: room.host, change: takeMemory(scope, room.host.id, room.ledger, memoryMiB, [id]) };
}

/** Where each instance goes, as many as there is room for: pure, the roomiest host first for each. */
export function place(free: readonly { hostId: string; freeMiB: number }[], memoryMiB: number, instanceIds: string[]): Map<string, string> {
  const left = new Map(free.map(({ hostId, freeMiB }) => [hostId, freeMiB]));
  const placed = new Map<string, string>();
  for (const id of instanceIds) {
    const [hostId, freeMiB] = [...left].reduce<[string, number]>((best, host) => (host[1] > best[1] ? host : best), ['', memoryMiB - 1]);
    if (!hostId) break;
    left.set(hostId, freeMiB - memoryMiB);
    placed.set(id, hostId);
  }
  return placed;
}

/** The changes that take memory on a host for these instances, given what was read of it. */
export function takeMemory(scope: Scope, hostId: string, ledger: Entry<HostPlacement> | undefined, memoryMiB: number, instanceIds: string[]): Change {
  const taken = Object.fromEntries(instanceIds.map((id) => [id, memoryMiB]));
  return hostPlacements.put(hostPlacements.key(scope, hostId), { memoryMiB: { ...ledger?.value.memoryMiB, ...taken } }, ledger?.revision ?? 0);
}

/** Gives an instance's memory back. */
export async function freeMemory(env: Env, scope: Scope, hostId: string, instanceId: string): Promise<void> {
  await hostPlacements.update(env.store, hostPlacements.key(scope, hostId), ({ memoryMiB }) => {
    if (!(instanceId in memoryMiB)) return undefined;
    return { memoryMiB: omit(memoryMiB, instanceId) };
  });
}
