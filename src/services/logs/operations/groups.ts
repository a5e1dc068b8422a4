import { groupExists, invalidParameter, notMatching, validation } from '../errors.ts';
import { type Group, groupArn, groups } from '../records.ts';
import { storageOf } from '../storage-of.ts';
import { changeGroup, checkGroupName, checkLimit, deleteGroup, type Family, fromToken, groupNameOf, nameInArn, onAllGroups, onGroup, toToken } from './common.ts';
import { checkTags, tagKeys } from './tags.ts';
import type { RequestContext } from '../../../control/service.ts';

const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const CLASSES = ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'] as const;
const MOST_GROUPS = 50;

interface Listing {
  logGroupNamePrefix?: string | undefined;
  logGroupNamePattern?: string | undefined;
  logGroupClass?: string | undefined;
  logGroupIdentifiers?: string[] | undefined;
  nextToken?: string | undefined;
  limit?: number | undefined;
}

/** A page of groups by name. A pattern is found anywhere in a name, whatever its case. */
async function listed(context: RequestContext, input: Listing, most: number): Promise<{ page: Group[]; nextToken?: string }> {
  if (input.logGroupNamePrefix !== undefined && input.logGroupNamePattern !== undefined) {
    throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  const limit = checkLimit(input.limit, most);
  const last = fromToken(input.nextToken) as string | undefined;
  const identifiers = input.logGroupIdentifiers?.map((identifier) => nameInArn(identifier) ?? identifier);
  const pattern = input.logGroupNamePattern?.toLowerCase() ?? '';
  const all = (await groups.list(context.store, context)).map(({ value }) => value)
    .filter(({ name, class: itsClass }) => name.startsWith(input.logGroupNamePrefix ?? '') && name.toLowerCase().includes(pattern) &&
      (input.logGroupClass === undefined || itsClass === input.logGroupClass) && (!identifiers?.length || identifiers.includes(name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => last === undefined || name > last);
  const page = all.slice(0, limit);
  return { page, ...(all.length > limit ? { nextToken: toToken(page.at(-1)!.name) } : {}) };
}

export const groupOperations = {
  CreateLogGroup: {
    ...onGroup,
    conditions: (input) => tagKeys(input.tags),
    async run(input, context) {
      const name = checkGroupName(input.logGroupName);
      if (input.kmsKeyId !== undefined) throw invalidParameter(`The specified KMS key does not exist or is not allowed to be used with LogGroup '${groupArn(context, name)}'`);
      const itsClass = CLASSES.find((one) => one === (input.logGroupClass ?? 'STANDARD'));
      if (!itsClass) throw notMatching(input.logGroupClass, 'logGroupClass', `Member must satisfy enum value set: [${CLASSES.join(', ')}]`);
      const group: Group = {
        name, id: context.randomHex(16), createdAt: context.now().getTime(), class: itsClass,
        deletionProtected: input.deletionProtectionEnabled ?? false, tags: checkTags(input.tags ?? {}),
      };
      const commit = await context.store.commit([groups.put(groups.key(context, name), group, 0)]);
      if (!commit.ok) throw groupExists();
      return {};
    },
  },

  DeleteLogGroup: {
    ...onGroup,
    async run(input, context) {
      const name = groupNameOf(input);
      await deleteGroup(context, name, (group) => {
        if (group.deletionProtected) throw validation(`The log group ${name} cannot be deleted because deletion protection is enabled.`);
      });
      return {};
    },
  },

  DescribeLogGroups: {
    ...onAllGroups,
    async run(input, context) {
      const { page, ...rest } = await listed(context, input, MOST_GROUPS);
      const storage = storageOf(context);
      return {
        logGroups: page.map((group) => ({
          logGroupName: group.name, creationTime: group.createdAt, metricFilterCount: 0, arn: `${groupArn(context, group.name)}:*`, logGroupArn: groupArn(context, group.name),
          storedBytes: storage.storedBytes(group.id), logGroupClass: group.class, deletionProtectionEnabled: group.deletionProtected,
          ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
        })),
        ...rest,
      };
    },
  },

  ListLogGroups: {
    ...onAllGroups,
    async run(input, context) {
      const { page, ...rest } = await listed(context, input, 1000);
      return { logGroups: page.map((group) => ({ logGroupName: group.name, logGroupArn: groupArn(context, group.name), logGroupClass: group.class })), ...rest };
    },
  },

  PutRetentionPolicy: {
    ...onGroup,
    async run(input, context) {
      const retentionDays = input.retentionInDays ?? 0;
      if (!RETENTION_DAYS.includes(retentionDays)) throw notMatching(retentionDays, 'retentionInDays', `Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`);
      await changeGroup(context, groupNameOf(input), (group) => ({ ...group, retentionDays }));
      return {};
    },
  },

  DeleteRetentionPolicy: {
    ...onGroup,
    async run(input, context) {
      await changeGroup(context, groupNameOf(input), (group) => {
        const { retentionDays: _, ...kept } = group;
        return kept;
      });
      return {};
    },
  },

  PutLogGroupDeletionProtection: {
    ...onGroup,
    async run(input, context) {
      await changeGroup(context, groupNameOf(input), (group) => ({ ...group, deletionProtected: input.deletionProtectionEnabled ?? false }));
      return {};
    },
  },
} satisfies Family;
