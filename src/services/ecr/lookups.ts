import type { Change, Entry } from '../../store/store.ts';
import type { Env, Scope } from '../../control/service.ts';
import { repositoryNotFound } from './errors.ts';
import { repositories } from './records.ts';
import type { Repository } from './records.ts';

export async function requireRepository(env: Env, scope: Scope, name: string, registryId = scope.account): Promise<Entry<Repository>> {
  const entry = registryId === scope.account ? await repositories.get(env.store, scope, name) : undefined;
  if (!entry) throw repositoryNotFound(registryId, name);
  return entry;
}

/** Reads, decides and commits, again and again until no one else wrote in between. `attempt` throws what the caller is told. */
export async function transact<T>(env: Env, attempt: () => Promise<{ changes: Change[]; result: T }>): Promise<T> {
  for (;;) {
    const { changes, result } = await attempt();
    if (!changes.length || (await env.store.commit(changes)).ok) return result;
  }
}
