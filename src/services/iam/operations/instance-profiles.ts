import type { RequestContext } from '../../../control/service.ts';
import { roleArn } from '../arns.ts';
import { deleteConflict, entityAlreadyExists, noSuchEntity, quotaExceeded } from '../errors.ts';
import { uniqueId, toSeconds } from '../ids.ts';
import { findRole, instanceProfileNamed, roleNamed } from '../lookups.ts';
import { globally, type InstanceProfile, instanceProfiles, nameKey, roles } from '../records.ts';
import { checkName, checkPath, type Family, page, type Paging, tagsFrom, transact } from './common.ts';
import { refuseLinked } from './linked.ts';
import { instanceProfileShape } from './shapes.ts';
import { newInstanceProfile, onInstanceProfile, onInstanceProfiles, onRole } from './targets.ts';

async function shapeOf(context: RequestContext, profile: InstanceProfile) {
  const role = profile.roleName === undefined ? undefined : await findRole(context, context, profile.roleName);
  return instanceProfileShape(context.account, profile, role?.value);
}

async function listed(context: RequestContext, profiles: InstanceProfile[], input: Paging) {
  const { items, ...rest } = page(profiles, input, ({ name }) => name);
  return { InstanceProfiles: await Promise.all(items.map((profile) => shapeOf(context, profile))), ...rest };
}

const allProfiles = async (context: RequestContext) => (await instanceProfiles.list(context.store, globally(context))).map(({ value }) => value);

export const instanceProfileOperations = {
  CreateInstanceProfile: {
    ...newInstanceProfile,
    async run(input, context) {
      const name = checkName(input.InstanceProfileName, 'instanceProfileName', 128);
      const scope = globally(context);
      const profile: InstanceProfile = { name, id: uniqueId(context, 'AIPA'), path: checkPath(input.Path), createdAt: toSeconds(context.now()), tags: tagsFrom(input.Tags) };
      return transact(context, async () => {
        if (await instanceProfiles.get(context.store, scope, nameKey(name))) throw entityAlreadyExists(`Instance Profile ${name} already exists.`);
        return { changes: [instanceProfiles.put(instanceProfiles.key(scope, nameKey(name)), profile, 0)], result: { InstanceProfile: instanceProfileShape(context.account, profile, undefined) } };
      });
    },
  },

  GetInstanceProfile: {
    ...onInstanceProfile,
    run: async (input, context) => ({ InstanceProfile: await shapeOf(context, (await instanceProfileNamed(context, context, input.InstanceProfileName ?? '')).value) }),
  },

  ListInstanceProfiles: {
    ...onInstanceProfiles,
    run: async (input, context) => listed(context, (await allProfiles(context)).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/')), input),
  },

  ListInstanceProfilesForRole: {
    ...onRole,
    async run(input, context) {
      const { value: role } = await roleNamed(context, context, input.RoleName ?? '');
      return listed(context, (await allProfiles(context)).filter(({ roleName }) => roleName === role.name), input);
    },
  },

  /** Whoever gives instances a role must be allowed to pass it to EC2. */
  AddRoleToInstanceProfile: {
    ...onInstanceProfile,
    run: (input, context) => transact(context, async () => {
      const profile = await instanceProfileNamed(context, context, input.InstanceProfileName ?? '');
      const role = await roleNamed(context, context, input.RoleName ?? '');
      refuseLinked(role.value);
      await context.authorize('iam:PassRole', [roleArn(context.account, role.value)], { 'iam:PassedToService': 'ec2.amazonaws.com' });
      if (profile.value.roleName !== undefined) throw quotaExceeded('InstanceSessionsPerInstanceProfile', 1);
      return {
        changes: [instanceProfiles.put(profile.key, { ...profile.value, roleName: role.value.name }, profile.revision), roles.put(role.key, role.value, role.revision)],
        result: {},
      };
    }),
  },

  RemoveRoleFromInstanceProfile: {
    ...onInstanceProfile,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await instanceProfileNamed(context, context, input.InstanceProfileName ?? '');
      const { roleName, ...rest } = value;
      if (roleName !== input.RoleName) throw noSuchEntity(`The role with name ${input.RoleName} cannot be found.`);
      return { changes: [instanceProfiles.put(key, rest, revision)], result: {} };
    }),
  },

  DeleteInstanceProfile: {
    ...onInstanceProfile,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await instanceProfileNamed(context, context, input.InstanceProfileName ?? '');
      if (value.roleName !== undefined) throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
      return { changes: [{ delete: key, expect: revision }], result: {} };
    }),
  },
} satisfies Family;
