import type { RequestContext } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { nameIn } from '../arns.ts';
import { noSuchEntity, policyNotAttachable, quotaExceeded } from '../errors.ts';
import { findPolicy, policyWithArn } from '../lookups.ts';
import { awsManagedPolicies } from '../managed/index.ts';
import { type Identity, policies } from '../records.ts';
import { type Family, page, type Paging, transact } from './common.ts';
import { groupKind, type IdentityKind, roleKind, userKind } from './identity-kinds.ts';
import { onGroup, onRole, onUser } from './targets.ts';
import { identities } from './usage.ts';

/** Managed policies attached to users, groups and roles. Attaching twice is no error, detaching twice is one. */

/** That the policy may be attached, and the change that keeps it from being deleted meanwhile (see `records.ts`). */
async function attachable(context: RequestContext, arn: string): Promise<Change[]> {
  const aws = awsManagedPolicies.get(arn);
  if (aws?.path === '/aws-service-role/') throw policyNotAttachable('Cannot attach a Service Role Policy to a Customer Role.');
  if (aws) return [];
  const policy = await findPolicy(context, context, arn);
  if (!policy) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  return [policies.put(policy.key, policy.value, policy.revision)];
}

const attach = <T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, arn = '') => transact(context, async () => {
  const { key, value, revision } = await kind.named(context, name);
  kind.mayChange(value);
  const touched = await attachable(context, arn);
  if (value.attachedPolicies.includes(arn)) return { changes: [], result: {} };
  const [quota, most] = kind.attachmentQuota;
  if (value.attachedPolicies.length >= most) throw quotaExceeded(quota, most);
  return { changes: [kind.records.put(key, { ...value, attachedPolicies: [...value.attachedPolicies, arn] }, revision), ...touched], result: {} };
});

const detach = <T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, arn = '') => transact(context, async () => {
  const { key, value, revision } = await kind.named(context, name);
  kind.mayChange(value);
  if (!value.attachedPolicies.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
  return { changes: [kind.records.put(key, { ...value, attachedPolicies: value.attachedPolicies.filter((one) => one !== arn) }, revision)], result: {} };
});

type ListInput = Paging & { PathPrefix?: string | undefined };

async function list<T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, input: ListInput) {
  const { value } = await kind.named(context, name);
  const { items, ...rest } = page(value.attachedPolicies.filter((arn) => pathOf(arn).startsWith(input.PathPrefix ?? '/')), input, (arn) => arn);
  return { AttachedPolicies: items.map((arn) => ({ PolicyName: nameIn(arn), PolicyArn: arn })), ...rest };
}

const pathOf = (arn: string) => arn.slice(arn.indexOf('/'), arn.lastIndexOf('/') + 1);

export const attachmentOperations = {
  AttachUserPolicy: { ...onUser, run: (input, context) => attach(userKind, context, input.UserName, input.PolicyArn) },
  AttachGroupPolicy: { ...onGroup, run: (input, context) => attach(groupKind, context, input.GroupName, input.PolicyArn) },
  AttachRolePolicy: { ...onRole, run: (input, context) => attach(roleKind, context, input.RoleName, input.PolicyArn) },
  DetachUserPolicy: { ...onUser, run: (input, context) => detach(userKind, context, input.UserName, input.PolicyArn) },
  DetachGroupPolicy: { ...onGroup, run: (input, context) => detach(groupKind, context, input.GroupName, input.PolicyArn) },
  DetachRolePolicy: { ...onRole, run: (input, context) => detach(roleKind, context, input.RoleName, input.PolicyArn) },
  ListAttachedUserPolicies: { ...onUser, run: (input, context) => list(userKind, context, input.UserName, input) },
  ListAttachedGroupPolicies: { ...onGroup, run: (input, context) => list(groupKind, context, input.GroupName, input) },
  ListAttachedRolePolicies: { ...onRole, run: (input, context) => list(roleKind, context, input.RoleName, input) },

  ListEntitiesForPolicy: {
    resources: ({ PolicyArn = '*' }) => [PolicyArn],
    async run(input, context) {
      const arn = input.PolicyArn ?? '';
      if (!awsManagedPolicies.has(arn)) await policyWithArn(context, context, arn);
      const all = await identities(context);
      const wanted = (kind: 'User' | 'Group' | 'Role', identity: Identity & { permissionsBoundary?: string }) =>
        [undefined, kind, 'LocalManagedPolicy', 'AWSManagedPolicy'].includes(input.EntityFilter) && identity.path.startsWith(input.PathPrefix ?? '/') &&
        (input.PolicyUsageFilter === 'PermissionsBoundary' ? identity.permissionsBoundary === arn : identity.attachedPolicies.includes(arn));
      const found = [
        ...all.groups.filter((group) => wanted('Group', group)).map((identity) => ({ kind: 'group', identity })),
        ...all.users.filter((user) => wanted('User', user)).map((identity) => ({ kind: 'user', identity })),
        ...all.roles.filter((role) => wanted('Role', role)).map((identity) => ({ kind: 'role', identity })),
      ];
      const { items, ...rest } = page(found, input, ({ identity }) => identity.id);
      const of = (kind: string) => items.filter((item) => item.kind === kind).map(({ identity }) => identity);
      return {
        PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...rest,
      };
    },
  },
} satisfies Family;
