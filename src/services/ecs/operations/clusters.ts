import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { arn, clusterArn, clusterName } from '../arns.ts';
import { checkProviders, checkStrategy } from '../capacity.ts';
import { clusterContainsContainerInstances, clusterContainsServices, clusterContainsTasks, clusterNotFound, invalid } from '../errors.ts';
import { requireCluster } from '../lookups.ts';
import { page } from '../paging.ts';
import { accountSettings, clusters, compact, services, type Cluster } from '../records.ts';
import { clusterShape } from '../shapes/cluster.ts';
import { tagsOf } from '../tags.ts';
import { readWorld } from '../world.ts';

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;
const INSIGHTS = ['enabled', 'disabled', 'enhanced'];

const shapeOf = async (context: RequestContext, cluster: Cluster, include?: readonly string[]) =>
  clusterShape(context, cluster, await readWorld(context, context, cluster.name), (await services.list(context.store, context, cluster.name)).map((entry) => entry.value), include);

const resources = (of: (input: { cluster?: string | undefined }) => string | undefined) => (input: { cluster?: string | undefined }, context: RequestContext) =>
  [clusterArn(context, clusterName(context, of(input)))];
const ofCluster = resources((input) => input.cluster);

export const clusterOperations = {
  CreateCluster: {
    resources: (input, context) => [clusterArn(context, input.clusterName || 'default')],
    async run(input, context) {
      const name = input.clusterName || 'default';
      if (!NAME.test(name)) throw invalid('Identifier was unable to be parsed.');
      const key = clusters.key(context, name);
      for (;;) {
        const current = await clusters.at(context.store, key);
        // The same name again answers what there is.
        if (current?.value.status === 'ACTIVE') return { cluster: await shapeOf(context, current.value) };
        const providers = await checkProviders(context, context, input.capacityProviders ?? []);
        const cluster: Cluster = compact({
          name, status: 'ACTIVE' as const,
          settings: await settingsOf(context, input.settings), configuration: input.configuration,
          serviceConnectNamespace: input.serviceConnectDefaults?.namespace || undefined, capacityProviders: providers,
          defaultCapacityProviderStrategy: checkStrategy(input.defaultCapacityProviderStrategy ?? [], providers), tags: tagsOf(input.tags),
        });
        const commit = await context.store.commit([clusters.put(key, cluster, current?.revision ?? 0)]);
        if (commit.ok) return { cluster: await shapeOf(context, cluster) };
      }
    },
  },

  DeleteCluster: {
    resources: ofCluster,
    async run(input, context) {
      const { key, value: cluster, revision } = await requireCluster(context, context, input.cluster);
      const world = await readWorld(context, context, cluster.name);
      if (world.instances.some((entry) => entry.value.status !== 'INACTIVE')) throw clusterContainsContainerInstances();
      if ((await services.list(context.store, context, cluster.name)).some((entry) => entry.value.status !== 'INACTIVE')) throw clusterContainsServices();
      if (world.tasks.some((entry) => entry.value.lastStatus !== 'STOPPED')) throw clusterContainsTasks();
      const gone: Cluster = { ...cluster, status: 'INACTIVE' };
      if (!(await context.store.commit([clusters.put(key, gone, revision)])).ok) throw clusterNotFound();
      return { cluster: await shapeOf(context, gone) };
    },
  },

  DescribeClusters: {
    resources: (input, context) => (input.clusters?.length ? input.clusters : ['default']).map((given) => clusterArn(context, clusterName(context, given))),
    async run(input, context) {
      const given = input.clusters?.length ? input.clusters : ['default'];
      if (given.length > 100) throw invalid('Clusters cannot have more than 100 elements.');
      const found = await Promise.all(given.map(async (one) => ({ one, entry: await clusters.get(context.store, context, clusterName(context, one)) })));
      return {
        clusters: await Promise.all(found.flatMap(({ entry }) => (entry ? [shapeOf(context, entry.value, input.include ?? [])] : []))),
        failures: found.filter(({ entry }) => !entry).map(({ one }) => ({ arn: clusterArn(context, clusterName(context, one)), reason: 'MISSING' })),
      };
    },
  },

  async ListClusters(input, context) {
    const names = (await clusters.list(context.store, context)).map((entry) => entry.value).filter((cluster) => cluster.status === 'ACTIVE').map((cluster) => cluster.name);
    const { items, nextToken } = page(names, (name) => name, input);
    return { clusterArns: items.map((name) => clusterArn(context, name)), nextToken };
  },

  UpdateCluster: {
    resources: ofCluster,
    async run(input, context) {
      const { key } = await requireCluster(context, context, input.cluster);
      const settings = input.settings && (await settingsOf(context, input.settings));
      const namespace = input.serviceConnectDefaults?.namespace;
      const next = await clusters.update(context.store, key, (cluster) => compact<Cluster>({
        ...cluster, ...(settings && { settings }), ...(input.configuration && { configuration: input.configuration }),
        ...(namespace && { serviceConnectNamespace: namespace }),
      }));
      if (!next) throw clusterNotFound();
      return { cluster: await shapeOf(context, next) };
    },
  },

  UpdateClusterSettings: {
    resources: ofCluster,
    async run(input, context) {
      const { key } = await requireCluster(context, context, input.cluster);
      const settings = await settingsOf(context, input.settings);
      const next = await clusters.update(context.store, key, (cluster) => ({ ...cluster, settings }));
      if (!next) throw clusterNotFound();
      return { cluster: await shapeOf(context, next) };
    },
  },

  PutClusterCapacityProviders: {
    resources: ofCluster,
    async run(input, context) {
      const { key } = await requireCluster(context, context, input.cluster);
      const providers = await checkProviders(context, context, input.capacityProviders ?? []);
      const strategy = checkStrategy(input.defaultCapacityProviderStrategy ?? [], providers);
      const next = await clusters.update(context.store, key, (cluster) => ({ ...cluster, capacityProviders: providers, defaultCapacityProviderStrategy: strategy }));
      if (!next) throw clusterNotFound();
      return { cluster: await shapeOf(context, next, ['SETTINGS', 'TAGS', 'ATTACHMENTS']) };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;

/** Settings as given, what is not given from the account's settings. */
async function settingsOf(context: RequestContext, given: Sdk.ClusterSetting[] | undefined): Promise<Sdk.ClusterSetting[]> {
  for (const { name, value } of given ?? []) {
    if (name !== 'containerInsights') throw invalid(`Invalid cluster setting name: ${name ?? null}`);
    if (!INSIGHTS.includes(value ?? '')) throw invalid(`Invalid cluster setting value: ${value}`);
  }
  if (given?.length) return given;
  const account = await accountSettings.get(context.store, context, 'root', 'containerInsights');
  return [{ name: 'containerInsights', value: account?.value.value ?? 'disabled' }];
}

export const clusterCondition = (context: RequestContext, given: string | undefined) => ({ 'ecs:cluster': clusterArn(context, clusterName(context, given)) });
export const anyIn = (context: RequestContext, type: string, given: string | undefined) => arn(context, `${type}/${clusterName(context, given)}/*`);
