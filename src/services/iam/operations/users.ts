import { userNamed } from '../lookups.ts';
import { deleteConflict, entityAlreadyExists } from '../errors.ts';
import { uniqueId, toSeconds } from '../ids.ts';
import { accessKeys, globally, nameKey, type User, users } from '../records.ts';
import { boundaryCheck } from './boundaries.ts';
import { checkName, checkPath, type Family, page, tagsFrom, transact, userNameOf } from './common.ts';
import { newUser, onUser, onUsers } from './targets.ts';
import { userDetail, userShape } from './shapes.ts';

export const userOperations = {
  CreateUser: {
    ...newUser,
    async run(input, context) {
      const name = checkName(input.UserName, 'userName');
      const scope = globally(context);
      const user: User = {
        name, id: uniqueId(context, 'AIDA'), path: checkPath(input.Path), createdAt: toSeconds(context.now()),
        attachedPolicies: [], inlinePolicies: {}, groups: [], tags: tagsFrom(input.Tags),
        ...(input.PermissionsBoundary === undefined ? {} : { permissionsBoundary: input.PermissionsBoundary }),
      };
      return transact(context, async () => {
        if (await users.get(context.store, scope, nameKey(name))) throw entityAlreadyExists(`User with name ${name} already exists.`);
        const changes = [users.put(users.key(scope, nameKey(name)), user, 0), ...await boundaryCheck(context, input.PermissionsBoundary)];
        return { changes, result: { User: userDetail(context.account, user) } };
      });
    },
  },

  GetUser: {
    ...onUser,
    run: async (input, context) => ({ User: userDetail(context.account, (await userNamed(context, context, userNameOf(input, context))).value) }),
  },

  ListUsers: {
    ...onUsers,
    async run(input, context) {
      const all = (await users.list(context.store, globally(context))).map(({ value }) => value).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, ...rest } = page(all, input, ({ name }) => name);
      return { Users: items.map((user) => userShape(context.account, user)), ...rest };
    },
  },

  /** Renaming takes the user's access keys along. */
  UpdateUser: {
    ...onUser,
    run: (input, context) => transact(context, async () => {
      const { value, key, revision } = await userNamed(context, context, input.UserName ?? '');
      const scope = globally(context);
      const name = input.NewUserName === undefined ? value.name : checkName(input.NewUserName, 'newUserName');
      const next = { ...value, name, path: input.NewPath === undefined ? value.path : checkPath(input.NewPath) };
      const nextKey = users.key(scope, nameKey(name));
      if (nextKey === key) return { changes: [users.put(key, next, revision)], result: {} };
      if (await users.at(context.store, nextKey)) throw entityAlreadyExists(`User with name ${name} already exists.`);
      const keys = (await accessKeys.list(context.store, scope)).filter((entry) => entry.value.userName === value.name);
      return {
        changes: [
          { delete: key, expect: revision }, users.put(nextKey, next, 0),
          ...keys.map((entry) => accessKeys.put(entry.key, { ...entry.value, userName: name }, entry.revision)),
        ],
        result: {},
      };
    }),
  },

  DeleteUser: {
    ...onUser,
    run: (input, context) => transact(context, async () => {
      const { value, key, revision } = await userNamed(context, context, input.UserName ?? '');
      if (value.groups.length) throw deleteConflict('Cannot delete entity, must remove users from group first.');
      if (value.attachedPolicies.length) throw deleteConflict('Cannot delete entity, must detach all policies first.');
      if (Object.keys(value.inlinePolicies).length) throw deleteConflict('Cannot delete entity, must delete policies first.');
      const keys = await accessKeys.list(context.store, globally(context));
      if (keys.some((entry) => entry.value.userName === value.name)) throw deleteConflict('Cannot delete entity, must delete access keys first.');
      return { changes: [{ delete: key, expect: revision }], result: {} };
    }),
  },
} satisfies Family;
