import { createHash } from 'node:crypto';
import type { RequestContext } from '../../control/service.ts';
import { transact } from '../../control/transact.ts';
import type { Change } from '../../store/store.ts';
import { idempotentParameterMismatch } from './errors.ts';
import { clientTokens } from './records.ts';

/** https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html */
const HOLDS_SECONDS = 24 * 60 * 60;

interface Plan<T> {
  changes: Change[];
  result: T;
}

/**
 * Makes what `plan` says once for the request's ClientToken, if it has one; asked again, `earlier` finds it, and what is gone by then is
 * made anew. Errors: IdempotentParameterMismatch.
 */
export async function createOnce<T extends { id: string }>(
  context: RequestContext, operation: string, input: { ClientToken?: string | undefined }, earlier: (id: string) => Promise<T | undefined>, plan: () => Promise<Plan<T>>,
): Promise<T> {
  const token = input.ClientToken;
  if (!token) return transact(context, plan);
  const key = clientTokens.key(context, operation, token);
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  return transact(context, async () => {
    const use = await clientTokens.at(context.store, key);
    if (use && use.value.fingerprint !== fingerprint) throw idempotentParameterMismatch();
    const made = use && await earlier(use.value.ids[0] ?? '');
    if (made) return { changes: [], result: made };
    const { changes, result } = await plan();
    const lease = await context.store.grantLease(HOLDS_SECONDS);
    return { changes: [...changes, { put: key, value: { fingerprint, ids: [result.id] }, expect: use?.revision ?? 0, lease }], result };
  });
}
