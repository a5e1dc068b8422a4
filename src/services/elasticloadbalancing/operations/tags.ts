import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { kindOf } from '../arns.ts';
import { invalid } from '../errors.ts';
import { requireBalancer, requireGroup, requireListener, requireRule } from '../lookups.ts';
import { listeners, loadBalancers, targetGroups } from '../records.ts';
import type { Tags } from '../records.ts';
import { tagList, tagsOf, withinLimit } from '../tags.ts';

/** How the tags of whatever an ARN names are read and changed. Throws the kind's own not-found error. */
async function tagged(env: Env, scope: Scope, arn: string): Promise<{ tags: Tags; change(next: (tags: Tags) => Tags): Promise<unknown> }> {
  const { store } = env;
  switch (kindOf(arn)) {
    case 'loadbalancer': {
      const { key, value } = await requireBalancer(env, scope, arn);
      return { tags: value.tags, change: (next) => loadBalancers.update(store, key, (balancer) => ({ ...balancer, tags: next(balancer.tags) })) };
    }
    case 'targetgroup': {
      const { key, value } = await requireGroup(env, scope, arn);
      return { tags: value.tags, change: (next) => targetGroups.update(store, key, (group) => ({ ...group, tags: next(group.tags) })) };
    }
    case 'listener': {
      const { key, value } = await requireListener(env, scope, arn);
      return { tags: value.tags, change: (next) => listeners.update(store, key, (listener) => ({ ...listener, tags: next(listener.tags) })) };
    }
    case 'listener-rule': {
      const { entry, rule } = await requireRule(env, scope, arn);
      if (!rule) throw invalid(`The default rule '${arn}' cannot be tagged`);
      return {
        tags: rule.tags,
        change: (next) => listeners.update(store, entry.key, (listener) => ({ ...listener, rules: listener.rules.map((one) => (one.arn === arn ? { ...one, tags: next(one.tags) } : one)) })),
      };
    }
    case undefined:
      throw invalid(`'${arn}' is not a valid ARN`);
  }
}

const arns = (input: { ResourceArns: string[] | undefined }) => input.ResourceArns ?? [];

type Names = 'AddTags' | 'RemoveTags' | 'DescribeTags';

export const tagOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  AddTags: {
    resources: arns,
    run: async (input, context) => {
      const added = tagsOf(input.Tags);
      const found = await Promise.all(arns(input).map((arn) => tagged(context, context, arn)));
      for (const { change } of found) await change((tags) => withinLimit({ ...tags, ...added }));
      return {};
    },
  },

  RemoveTags: {
    resources: arns,
    run: async (input, context) => {
      const found = await Promise.all(arns(input).map((arn) => tagged(context, context, arn)));
      for (const { change } of found) await change((tags) => Object.fromEntries(Object.entries(tags).filter(([key]) => !input.TagKeys?.includes(key))));
      return {};
    },
  },

  async DescribeTags(input, context) {
    return { TagDescriptions: await Promise.all(arns(input).map(async (arn) => ({ ResourceArn: arn, Tags: tagList((await tagged(context, context, arn)).tags) }))) };
  },
};
