import type { Env } from './service.ts';
import type { Change } from '../store/store.ts';

/**
 * Plans from what is stored and commits all of it or nothing; when another writer came between, plans again from what is there then.
 * A plan that throws stores nothing.
 */
export async function transact<T>(env: Pick<Env, 'store'>, plan: () => Promise<{ changes: Change[]; result: T }>): Promise<T> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { changes, result } = await plan();
    if (!changes.length) return result;
    const commit = await env.store.commit(changes);
    if (commit.ok) return result;
  }
  throw new Error('100 commits in a row lost to other writers');
}
