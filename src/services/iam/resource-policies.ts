import type { Env } from '../../control/service.ts';
import { type AccessRequest, principalFacts, timeFacts } from './decide.ts';
import { contextOf } from './policy/context.ts';
import { compilePolicy } from './policy/evaluate.ts';
import { evaluateTrust, type Trust } from './policy/trust.ts';

/**
 * What a resource's own policy (a repository's, say) says of a principal. The policy has no `Resource`: it is where it hangs. `direct`
 * suffices within an account unless another policy denies; `account` leaves it to the principal's own policies.
 */
export function askResourcePolicy(env: Env, policyText: string, { principal, action, context }: Omit<AccessRequest, 'resources'>): Trust {
  const facts = contextOf(timeFacts(env), principalFacts(principal), context);
  return evaluateTrust(compilePolicy(policyText), { account: principal.account, arns: [principal.arn, principal.identityArn] }, action, facts);
}
