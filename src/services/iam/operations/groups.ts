import type { RequestContext } from '../../../control/service.ts';
import { deleteConflict, entityAlreadyExists, quotaExceeded } from '../errors.ts';
import { uniqueId, toSeconds } from '../ids.ts';
import { groupNamed, userNamed } from '../lookups.ts';
import { type Group, globally, groups, nameKey, users } from '../records.ts';
import { checkName, checkPath, type Family, page, transact, userNameOf } from './common.ts';
import { groupShape, userShape } from './shapes.ts';
import { newGroup, onGroup, onGroups, onUser } from './targets.ts';

const MOST_GROUPS_OF_USER = 10;

const membersOf = async (context: RequestContext, group: string) =>
  (await users.list(context.store, globally(context))).filter(({ value }) => value.groups.includes(group));

export const groupOperations = {
  CreateGroup: {
    ...newGroup,
    async run(input, context) {
      const name = checkName(input.GroupName, 'groupName', 128);
      const scope = globally(context);
      const group: Group = {
        name, id: uniqueId(context, 'AGPA'), path: checkPath(input.Path), createdAt: toSeconds(context.now()), attachedPolicies: [], inlinePolicies: {},
      };
      return transact(context, async () => {
        if (await groups.get(context.store, scope, nameKey(name))) throw entityAlreadyExists(`Group with name ${name} already exists.`);
        return { changes: [groups.put(groups.key(scope, nameKey(name)), group, 0)], result: { Group: groupShape(context.account, group) } };
      });
    },
  },

  GetGroup: {
    ...onGroup,
    async run(input, context) {
      const { value: group } = await groupNamed(context, context, input.GroupName ?? '');
      const members = (await membersOf(context, group.name)).map(({ value }) => value);
      const { items, ...rest } = page(members, input, ({ name }) => name);
      return { Group: groupShape(context.account, group), Users: items.map((user) => userShape(context.account, user)), ...rest };
    },
  },

  ListGroups: {
    ...onGroups,
    async run(input, context) {
      const all = (await groups.list(context.store, globally(context))).map(({ value }) => value).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, ...rest } = page(all, input, ({ name }) => name);
      return { Groups: items.map((group) => groupShape(context.account, group)), ...rest };
    },
  },

  ListGroupsForUser: {
    ...onUser,
    async run(input, context) {
      const { value: user } = await userNamed(context, context, userNameOf(input, context));
      const found = await Promise.all(user.groups.map(async (name) => (await groupNamed(context, context, name)).value));
      const { items, ...rest } = page(found, input, ({ name }) => name);
      return { Groups: items.map((group) => groupShape(context.account, group)), ...rest };
    },
  },

  /** Renaming is written to the members as well. */
  UpdateGroup: {
    ...onGroup,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await groupNamed(context, context, input.GroupName ?? '');
      const name = input.NewGroupName === undefined ? value.name : checkName(input.NewGroupName, 'newGroupName', 128);
      const next = { ...value, name, path: input.NewPath === undefined ? value.path : checkPath(input.NewPath) };
      const nextKey = groups.key(globally(context), nameKey(name));
      if (nextKey !== key && (await groups.at(context.store, nextKey))) throw entityAlreadyExists(`Group with name ${name} already exists.`);
      const members = name === value.name ? [] : await membersOf(context, value.name);
      const moved = nextKey === key ? [groups.put(key, next, revision)] : [{ delete: key, expect: revision }, groups.put(nextKey, next, 0)];
      const renamed = members.map((entry) => users.put(entry.key, { ...entry.value, groups: entry.value.groups.map((group) => (group === value.name ? name : group)) }, entry.revision));
      return { changes: [...moved, ...renamed], result: {} };
    }),
  },

  DeleteGroup: {
    ...onGroup,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await groupNamed(context, context, input.GroupName ?? '');
      if ((await membersOf(context, value.name)).length) throw deleteConflict('Cannot delete entity, must remove users from group first.');
      if (value.attachedPolicies.length) throw deleteConflict('Cannot delete entity, must detach all policies first.');
      if (Object.keys(value.inlinePolicies).length) throw deleteConflict('Cannot delete entity, must delete policies first.');
      return { changes: [{ delete: key, expect: revision }], result: {} };
    }),
  },

  AddUserToGroup: {
    ...onGroup,
    run: (input, context) => transact(context, async () => {
      const group = await groupNamed(context, context, input.GroupName ?? '');
      const user = await userNamed(context, context, input.UserName ?? '');
      if (user.value.groups.includes(group.value.name)) return { changes: [], result: {} };
      if (user.value.groups.length >= MOST_GROUPS_OF_USER) throw quotaExceeded('GroupsPerUser', MOST_GROUPS_OF_USER);
      return {
        changes: [users.put(user.key, { ...user.value, groups: [...user.value.groups, group.value.name] }, user.revision), groups.put(group.key, group.value, group.revision)],
        result: {},
      };
    }),
  },

  RemoveUserFromGroup: {
    ...onGroup,
    run: (input, context) => transact(context, async () => {
      const { value: group } = await groupNamed(context, context, input.GroupName ?? '');
      const { key, value, revision } = await userNamed(context, context, input.UserName ?? '');
      return { changes: [users.put(key, { ...value, groups: value.groups.filter((name) => name !== group.name) }, revision)], result: {} };
    }),
  },
} satisfies Family;
