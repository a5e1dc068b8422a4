import { omit } from '../../control/omit.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Change } from '../../store/store.ts';
import { instanceTypes } from './catalogue/instance-types.ts';
import { incorrectInstanceState, insufficientInstanceCapacity } from './errors.ts';
import { find, kinds } from './kinds.ts';
import { networkInterfacesOf } from './lookups.ts';
import { publicPool } from './network/allocate.ts';
import { rooms, takeMemory } from './placement.ts';
import { instances, networkInterfaces } from './records.ts';
import type { Instance } from './records.ts';
import { transact } from '../../control/transact.ts';

export interface Transition {
  before: Instance;
  after: Instance;
}
export interface Reason {
  code: string;
  message: string;
}

export const userInitiated: Reason = { code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown' };

/** `User initiated (2026-01-01 00:00:00 GMT)` */
const byUser = (now: Date) => `User initiated (${now.toISOString().slice(0, 19).replace('T', ' ')} GMT)`;

/** The instance on its way out; undefined where it is already. */
export function terminating(instance: Instance, now: Date, reason: Reason): Instance | undefined {
  if (instance.state === 'shutting-down' || instance.state === 'terminated') return undefined;
  return { ...instance, state: 'shutting-down', stateReason: reason, stateTransitionReason: reason.code.startsWith('Client.User') ? byUser(now) : reason.message };
}

/** Undefined where it is stopping or stopped already. A terminated one: IncorrectInstanceState. */
export function stopping(instance: Instance, now: Date, reason: Reason): Instance | undefined {
  if (instance.state === 'shutting-down' || instance.state === 'terminated') throw incorrectInstanceState(instance.id, 'stopped');
  if (instance.state === 'stopping' || instance.state === 'stopped') return undefined;
  return { ...instance, state: 'stopping', stateReason: reason, stateTransitionReason: byUser(now) };
}

/** Undefined where it is up already. One that is on its way down must arrive first: IncorrectInstanceState. */
export function starting(instance: Instance, now: Date): Instance | undefined {
  if (instance.state === 'running' || instance.state === 'pending') return undefined;
  if (instance.state !== 'stopped') throw incorrectInstanceState(instance.id, 'started');
  return { ...omit(instance, 'stateReason'), state: 'pending', stateTransitionReason: '', generation: instance.generation + 1, launchTime: now.toISOString() };
}

/**
 * Wishes instances away; `shutting-down` at once, `terminated` once the host says that nothing is left. Those already going are left
 * as they are; those that are gone are left out. Ignores DisableApiTermination, as Auto Scaling does; the operation checks it.
 */
export async function terminateInstances(env: Env, scope: Scope, instanceIds: string[], reason: Reason = userInitiated): Promise<Transition[]> {
  const done = await Promise.all(instanceIds.map((id) => move(env, scope, id, (instance) => terminating(instance, env.now(), reason))));
  return done.filter((transition) => transition !== undefined);
}

export async function stopInstances(env: Env, scope: Scope, instanceIds: string[], reason: Reason = userInitiated): Promise<Transition[]> {
  for (const id of instanceIds) stopping((await find(env, scope, kinds.instance, id)).value, env.now(), reason);
  const done = await Promise.all(instanceIds.map((id) => move(env, scope, id, (instance) => stopping(instance, env.now(), reason))));
  return done.filter((transition) => transition !== undefined);
}

/** A reboot is a start more, of an instance that stays where and what it is. */
export async function rebootInstances(env: Env, scope: Scope, instanceIds: string[]): Promise<void> {
  for (const id of instanceIds) {
    await move(env, scope, id, (instance) => {
      if (instance.state !== 'running' && instance.state !== 'pending') throw incorrectInstanceState(id, 'rebooted');
      return { ...instance, generation: instance.generation + 1 };
    });
  }
}

async function move(env: Env, scope: Scope, id: string, step: (instance: Instance) => Instance | undefined): Promise<Transition | undefined> {
  let before: Instance | undefined;
  const after = await instances.update(env.store, instances.key(scope, id), (instance) => step((before = instance)));
  return before && after && { before, after };
}

/** On the host where its disk is; takes memory there and a public address anew, or fails with InsufficientInstanceCapacity. */
export async function startInstance(env: Env, scope: Scope, id: string): Promise<Transition> {
  return transact(env, async () => {
    const entry = await find(env, scope, kinds.instance, id);
    const before = entry.value;
    const after = starting(before, env.now());
    if (!after) return { changes: [], result: { before, after: before } };
    const memoryMiB = instanceTypes.get(before.instanceType)?.memoryMiB ?? 0;
    const room = (await rooms(env, scope)).find(({ host }) => host.id === before.hostId);
    if (!room || room.freeMiB < memoryMiB) throw insufficientInstanceCapacity(before.instanceType, before.zone, `Its host has ${Math.max(0, room?.freeMiB ?? 0)} MiB free.`);
    const changes: Change[] = [instances.put(entry.key, after, entry.revision), takeMemory(scope, before.hostId, room.ledger, memoryMiB, [id])];
    return { changes: [...changes, ...(await newPublicAddresses(env, scope, before))], result: { before, after } };
  });
}

async function newPublicAddresses(env: Env, scope: Scope, instance: Instance): Promise<Change[]> {
  const bare = (await networkInterfacesOf(env, scope, instance)).filter((one) => one.publicOnStart && !one.public);
  if (!bare.length) return [];
  const pool = await publicPool(env, scope);
  return bare.flatMap((one) => {
    const { address, change } = pool.take(one.id);
    return [change, networkInterfaces.put(networkInterfaces.key(scope, one.id), { ...one, public: { address } })];
  });
}
