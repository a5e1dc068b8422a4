import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { clusterName, idIn, newDeploymentId, serviceArn } from '../arns.ts';
import { capacityFor } from '../capacity.ts';
import { invalid, serviceNotActive, serviceNotFound } from '../errors.ts';
import { checkPlatform } from '../fargate/platform.ts';
import { requireActiveTaskDefinition, requireCluster, requireService } from '../lookups.ts';
import { page } from '../paging.ts';
import { checkConstraints, checkStrategies } from '../placement/check.ts';
import { compact, services, tasks, type Cluster, type Service, type TaskDefinition } from '../records.ts';
import { checkGracePeriod, checkLoadBalancers, deploymentConfiguration, refuseUnsupported } from '../scheduler/configuration.ts';
import { newDeployment } from '../scheduler/deployments.ts';
import { release } from '../scheduler/release.ts';
import { serviceShape } from '../shapes/service.ts';
import { tagsOf } from '../tags.ts';
import { checkNetwork } from '../tasks/overrides.ts';
import { clusterCondition } from './clusters.ts';
import { updated } from './service-update.ts';

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;

async function shapeOf(context: RequestContext, service: Service, include?: readonly string[]): Promise<Sdk.Service> {
  return serviceShape(context, service, (await tasks.list(context.store, context, service.cluster)).map((entry) => entry.value), include);
}

export const arnOf = (context: RequestContext, cluster: string | undefined, service: string | undefined) => {
  const inCluster = clusterName(context, cluster);
  return service?.startsWith('arn:') ? service : serviceArn(context, { cluster: inCluster, name: service ?? '' });
};

