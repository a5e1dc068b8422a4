import type { Collection } from '../../../control/collection.ts';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { badRequest, notFound } from '../errors.ts';
import { accessEntries, addons, clusters, fargateProfiles, nodegroups } from '../records.ts';
import type { Tags } from '../records.ts';
import type { EksOperations } from '../table.ts';
import { checkTags } from '../tags.ts';

type Tagged = { arn: string; tags: Tags };

const KINDS: Record<string, Collection<Tagged>> = {
  cluster: clusters,
  nodegroup: nodegroups,
  addon: addons,
  fargateprofile: fargateProfiles,
  'access-entry': accessEntries,
};

async function tagged(context: RequestContext, arn: string): Promise<{ records: Collection<Tagged>; entry: Entry<Tagged> }> {
  const [kind = '', cluster = ''] = arn.split(':').slice(5).join(':').split('/');
  const records = arn.startsWith(`arn:aws:eks:${context.region}:${context.account}:`) ? KINDS[kind] : undefined;
  if (!records) throw badRequest(`Invalid resource ARN: ${arn}`);
  const found = kind === 'cluster' ? [await records.get(context.store, context, cluster)] : await records.list(context.store, context, cluster);
  const entry = found.find((one) => one?.value.arn === arn);
  if (!entry) throw notFound(`Resource not found: ${arn}`);
  return { records, entry };
}

const onArn = { resources: (input: { resourceArn?: string | undefined }) => [input.resourceArn ?? '*'] };

export const tagOperations = {
  TagResource: {
    ...onArn,
    async run(input, context) {
      const { records, entry } = await tagged(context, input.resourceArn ?? '');
      await records.update(context.store, entry.key, (value) => ({ ...value, tags: checkTags({ ...value.tags, ...input.tags }) }));
      return {};
    },
  },
  UntagResource: {
    ...onArn,
    async run(input, context) {
      const { records, entry } = await tagged(context, input.resourceArn ?? '');
      await records.update(context.store, entry.key, (value) => ({ ...value, tags: Object.fromEntries(Object.entries(value.tags).filter(([key]) => !input.tagKeys?.includes(key))) }));
      return {};
    },
  },
  ListTagsForResource: {
    ...onArn,
    run: async (input, context) => ({ tags: (await tagged(context, input.resourceArn ?? '')).entry.value.tags }),
  },
} satisfies EksOperations;
