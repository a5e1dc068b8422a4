import type { RequestContext } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { noSuchEntity, validationError } from '../errors.ts';
import { findPolicy, roleNamed, userNamed } from '../lookups.ts';
import { awsManagedPolicies } from '../managed/index.ts';
import { policies, roles, users } from '../records.ts';
import { type Family, transact } from './common.ts';
import { refuseLinked } from './linked.ts';
import { onRole, onUser } from './targets.ts';

/** Permissions boundaries: a managed policy beyond which no permission of a user or role reaches. */

/** That the policy exists, and the change that keeps it from being deleted meanwhile (see `records.ts`). */
export async function boundaryCheck(context: RequestContext, arn: string | undefined): Promise<Change[]> {
  if (arn === undefined || awsManagedPolicies.has(arn)) return [];
  if (!/^arn:aws:iam::(aws|\d{12}):policy\//.test(arn)) throw validationError(`Value (${arn}) for parameter PermissionsBoundary is invalid.`);
  const policy = await findPolicy(context, context, arn);
  if (!policy) throw noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
  return [policies.put(policy.key, policy.value, policy.revision)];
}

async function setUserBoundary(context: RequestContext, name: string | undefined, arn: string | undefined) {
  return transact(context, async () => {
    const { key, value, revision } = await userNamed(context, context, name ?? '');
    const { permissionsBoundary: _, ...rest } = value;
    return { changes: [users.put(key, arn === undefined ? rest : { ...rest, permissionsBoundary: arn }, revision), ...await boundaryCheck(context, arn)], result: {} };
  });
}

async function setRoleBoundary(context: RequestContext, name: string | undefined, arn: string | undefined) {
  return transact(context, async () => {
    const { key, value, revision } = await roleNamed(context, context, name ?? '');
    refuseLinked(value);
    const { permissionsBoundary: _, ...rest } = value;
    return { changes: [roles.put(key, arn === undefined ? rest : { ...rest, permissionsBoundary: arn }, revision), ...await boundaryCheck(context, arn)], result: {} };
  });
}

export const boundaryOperations = {
  PutUserPermissionsBoundary: { ...onUser, run: (input, context) => setUserBoundary(context, input.UserName, input.PermissionsBoundary) },
  DeleteUserPermissionsBoundary: { ...onUser, run: (input, context) => setUserBoundary(context, input.UserName, undefined) },
  PutRolePermissionsBoundary: { ...onRole, run: (input, context) => setRoleBoundary(context, input.RoleName, input.PermissionsBoundary) },
  DeleteRolePermissionsBoundary: { ...onRole, run: (input, context) => setRoleBoundary(context, input.RoleName, undefined) },
} satisfies Family;
