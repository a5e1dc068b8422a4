import type { DesiredKinds, ObservedKind, ObservedKinds } from '../wire/host.ts';
import type { Installation } from '../wire/installation.ts';

/** What is wished of this machine: the agent's cached copy, whole at every call. */
export type Desired = { readonly [K in keyof DesiredKinds]: ReadonlyMap<string, DesiredKinds[K]> };

/** What a part of the host agent is given. */
export interface Host {
  installation: Installation;
  id: string;
  /** `<stateDir>/host`: what outlives the agent. Sockets and process ids go to `runDir`, which a reboot empties. */
  stateDir: string;
  runDir: string;
  /** Says what was seen; `null` once nothing of the thing is left. Kept, sent in batches, sent again after a lost connection. */
  report<K extends ObservedKind>(kind: K, id: string, value: ObservedKinds[K] | null): void;
  log(message: string, fields?: Record<string, unknown>): void;
}

/**
 * A part of the agent of one machine: network, instances, balancers, names, metadata. Level-triggered: it reads the wish and the
 * world and moves the world. Everything it makes carries the installation's name, outlives the agent, and is found again.
 */
export interface Part {
  name: string;
  /** One pass over everything. Called when the wish changed, when `wake` was called, and every 10 s. One pass at a time. */
  reconcile(desired: Desired): Promise<void>;
}

export type MakePart = (host: Host, wake: () => void) => Part;

/** Takes away all that a part ever made for an installation, whoever made it. Must succeed on nothing, and when run again. */
export type Teardown = (installation: Pick<Installation, 'name' | 'stateDir'>) => Promise<void>;
