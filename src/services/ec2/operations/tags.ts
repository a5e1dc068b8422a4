import type * as Sdk from '@aws-sdk/client-ec2';
import type { RequestContext } from '../../../control/service.ts';
import { invalidParameterValue, missingParameter, notFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kindOf, kinds } from '../kinds.ts';
import { page } from '../paging.ts';
import { securityGroups } from '../records.ts';
import type { SecurityGroup, Tags } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { fromTags } from '../tagging.ts';

const MAX_TAGS = 50;

/** Changes the tags of one resource; rules are inside of their groups, and every other kind has records of its own. */
async function retag(context: RequestContext, id: string, change: (tags: Tags) => Tags): Promise<void> {
  if (id.startsWith('sgr-')) return retagRule(context, id, change);
  const kind = kindOf(id);
  const { key } = await find(context, context, kind, id);
  await kind.records.update(context.store, key, (record) => ({ ...record, tags: limited(change(record.tags)) }));
}

async function retagRule(context: RequestContext, id: string, change: (tags: Tags) => Tags): Promise<void> {
  const group = (await securityGroups.list(context.store, context)).find(({ value }) => value.rules.some((rule) => rule.id === id));
  if (!group) throw notFound('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);
  await securityGroups.update(context.store, group.key, (value): SecurityGroup => ({ ...value, rules: value.rules.map((rule) => (rule.id === id ? { ...rule, tags: limited(change(rule.tags)) } : rule)) }));
}

function limited(tags: Tags): Tags {
  if (Object.keys(tags).filter((key) => !key.startsWith('aws:')).length > MAX_TAGS) throw notFound('TagLimitExceeded', `More than ${MAX_TAGS} tags specified`);
  return tags;
}

async function exists(context: RequestContext, ids: string[]): Promise<void> {
  for (const id of ids) if (!id.startsWith('sgr-')) await find(context, context, kindOf(id), id);
}

export const tagOperations = {
  CreateTags: async ({ Resources: ids = [], Tags: tags }, context) => {
    if (!tags?.length) throw missingParameter('tagSet');
    const added = fromTags(tags);
    await exists(context, ids);
    for (const id of ids) await retag(context, id, (current) => ({ ...current, ...added }));
    return {};
  },

  DeleteTags: async ({ Resources: ids = [], Tags: tags }, context) => {
    if (tags?.some(({ Key }) => Key?.startsWith('aws:'))) throw invalidParameterValue("Tag keys starting with 'aws:' are reserved for internal use");
    // A tag without a value goes whatever its value is; with one, only if it is that. Without tags all of the customer's go.
    const goes = (key: string, value: string) => (tags?.length ? tags.some((tag) => tag.Key === key && (tag.Value === undefined || tag.Value === value)) : !key.startsWith('aws:'));
    await exists(context, ids);
    for (const id of ids) await retag(context, id, (current) => Object.fromEntries(Object.entries(current).filter(([key, value]) => !goes(key, value))));
    return {};
  },

  DescribeTags: async (input, context) => {
    const all: Required<Pick<Sdk.TagDescription, 'Key' | 'Value' | 'ResourceId' | 'ResourceType'>>[] = [];
    const add = (id: string, type: string, tags: Tags) => {
      for (const [Key, Value] of Object.entries(tags)) all.push({ Key, Value, ResourceId: id, ResourceType: type as Sdk.ResourceType });
    };
    for (const { type, records } of Object.values(kinds)) {
      for (const { value } of await records.list(context.store, context)) add(value.id, type, value.tags);
    }
    for (const { value } of await securityGroups.list(context.store, context)) for (const rule of value.rules) add(rule.id, 'security-group-rule', rule.tags);
    const found = applyFilters(all, input.Filters, {
      key: ({ Key }) => Key, value: ({ Value }) => Value, 'resource-id': ({ ResourceId }) => ResourceId, 'resource-type': ({ ResourceType }) => ResourceType,
    }, ({ Key, Value }) => ({ [Key]: Value }));
    const order = ({ ResourceId, Key }: (typeof all)[number]) => `${ResourceId}/${Key}`;
    const { items, NextToken } = page(found.sort((a, b) => (order(a) < order(b) ? -1 : 1)), input, order);
    return { Tags: items, NextToken };
  },
} satisfies Ec2Operations;
