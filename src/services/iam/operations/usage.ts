import type { RequestContext } from '../../../control/service.ts';
import { globally, type Group, groups, type Role, roles, type User, users } from '../records.ts';
import type { Usage } from './shapes.ts';

/** Who uses which managed policy, counted from those who do: nothing is kept twice. */

export interface Identities { users: User[]; groups: Group[]; roles: Role[] }

export async function identities(context: RequestContext): Promise<Identities> {
  const scope = globally(context);
  const [u, g, r] = await Promise.all([users.list(context.store, scope), groups.list(context.store, scope), roles.list(context.store, scope)]);
  return { users: u.map(({ value }) => value), groups: g.map(({ value }) => value), roles: r.map(({ value }) => value) };
}

/** By the policy's ARN. */
export function usageOf(all: Identities): (arn: string) => Usage {
  const usage = new Map<string, Usage>();
  const count = (arn: string, what: keyof Usage) => {
    const found = usage.get(arn) ?? { attached: 0, bounding: 0 };
    usage.set(arn, { ...found, [what]: found[what] + 1 });
  };
  for (const identity of [...all.users, ...all.groups, ...all.roles]) for (const arn of identity.attachedPolicies) count(arn, 'attached');
  for (const { permissionsBoundary } of [...all.users, ...all.roles]) if (permissionsBoundary !== undefined) count(permissionsBoundary, 'bounding');
  return (arn) => usage.get(arn) ?? { attached: 0, bounding: 0 };
}
