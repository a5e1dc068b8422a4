import type { Context } from './context.ts';
import type { CompiledPolicy } from './evaluate.ts';
import type { Principals } from './grammar.ts';

/** Who asks a resource's policy (a role's trust policy): a service, who a provider of identities vouches for, or a principal of an account. */
export interface Caller {
  /** `ec2.amazonaws.com` */
  service?: string;
  /** The provider's ARN. */
  federated?: string;
  account?: string;
  /** The principal's own ARN and that of the user or role behind it. */
  arns?: string[];
}

/**
 * `direct`: the policy names the caller, which suffices within an account. `account`: it trusts the account, which leaves it to the
 * caller's own policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export type Trust = 'direct' | 'account' | 'explicitDeny' | 'none';

export function evaluateTrust(policy: CompiledPolicy, caller: Caller, action: string, context: Context): Trust {
  let trust: Trust = 'none';
  for (const statement of policy.statements) {
    const match = statement.notPrincipals
      ? (matchOf(statement.notPrincipals, caller) === 'none' ? 'direct' : 'none')
      : matchOf(statement.principals ?? {}, caller);
    if (match === 'none' || !statement.applies({ action, resource: '*', context })) continue;
    if (statement.effect === 'Deny') return 'explicitDeny';
    if (trust !== 'direct') trust = match;
  }
  return trust;
}

function matchOf(principals: Principals, { service, federated, account, arns = [] }: Caller): 'direct' | 'account' | 'none' {
  if (service !== undefined) return principals.Service?.includes(service) ? 'direct' : 'none';
  if (federated !== undefined) return principals.Federated?.includes(federated) ? 'direct' : 'none';
  const named = principals.AWS ?? [];
  if (named.includes('*') || arns.some((arn) => named.includes(arn))) return 'direct';
  return account !== undefined && (named.includes(account) || named.includes(`arn:aws:iam::${account}:root`)) ? 'account' : 'none';
}
