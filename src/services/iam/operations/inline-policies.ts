import type { RequestContext } from '../../../control/service.ts';
import { limitExceeded, malformedPolicyDocument, noSuchEntity } from '../errors.ts';
import { faultOfIdentityPolicy } from '../policy/validate.ts';
import type { Identity } from '../records.ts';
import { checkName, encoded, type Family, page, type Paging, transact } from './common.ts';
import { groupKind, type IdentityKind, roleKind, userKind } from './identity-kinds.ts';
import { onGroup, onRole, onUser } from './targets.ts';

/** Policies that are part of a user, group or role. */

type Named = { PolicyName?: string | undefined; PolicyDocument?: string | undefined };

function put<T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, { PolicyName, PolicyDocument: document = '' }: Named) {
  const policyName = checkName(PolicyName, 'policyName', 128);
  const fault = faultOfIdentityPolicy(document);
  if (fault) throw malformedPolicyDocument(fault);
  return transact(context, async () => {
    const { key, value, revision } = await kind.named(context, name);
    kind.mayChange(value);
    const inlinePolicies = { ...value.inlinePolicies, [policyName]: document };
    if (Object.values(inlinePolicies).join('').replace(/\s/g, '').length > kind.inlineQuota) {
      throw limitExceeded(`Maximum policy size of ${kind.inlineQuota} bytes exceeded for ${kind.noun} ${value.name}`);
    }
    return { changes: [kind.records.put(key, { ...value, inlinePolicies }, revision)], result: {} };
  });
}

const none = ({ noun }: { noun: string }, policyName: string) => noSuchEntity(`The ${noun} policy with name ${policyName} cannot be found.`);

async function get<T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, { PolicyName: policyName = '' }: Named) {
  const { value } = await kind.named(context, name);
  const document = value.inlinePolicies[policyName];
  if (document === undefined) throw none(kind, policyName);
  return { PolicyName: policyName, PolicyDocument: encoded(document) };
}

const remove = <T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, { PolicyName: policyName = '' }: Named) => transact(context, async () => {
  const { key, value, revision } = await kind.named(context, name);
  kind.mayChange(value);
  const { [policyName]: document, ...inlinePolicies } = value.inlinePolicies;
  if (document === undefined) throw none(kind, policyName);
  return { changes: [kind.records.put(key, { ...value, inlinePolicies }, revision)], result: {} };
});

async function list<T extends Identity>(kind: IdentityKind<T>, context: RequestContext, name: string | undefined, input: Paging) {
  const { value } = await kind.named(context, name);
  const { items, ...rest } = page(Object.keys(value.inlinePolicies).sort(), input, (policyName) => policyName);
  return { PolicyNames: items, ...rest };
}

export const inlinePolicyOperations = {
  PutUserPolicy: { ...onUser, run: (input, context) => put(userKind, context, input.UserName, input) },
  PutGroupPolicy: { ...onGroup, run: (input, context) => put(groupKind, context, input.GroupName, input) },
  PutRolePolicy: { ...onRole, run: (input, context) => put(roleKind, context, input.RoleName, input) },
  GetUserPolicy: { ...onUser, run: async (input, context) => ({ UserName: input.UserName, ...await get(userKind, context, input.UserName, input) }) },
  GetGroupPolicy: { ...onGroup, run: async (input, context) => ({ GroupName: input.GroupName, ...await get(groupKind, context, input.GroupName, input) }) },
  GetRolePolicy: { ...onRole, run: async (input, context) => ({ RoleName: input.RoleName, ...await get(roleKind, context, input.RoleName, input) }) },
  DeleteUserPolicy: { ...onUser, run: (input, context) => remove(userKind, context, input.UserName, input) },
  DeleteGroupPolicy: { ...onGroup, run: (input, context) => remove(groupKind, context, input.GroupName, input) },
  DeleteRolePolicy: { ...onRole, run: (input, context) => remove(roleKind, context, input.RoleName, input) },
  ListUserPolicies: { ...onUser, run: (input, context) => list(userKind, context, input.UserName, input) },
  ListGroupPolicies: { ...onGroup, run: (input, context) => list(groupKind, context, input.GroupName, input) },
  ListRolePolicies: { ...onRole, run: (input, context) => list(roleKind, context, input.RoleName, input) },
} satisfies Family;
