import { isDeepStrictEqual } from 'node:util';
import { desire, desired } from '../../../control/hosts.ts';
import type { Env } from '../../../control/service.ts';
import type { DesiredKind, DesiredKinds } from '../../../wire/host.ts';
import type { Change } from '../../../store/store.ts';

/** The change that makes the wish so; none where it is so already, so that no host is woken for nothing. */
export async function wish<K extends DesiredKind>(env: Env, hostId: string, kind: K, id: string, value: DesiredKinds[K] | null): Promise<Change[]> {
  const current = await desired(env.store, hostId, kind, id);
  if (value === null ? current === undefined : same(current, value)) return [];
  return [desire(hostId, kind, id, value)];
}

/** As JSON: a member that is `undefined` is no member. */
const same = (stored: unknown, fresh: unknown) => stored !== undefined && isDeepStrictEqual(stored, JSON.parse(JSON.stringify(fresh)));

export async function commit(env: Env, changes: Change[]): Promise<void> {
  if (changes.length) await env.store.commit(changes);
}
