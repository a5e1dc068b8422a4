import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { DesiredInstance, DesiredInterface, ObservedInstance } from '../../wire/host.ts';
import { removeNamespace } from '../network/index.ts';
import type { Host } from '../part.ts';
import { removeInstallationCgroup } from './cgroups.ts';
import { bootId, readState, removeFolder, writeState, type InstanceState } from './folder.ts';
import { clearInit, initPid, stopInit, type Place } from './init.ts';

/** What is wished of one instance. */
export interface Wish {
  instance: DesiredInstance;
  /** Those of its interfaces whose records have arrived. */
  interfaces: ReadonlyMap<string, DesiredInterface>;
}

/** Why an instance cannot be started, now or ever. */
export class NotStartable extends Error {}

export interface KeepContext {
  host: Host;
  place(id: string): Place;
  /** As it stands at the moment. */
  wish(id: string): Wish | undefined;
  /** False while something that it needs is not there yet. Throws `NotStartable` where trying again is of no use. */
  start(place: Place, wish: Wish): Promise<boolean>;
  /** Brings what can change in a running instance up to the wish. */
  refresh(id: string, pid: number, wish: Wish): Promise<void>;
  /** Told the process id of its init whenever it was looked at. */
  seen(id: string, pid: number | undefined): void;
}

/** How long the services of an instance may take to stop. */
const graceMs = 30_000;
const mostFailures = 3;
const notReadyMs = 1_000;

/** Looks at one instance and takes it one step on. Level-triggered: everything is read anew, from the wish and the world. */
export async function keepInstance(context: KeepContext, id: string): Promise<{ againInMs: number } | void> {
  const wish = context.wish(id);
  const place = context.place(id);
  const [state, pid] = await Promise.all([readState(place.folder), initPid(place)]);
  context.seen(id, pid);
  if (!wish) return remove(context, place, state);
  const { instance } = wish;
  if (pid !== undefined && state && (state.generation < instance.generation || instance.power === 'off')) return stop(context, place, state);
  if (pid !== undefined && state) {
    const started: InstanceState = state.phase === 'started' ? state : { ...state, phase: 'started', startedAt: state.startedAt ?? new Date().toISOString() };
    if (started !== state) await writeState(place.folder, started);
    context.host.report('instance', id, running(started, pid));
    return context.refresh(id, pid, wish);
  }
  const down = state?.phase === 'started' ? await ended(place, state) : state;
  if (instance.power === 'off') {
    return context.host.report('instance', id, { generation: instance.generation, state: 'stopped', ...(down?.reason && { reason: down.reason }) });
  }
  if (down && down.generation >= instance.generation && down.phase !== 'starting') {
    return context.host.report('instance', id, { generation: down.generation, state: 'stopped', reason: down.reason ?? internalError('it was stopped') });
  }
  return start(context, place, wish, down);
}

async function start(context: KeepContext, place: Place, wish: Wish, state: InstanceState | undefined): Promise<{ againInMs: number } | void> {
  const { generation } = wish.instance;
  context.host.report('instance', place.id, { generation, state: 'pending' });
  const failures = state?.generation === generation ? (state.failures ?? 0) : 0;
  const starting: InstanceState = { generation, phase: 'starting', bootId: bootId(), failures };
  await writeState(place.folder, starting);
  try {
    if (!(await context.start(place, wish))) return { againInMs: notReadyMs };
  } catch (error) {
    const final = error instanceof NotStartable || failures + 1 >= mostFailures;
    const reason = internalError(error instanceof Error ? error.message : String(error));
    await writeState(place.folder, { ...starting, failures: failures + 1, ...(final && { phase: 'failed', reason }) });
    throw error;
  }
  const started: InstanceState = { ...starting, phase: 'started', startedAt: new Date().toISOString() };
  await writeState(place.folder, started);
  const pid = await initPid(place);
  context.seen(place.id, pid);
  context.host.report('instance', place.id, running(started, pid));
}

/** For EC2 (StopInstances, RebootInstances): the services first, then what is left. */
async function stop({ host, wish, seen }: KeepContext, place: Place, state: InstanceState): Promise<{ againInMs: number }> {
  host.report('instance', place.id, { generation: state.generation, state: 'stopping' });
  // It is not waited for once it is to go altogether.
  await stopInit(place, graceMs, () => !wish(place.id));
  await clearInit(place);
  seen(place.id, undefined);
  await writeState(place.folder, { ...state, phase: 'stopped' });
  return { againInMs: 0 };
}

/** The machine is switched off: what runs now is started again when it is switched on, as after a reboot of the host. */
export async function powerOff(place: Place, withinMs: number): Promise<void> {
  const state = await readState(place.folder);
  if (!state || !['starting', 'started'].includes(state.phase) || (await initPid(place)) === undefined) return;
  // Said first: if we are killed on the way, its init's end must not look like one by itself, after which it would stay stopped.
  await writeState(place.folder, { ...state, phase: 'starting' });
  await stopInit(place, withinMs, () => false);
  await clearInit(place);
}

/** Its init has ended by itself. The host's own reboot, or a reboot from inside, leads to another start. */
async function ended(place: Place, state: InstanceState): Promise<InstanceState> {
  const asked = (await readFile(place.folder.shutdown, 'utf8').catch(() => '')).trim();
  await clearInit(place);
  const again = state.bootId !== bootId() || asked === 'reboot';
  const reason = asked === 'poweroff' ? 'Client.InstanceInitiatedShutdown: Instance initiated shutdown' : internalError('its init ended unexpectedly');
  const next: InstanceState = again ? { ...state, phase: 'starting' } : { ...state, phase: 'stopped', reason };
  await writeState(place.folder, next);
  return next;
}

/** The folder goes last: without it there is nothing more to take away, and nothing to tell. */
async function remove({ host, seen }: KeepContext, place: Place, state: InstanceState | undefined): Promise<void> {
  if (!existsSync(place.folder.path)) return;
  host.report('instance', place.id, { generation: state?.generation ?? 0, state: 'stopping' });
  await clearInit(place);
  seen(place.id, undefined);
  await removeNamespace(host.installation, place.id);
  await removeInstallationCgroup(host.installation.name);
  await removeFolder(place.folder);
  host.report('instance', place.id, null);
  host.report('console', place.id, null);
}

export const running = ({ generation, startedAt }: InstanceState, pid: number | undefined): ObservedInstance => ({
  generation,
  state: 'running',
  ...(startedAt && { startedAt }),
  ...(pid !== undefined && { pid }),
});

const internalError = (why: string) => `Server.InternalError: ${why}`;
