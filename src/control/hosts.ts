import type { Change, Store } from '../store/store.ts';
import type { DesiredKind, DesiredKinds, HostStatus, ObservedKind, ObservedKinds } from '../wire/host.ts';

/**
 * Records of the host wire. Services write what they want of a host and watch what its agent reports.
 *
 *   host/<hostId>                          HostRecord
 *   desired/<hostId>/<kind>/<id>           DesiredKinds[kind]
 *   observed/<kind>/<hostId>/<id>          ObservedKinds[kind]
 */
export interface HostRecord extends HostStatus {
  id: string;
  /** When its agent last spoke, ISO 8601. A host is lost after 40 s of silence (as a Kubernetes node is). */
  seenAt: string;
}

export const HOSTS = 'host/';
export const hostKey = (hostId: string) => `${HOSTS}${hostId}`;
export const desiredPrefix = (hostId: string) => `desired/${hostId}/`;
export const desiredKey = (hostId: string, kind: DesiredKind, id: string) => `desired/${hostId}/${kind}/${id}`;
export const observedPrefix = (kind: ObservedKind) => `observed/${kind}/`;
export const observedKey = (hostId: string, kind: ObservedKind, id: string) => `observed/${kind}/${hostId}/${id}`;

/** The id at the end of a desired or observed key. */
export const idOf = (key: string) => key.slice(key.lastIndexOf('/') + 1);

export async function hosts(store: Store): Promise<HostRecord[]> {
  return (await store.list(HOSTS)).entries.map((entry) => entry.value as HostRecord);
}

/** A change that wishes a thing on a host; `null` wishes it away. */
export function desire<K extends DesiredKind>(hostId: string, kind: K, id: string, value: DesiredKinds[K] | null): Change {
  const key = desiredKey(hostId, kind, id);
  return value === null ? { delete: key } : { put: key, value };
}

export async function desired<K extends DesiredKind>(store: Store, hostId: string, kind: K, id: string): Promise<DesiredKinds[K] | undefined> {
  return (await store.get(desiredKey(hostId, kind, id)))?.value as DesiredKinds[K] | undefined;
}

export async function observed<K extends ObservedKind>(store: Store, hostId: string, kind: K, id: string): Promise<ObservedKinds[K] | undefined> {
  return (await store.get(observedKey(hostId, kind, id)))?.value as ObservedKinds[K] | undefined;
}
