import type { RequestContext } from '../../../control/service.ts';
import { nameIn, roleArn, userArn } from '../arns.ts';
import { deleteConflict, entityAlreadyExists, malformedPolicyDocument, quotaExceeded } from '../errors.ts';
import { uniqueId, toSeconds } from '../ids.ts';
import { findRole, findUser, roleNamed } from '../lookups.ts';
import { parsePolicy } from '../policy/grammar.ts';
import { faultOfTrustPolicy } from '../policy/validate.ts';
import { globally, instanceProfiles, nameKey, type Role, roles } from '../records.ts';
import { boundaryCheck } from './boundaries.ts';
import { checkName, checkPath, type Family, page, tagsFrom, transact } from './common.ts';
import { refuseLinked } from './linked.ts';
import { roleDetail, roleShape } from './shapes.ts';
import { newRole, onRole, onRoles } from './targets.ts';

const MOST_TRUST_POLICY_CHARACTERS = 2048;
const DEFAULT_SESSION_SECONDS = 3600;

/** The document if it is in order and the account's principals that it names exist. */
async function checkTrust(context: RequestContext, document = ''): Promise<string> {
  const fault = faultOfTrustPolicy(document);
  if (fault) throw malformedPolicyDocument(fault);
  if (document.replace(/\s/g, '').length > MOST_TRUST_POLICY_CHARACTERS) throw quotaExceeded('ACLSizePerRole', MOST_TRUST_POLICY_CHARACTERS);
  for (const { principals, notPrincipals } of parsePolicy(document).statements) {
    for (const arn of [...(principals?.AWS ?? []), ...(notPrincipals?.AWS ?? [])]) {
      if (!(await principalExists(context, arn))) throw malformedPolicyDocument(`Invalid principal in policy: "AWS":"${arn}"`);
    }
  }
  return document;
}

/** Principals of other accounts cannot be looked up: they pass. */
async function principalExists(context: RequestContext, text: string): Promise<boolean> {
  if (text === '*' || /^\d{12}$/.test(text)) return true;
  const [, account, kind] = /^arn:aws:(?:iam|sts)::(\d{12}):(root$|user\/|role\/|assumed-role\/)/.exec(text) ?? [];
  if (!kind) return false;
  if (account !== context.account || kind === 'root' || kind === 'assumed-role/') return true;
  if (kind === 'user/') {
    const user = await findUser(context, context, nameIn(text));
    return user !== undefined && userArn(context.account, user.value) === text;
  }
  const role = await findRole(context, context, nameIn(text));
  return role !== undefined && roleArn(context.account, role.value) === text;
}

/** Reads, changes and writes one role; service-linked ones are refused. */
const changeRole = (context: RequestContext, name: string | undefined, change: (role: Role) => Role) => transact(context, async () => {
  const { key, value, revision } = await roleNamed(context, context, name ?? '');
  refuseLinked(value);
  const next = change(value);
  return { changes: [roles.put(key, next, revision)], result: next };
});

export const roleOperations = {
  CreateRole: {
    ...newRole,
    async run(input, context) {
      const name = checkName(input.RoleName, 'roleName');
      const scope = globally(context);
      const role: Role = {
        name, id: uniqueId(context, 'AROA'), path: checkPath(input.Path), createdAt: toSeconds(context.now()), attachedPolicies: [], inlinePolicies: {},
        trustPolicy: await checkTrust(context, input.AssumeRolePolicyDocument), maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS, tags: tagsFrom(input.Tags),
        ...(input.Description ? { description: input.Description } : {}),
        ...(input.PermissionsBoundary === undefined ? {} : { permissionsBoundary: input.PermissionsBoundary }),
      };
      return transact(context, async () => {
        if (await roles.get(context.store, scope, nameKey(name))) throw entityAlreadyExists(`Role with name ${name} already exists.`);
        const changes = [roles.put(roles.key(scope, nameKey(name)), role, 0), ...await boundaryCheck(context, input.PermissionsBoundary)];
        const { RoleLastUsed: _, ...shape } = roleDetail(context.account, role);
        return { changes, result: { Role: shape } };
      });
    },
  },

  GetRole: { ...onRole, run: async (input, context) => ({ Role: roleDetail(context.account, (await roleNamed(context, context, input.RoleName ?? '')).value) }) },

  ListRoles: {
    ...onRoles,
    async run(input, context) {
      const all = (await roles.list(context.store, globally(context))).map(({ value }) => value).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, ...rest } = page(all, input, ({ name }) => name);
      return { Roles: items.map((role) => roleShape(context.account, role)), ...rest };
    },
  },

  UpdateRole: {
    ...onRole,
    async run(input, context) {
      await changeRole(context, input.RoleName, (role) => ({
        ...role,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        maxSessionSeconds: input.MaxSessionDuration ?? role.maxSessionSeconds,
      }));
      return {};
    },
  },

  UpdateRoleDescription: {
    ...onRole,
    run: async (input, context) => ({
      Role: roleShape(context.account, await changeRole(context, input.RoleName, (role) => ({ ...role, description: input.Description ?? '' }))),
    }),
  },

  UpdateAssumeRolePolicy: {
    ...onRole,
    async run(input, context) {
      const trustPolicy = await checkTrust(context, input.PolicyDocument);
      await changeRole(context, input.RoleName, (role) => ({ ...role, trustPolicy }));
      return {};
    },
  },

  DeleteRole: {
    ...onRole,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await roleNamed(context, context, input.RoleName ?? '');
      refuseLinked(value);
      const profiles = await instanceProfiles.list(context.store, globally(context));
      if (profiles.some(({ value: { roleName } }) => roleName === value.name)) throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
      if (value.attachedPolicies.length) throw deleteConflict('Cannot delete entity, must detach all policies first.');
      if (Object.keys(value.inlinePolicies).length) throw deleteConflict('Cannot delete entity, must delete policies first.');
      return { changes: [{ delete: key, expect: revision }], result: {} };
    }),
  },
} satisfies Family;