export const serviceOperations = {
  CreateService: {
    resources: (input, context) => [arnOf(context, input.cluster, input.serviceName)],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const name = input.serviceName ?? '';
      if (!NAME.test(name)) throw invalid(name ? 'Invalid service name. Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed.' : 'Service name can not be blank.');
      const definition = await requireActiveTaskDefinition(context, context, input.taskDefinition);
      const { service: fresh, changes } = await release(context, undefined, await build(context, cluster, name, input, definition), definition);
      const key = services.key(context, cluster.name, name);
      for (;;) {
        const current = await services.at(context.store, key);
        if (current?.value.status === 'DRAINING') throw invalid('Unable to Start a service that is still Draining.');
        if (current?.value.status === 'ACTIVE') {
          if (!input.clientToken || current.value.clientToken !== input.clientToken) throw invalid('Creation of service was not idempotent.');
          return { service: await shapeOf(context, current.value, ['TAGS']) };
        }
        if ((await context.store.commit([services.put(key, fresh, current?.revision ?? 0), ...changes])).ok) return { service: await shapeOf(context, fresh, ['TAGS']) };
      }
    },
  },

  UpdateService: {
    resources: (input, context) => [arnOf(context, input.cluster, input.service)],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      for (;;) {
        const { key, value, revision } = await requireService(context, context, cluster.name, input.service);
        if (value.status !== 'ACTIVE') throw serviceNotActive();
        const { service: next, changes } = await updated(context, cluster, value, input);
        if ((await context.store.commit([services.put(key, next, revision), ...changes])).ok) return { service: await shapeOf(context, next, ['TAGS']) };
      }
    },
  },

  DeleteService: {
    resources: (input, context) => [arnOf(context, input.cluster, input.service)],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const { key, value } = await requireService(context, context, cluster.name, input.service);
      if (value.status === 'INACTIVE') throw serviceNotFound();
      const next = await services.update(context.store, key, (current) => {
        if (current.status !== 'ACTIVE') return undefined;
        if (!input.force && current.schedulingStrategy === 'REPLICA' && current.desiredCount > 0) throw invalid('The service cannot be stopped while it is scaled above 0.');
        return { ...current, status: 'DRAINING', desiredCount: 0, steady: false };
      });
      if (!next) throw serviceNotFound();
      return { service: await shapeOf(context, next, ['TAGS']) };
    },
  },

  DescribeServices: {
    resources: (input, context) => (input.services ?? []).map((one) => arnOf(context, input.cluster, one)),
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const given = input.services ?? [];
      if (!given.length) throw invalid('Services cannot be empty.');
      if (given.length > 10) throw invalid('Services cannot have more than 10 elements.');
      const found = await Promise.all(given.map(async (one) => {
        const name = idIn(context, cluster.name, 'service', one);
        return { name, entry: await services.get(context.store, context, cluster.name, name) };
      }));
      return {
        services: await Promise.all(found.flatMap(({ entry }) => (entry ? [shapeOf(context, entry.value, input.include)] : []))),
        failures: found.filter(({ entry }) => !entry).map(({ name }) => ({ arn: serviceArn(context, { cluster: cluster.name, name }), reason: 'MISSING' })),
      };
    },
  },

  ListServices: {
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const names = (await services.list(context.store, context, cluster.name)).map((entry) => entry.value)
        .filter((service) => service.status !== 'INACTIVE' && (!input.launchType || service.launchType === input.launchType) && (!input.schedulingStrategy || service.schedulingStrategy === input.schedulingStrategy))
        .map((service) => service.name);
      const { items, nextToken } = page(names, (name) => name, { ...input, maxResults: input.maxResults ?? 10 });
      return { serviceArns: items.map((name) => serviceArn(context, { cluster: cluster.name, name })), nextToken };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;

async function build(context: RequestContext, cluster: Cluster, name: string, input: Sdk.CreateServiceCommandInput, definition: TaskDefinition): Promise<Service> {
  refuseUnsupported(input);
  const { launchType, strategy: capacityProviderStrategy } = capacityFor(cluster, input);
  const platformVersion = checkPlatform(launchType, input, definition);
  const schedulingStrategy = input.schedulingStrategy ?? 'REPLICA';
  if (schedulingStrategy !== 'REPLICA' && schedulingStrategy !== 'DAEMON') throw invalid(`Invalid scheduling strategy: ${String(schedulingStrategy)}`);
  if (schedulingStrategy === 'DAEMON' && launchType === 'FARGATE') throw invalid('The daemon scheduling strategy is not supported for the FARGATE launch type.');
  if (schedulingStrategy === 'DAEMON' && input.desiredCount !== undefined) throw invalid('The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again.');
  if (schedulingStrategy === 'DAEMON' && input.placementStrategy?.length) throw invalid('The daemon scheduling strategy does not support placement strategies. Remove the placement strategies and try again.');
  const desiredCount = schedulingStrategy === 'DAEMON' ? 0 : input.desiredCount;
  if (desiredCount === undefined) throw invalid('Desired count is required for services with the REPLICA scheduling strategy.');
  if (desiredCount < 0 || desiredCount > 5000) throw invalid('Desired count must be between 0 and 5000.');
  const networkConfiguration = await checkNetwork(context, context, input.networkConfiguration, definition, launchType);
  const loadBalancers = await checkLoadBalancers(context, context, input.loadBalancers ?? [], definition);
  const now = context.now().toISOString();
  const taskDefinition = `${definition.family}:${definition.revision}`;
  return compact({
    name, cluster: cluster.name, status: 'ACTIVE' as const, schedulingStrategy, desiredCount, taskDefinition, ...(capacityProviderStrategy ? { capacityProviderStrategy } : { launchType }), platformVersion,
    deploymentConfiguration: deploymentConfiguration(input.deploymentConfiguration, schedulingStrategy),
    deployments: [newDeployment(newDeploymentId(context), compact({ taskDefinition, networkConfiguration }), now)],
    loadBalancers, serviceRegistries: [], placementConstraints: checkConstraints(input.placementConstraints), placementStrategy: checkStrategies(input.placementStrategy),
    networkConfiguration, healthCheckGracePeriodSeconds: checkGracePeriod(input.healthCheckGracePeriodSeconds, loadBalancers), role: input.role,
    availabilityZoneRebalancing: input.availabilityZoneRebalancing ?? ('DISABLED' as const), enableECSManagedTags: input.enableECSManagedTags ?? false,
    enableExecuteCommand: input.enableExecuteCommand ?? false, propagateTags: input.propagateTags ?? ('NONE' as const), events: [], steady: false,
    currentDeployment: '', createdAt: now, createdBy: context.principal.arn, clientToken: input.clientToken, tags: tagsOf(input.tags),
  });
}
