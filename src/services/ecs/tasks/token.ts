import { createHash } from 'node:crypto';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { conflict } from '../errors.ts';
import { clientTokens, tasks, type Task, type TokenUse } from '../records.ts';
import type { Launched } from './request.ts';

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html */
const HOLDS_SECONDS = 24 * 60 * 60;

/** Another request with the token was quicker. */
class Raced extends Error {}

type Run = (also: (launched: Task[]) => Promise<Change[]>) => Promise<Launched>;

/**
 * Runs tasks once for a ClientToken: the token is stored in the commit that stores the tasks, and goes with its lease a day later.
 * Errors: ConflictException.
 */
export async function once(env: Env, scope: Scope, cluster: string, token: string | undefined, input: object, run: Run): Promise<Launched> {
  if (!token) return run(async () => []);
  const key = clientTokens.key(scope, cluster, token);
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  const used = await clientTokens.at(env.store, key);
  if (used) {
    if (used.value.fingerprint !== fingerprint) throw conflict(used.value.tasks);
    const found = await Promise.all(used.value.tasks.map((id) => tasks.get(env.store, scope, cluster, id)));
    return { tasks: found.flatMap((entry) => (entry ? [entry.value] : [])), failures: [], considered: 1 };
  }
  const lease = await env.store.grantLease(HOLDS_SECONDS);
  try {
    return await run(async (launched) => {
      if (await clientTokens.at(env.store, key)) throw new Raced();
      return [{ put: key, value: { fingerprint, tasks: launched.map((task) => task.id) } satisfies TokenUse, expect: 0, lease }];
    });
  } catch (error) {
    if (error instanceof Raced) return once(env, scope, cluster, token, input, run);
    throw error;
  }
}
