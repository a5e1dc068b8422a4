import type { Env, Scope } from '../../control/service.ts';
import { instanceProfileArn, nameIn, roleArn } from './arns.ts';
import { findInstanceProfile, findRole } from './lookups.ts';

/** What other services look up before they use a role or an instance profile. */

export interface RoleInfo {
  arn: string;
  /** AROA… */
  id: string;
  name: string;
}

/**
 * By name or ARN: to see that it exists. Whether the caller may pass it:
 * `context.authorize('iam:PassRole', [arn], { 'iam:PassedToService': … })`.
 */
export async function role(env: Env, scope: Scope, nameOrArn: string): Promise<RoleInfo | undefined> {
  const found = (await findRole(env, scope, nameIn(nameOrArn)))?.value;
  if (!found) return undefined;
  const arn = roleArn(scope.account, found);
  return nameOrArn.startsWith('arn:') && nameOrArn !== arn ? undefined : { arn, id: found.id, name: found.name };
}

export interface InstanceProfileInfo {
  arn: string;
  /** AIPA… */
  id: string;
  name: string;
  roleName?: string;
  roleArn?: string;
}

export async function instanceProfile(env: Env, scope: Scope, nameOrArn: string): Promise<InstanceProfileInfo | undefined> {
  const profile = (await findInstanceProfile(env, scope, nameIn(nameOrArn)))?.value;
  if (!profile) return undefined;
  const arn = instanceProfileArn(scope.account, profile);
  if (nameOrArn.startsWith('arn:') && nameOrArn !== arn) return undefined;
  const itsRole = profile.roleName === undefined ? undefined : await role(env, scope, profile.roleName);
  return { arn, id: profile.id, name: profile.name, ...(itsRole ? { roleName: itsRole.name, roleArn: itsRole.arn } : {}) };
}
