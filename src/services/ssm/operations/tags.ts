import type * as Sdk from '@aws-sdk/client-ssm';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { invalidResourceId, invalidResourceType, tooManyTags } from '../errors.ts';
import { arnOf } from '../names.ts';
import { parameters } from '../records.ts';
import { tagsOf } from '../write.ts';

interface Resource {
  ResourceType?: string | undefined;
  ResourceId?: string | undefined;
}

/** Parameters are the only resources of Systems Manager here. */
async function keyOf(context: RequestContext, { ResourceType: type, ResourceId: name = '' }: Resource): Promise<string> {
  if (type !== 'Parameter') throw invalidResourceType();
  const entry = await parameters.get(context.store, context, name);
  if (!entry) throw invalidResourceId();
  return entry.key;
}

const resources = ({ ResourceId: name = '' }: Resource, context: RequestContext) => [arnOf(context, name)];

export const tagOperations = {
  AddTagsToResource: {
    resources,
    run: async (input, context) => {
      const added = tagsOf(input.Tags);
      await parameters.update(context.store, await keyOf(context, input), (parameter) => {
        const tags = { ...parameter.tags, ...added };
        if (Object.keys(tags).length > 50) throw tooManyTags();
        return { ...parameter, tags };
      });
      return {};
    },
  },

  RemoveTagsFromResource: {
    resources,
    run: async (input, context) => {
      await parameters.update(context.store, await keyOf(context, input), (parameter) => ({ ...parameter, tags: Object.fromEntries(Object.entries(parameter.tags).filter(([key]) => !input.TagKeys?.includes(key))) }));
      return {};
    },
  },

  ListTagsForResource: {
    resources,
    run: async (input, context) => {
      const found = await parameters.at(context.store, await keyOf(context, input));
      return { TagList: Object.entries(found?.value.tags ?? {}).map(([Key, Value]) => ({ Key, Value })) };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
