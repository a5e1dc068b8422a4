import { accessKeys, type AccessKey, globally, users } from '../records.ts';
import { noSuchEntity, notMatching, quotaExceeded } from '../errors.ts';
import { newAccessKeyId, newSecret, toSeconds } from '../ids.ts';
import { userNamed } from '../lookups.ts';
import type { RequestContext } from '../../../control/service.ts';
import { type Family, page, transact, userNameOf } from './common.ts';
import { onUser } from './targets.ts';

const MOST_KEYS = 2;

const keysOf = async (context: RequestContext, userName: string) =>
  (await accessKeys.list(context.store, globally(context))).filter(({ value }) => value.userName === userName);

/** The user's key; another user's key is as unknown as none. */
async function keyOf(context: RequestContext, userName: string, id: string | undefined) {
  await userNamed(context, context, userName);
  const entry = id === undefined ? undefined : await accessKeys.get(context.store, globally(context), id);
  if (entry?.value.userName !== userName) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  return entry;
}

const shape = (key: AccessKey) => ({ UserName: key.userName, AccessKeyId: key.id, Status: key.status, CreateDate: new Date(key.createdAt) });

export const accessKeyOperations = {
  CreateAccessKey: {
    ...onUser,
    run: (input, context) => transact(context, async () => {
      const user = await userNamed(context, context, userNameOf(input, context));
      if ((await keysOf(context, user.value.name)).length >= MOST_KEYS) throw quotaExceeded('AccessKeysPerUser', MOST_KEYS);
      const key: AccessKey = {
        id: newAccessKeyId(context, 'AKIA'), secret: newSecret(context), userName: user.value.name, status: 'Active', createdAt: toSeconds(context.now()),
      };
      return {
        changes: [accessKeys.put(accessKeys.key(globally(context), key.id), key, 0), users.put(user.key, user.value, user.revision)],
        result: { AccessKey: { ...shape(key), SecretAccessKey: key.secret } },
      };
    }),
  },

  ListAccessKeys: {
    ...onUser,
    async run(input, context) {
      const { value: user } = await userNamed(context, context, userNameOf(input, context));
      const { items, ...rest } = page((await keysOf(context, user.name)).map(({ value }) => value), input, ({ id }) => id);
      return { AccessKeyMetadata: items.map(shape), ...rest };
    },
  },

  UpdateAccessKey: {
    ...onUser,
    run: (input, context) => transact(context, async () => {
      const entry = await keyOf(context, userNameOf(input, context), input.AccessKeyId);
      if (input.Status !== 'Active' && input.Status !== 'Inactive') {
        throw notMatching(input.Status, 'status', 'Member must satisfy enum value set: [Active, Inactive]');
      }
      return { changes: [accessKeys.put(entry.key, { ...entry.value, status: input.Status }, entry.revision)], result: {} };
    }),
  },

  DeleteAccessKey: {
    ...onUser,
    run: (input, context) => transact(context, async () => {
      const entry = await keyOf(context, userNameOf(input, context), input.AccessKeyId);
      return { changes: [{ delete: entry.key, expect: entry.revision }], result: {} };
    }),
  },
} satisfies Family;
