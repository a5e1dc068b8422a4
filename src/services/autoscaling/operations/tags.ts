import type * as Sdk from '@aws-sdk/client-auto-scaling';
import type { RequestContext } from '../../../control/service.ts';
import { validation } from '../errors.ts';
import { findGroup, page } from '../find.ts';
import { groups } from '../records.ts';
import type { GroupTag } from '../records.ts';
import { groupTags } from '../settings.ts';
import { tagShape } from '../shapes.ts';
import type { AutoScalingOperations } from '../table.ts';
import { wildcardless } from './filters.ts';

async function retag(context: RequestContext, given: Sdk.Tag[], change: (tags: GroupTag[], wanted: GroupTag[]) => GroupTag[]): Promise<void> {
  const byGroup = Map.groupBy(given, ({ ResourceId }) => ResourceId ?? '');
  for (const { ResourceType } of given) if (ResourceType !== undefined && ResourceType !== 'auto-scaling-group') throw validation(`ResourceType ${ResourceType} is not valid: auto-scaling-group.`);
  for (const [name, tags] of byGroup) {
    const { key } = await findGroup(context, context, name);
    const wanted = groupTags(tags);
    await groups.update(context.store, key, (group) => ({ ...group, tags: change(group.tags, wanted) }));
  }
}

const without = (tags: GroupTag[], others: GroupTag[]) => tags.filter(({ key }) => !others.some((other) => other.key === key));

export const tagOperations = {
  CreateOrUpdateTags: async ({ Tags: given = [] }, context) => {
    await retag(context, given, (tags, wanted) => [...without(tags, wanted), ...wanted]);
    return {};
  },

  DeleteTags: async ({ Tags: given = [] }, context) => {
    await retag(context, given, without);
    return {};
  },

  DescribeTags: async (input, context) => {
    const all = (await groups.list(context.store, context)).flatMap(({ value }) => value.tags.map((tag) => tagShape(value.name, tag)));
    const { items, NextToken } = page(all.filter((tag) => (input.Filters ?? []).every((filter) => wildcardless(filter, fieldOf(filter.Name ?? '', tag)))), input, ({ ResourceId, Key }) => `${ResourceId}/${Key}`);
    return { Tags: items, NextToken };
  },
} satisfies AutoScalingOperations;

function fieldOf(name: string, tag: Sdk.TagDescription): string[] {
  switch (name) {
    case 'auto-scaling-group': return [tag.ResourceId ?? ''];
    case 'key': return [tag.Key ?? ''];
    case 'value': return [tag.Value ?? ''];
    case 'propagate-at-launch': return [String(tag.PropagateAtLaunch)];
    default: throw validation(`Filter type ${name} is not correct. Allowed Filter types are: auto-scaling-group key value propagate-at-launch`);
  }
}
