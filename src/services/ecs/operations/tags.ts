import type * as Sdk from '@aws-sdk/client-ecs';
import type { Collection } from '../../../control/collection.ts';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { parseArn } from '../arns.ts';
import { clusterNotFound, invalid, resourceNotFound, serviceNotFound } from '../errors.ts';
import { capacityProviders, clusters, containerInstances, services, taskDefinitionKey, taskDefinitions, tasks, type Tags } from '../records.ts';
import { limited, tagList, tagsOf } from '../tags.ts';

interface Tagged {
  records: Collection<{ tags: Tags; status?: string }>;
  key: string;
  missing: () => Error;
}

const COLLECTIONS: Record<string, { records: Collection<never>; missing: () => Error }> = {
  cluster: { records: clusters as Collection<never>, missing: clusterNotFound },
  service: { records: services as Collection<never>, missing: serviceNotFound },
  task: { records: tasks as Collection<never>, missing: () => invalid('The specified task is stopped. Specify a running task and try again.') },
  'container-instance': { records: containerInstances as Collection<never>, missing: () => invalid('The specified container instance is inactive. Specify an active container instance and try again.') },
  'task-definition': { records: taskDefinitions as Collection<never>, missing: () => invalid('The specified task definition is inactive. Specify an active task definition and try again.') },
  'capacity-provider': { records: capacityProviders as Collection<never>, missing: () => resourceNotFound('The specified capacity provider was not found.') },
};

/** What an ARN names. Errors: InvalidParameterException where nothing with tags has such an ARN. */
function find(context: RequestContext, arn: string | undefined): Tagged {
  const parsed = parseArn(arn ?? '');
  const found = parsed && COLLECTIONS[parsed.type];
  if (!parsed || !found || parsed.account !== context.account || parsed.region !== context.region) throw invalid('Invalid identifier: Identifier is not a valid ARN of a resource that can have tags.');
  const [family = '', revision = ''] = (parsed.parts[0] ?? '').split(':');
  const names = parsed.type === 'task-definition' ? taskDefinitionKey(family, Number(revision)) : parsed.parts;
  // The kinds of record differ, and all of them have tags.
  const records = found.records as unknown as Tagged['records'];
  return { records, key: records.key(context, ...names), missing: found.missing };
}

const resources = (input: { resourceArn?: string | undefined }) => [input.resourceArn ?? ''];

export const tagOperations = {
  TagResource: {
    resources,
    async run(input, context) {
      const { records, key, missing } = find(context, input.resourceArn);
      const given = tagsOf(input.tags);
      const next = await records.update(context.store, key, (record) => ({ ...record, tags: limited({ ...record.tags, ...given }) }));
      if (!next) throw missing();
      return {};
    },
  },

  UntagResource: {
    resources,
    async run(input, context) {
      const { records, key, missing } = find(context, input.resourceArn);
      const keys = input.tagKeys ?? [];
      if (keys.some((name) => /^aws:/i.test(name))) throw invalid("Tag keys can not start with 'aws:'.");
      const next = await records.update(context.store, key, (record) => ({ ...record, tags: Object.fromEntries(Object.entries(record.tags).filter(([name]) => !keys.includes(name))) }));
      if (!next) throw missing();
      return {};
    },
  },

  ListTagsForResource: {
    resources,
    async run(input, context) {
      const { records, key, missing } = find(context, input.resourceArn);
      const entry = await records.at(context.store, key);
      if (!entry) throw missing();
      return { tags: tagList(entry.value.tags) };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
