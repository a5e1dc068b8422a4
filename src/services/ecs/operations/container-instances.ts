import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { TELEMETRY_PATH } from '../acs/telemetry.ts';
import { clusterArn, clusterName, containerInstanceArn, idIn } from '../arns.ts';
import { client, containerInstanceNotFound, invalid } from '../errors.ts';
import { removeInstance } from '../instances/remove.ts';
import { register } from '../instances/register.ts';
import { requireCluster, requireContainerInstance } from '../lookups.ts';
import { page } from '../paging.ts';
import { subjectsOf, placedTask } from '../placement/candidate.ts';
import { holdsResources } from '../placement/resources.ts';
import { parseQuery } from '../placement/query.ts';
import { containerInstances, type ContainerInstance } from '../records.ts';
import { containerInstanceShape } from '../shapes/container-instance.ts';
import { readWorld, type World } from '../world.ts';
import { anyIn, clusterCondition } from './clusters.ts';

const shapeIn = (context: RequestContext, world: World, instance: ContainerInstance, include?: readonly string[]) =>
  containerInstanceShape(context, instance, { connected: world.connected.has(instance.id), tasks: world.tasks.map((entry) => entry.value), provider: world.providers.get(instance.ec2InstanceId ?? '') }, include);

export const containerInstanceOperations = {
  RegisterContainerInstance: {
    resources: (input, context) => [clusterArn(context, clusterName(context, input.cluster))],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const instance = await register(context, cluster.name, input);
      return { containerInstance: shapeIn(context, await readWorld(context, context, cluster.name), instance, ['TAGS']) };
    },
  },

  DeregisterContainerInstance: {
    resources: (input, context) => [clusterArn(context, clusterName(context, input.cluster))],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const { key, value } = await requireContainerInstance(context, context, cluster.name, input.containerInstance);
      if (value.status === 'INACTIVE') throw containerInstanceNotFound();
      const world = await readWorld(context, context, cluster.name);
      const busy = world.tasks.some((entry) => entry.value.containerInstance === value.id && holdsResources(entry.value));
      if (busy && !input.force) throw invalid('Found running tasks on the instance.');
      const gone = await removeInstance(context, key, { code: 'UserInitiated', reason: 'Container instance deregistration forced by user' });
      return { containerInstance: shapeIn(context, await readWorld(context, context, cluster.name), gone ?? value) };
    },
  },

  DescribeContainerInstances: {
    resources: (input, context) => (input.containerInstances ?? []).map((one) => (one.startsWith('arn:') ? one : containerInstanceArn(context, { cluster: clusterName(context, input.cluster), id: one }))),
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const given = input.containerInstances ?? [];
      if (!given.length) throw invalid('Container Instances cannot be empty.');
      if (given.length > 100) throw invalid('Container Instances cannot have more than 100 elements.');
      const world = await readWorld(context, context, cluster.name);
      const found = given.map((one) => {
        const id = idIn(context, cluster.name, 'container-instance', one);
        return { id, entry: world.instances.find((entry) => entry.value.id === id) };
      });
      return {
        containerInstances: found.flatMap(({ entry }) => (entry ? [shapeIn(context, world, entry.value, input.include)] : [])),
        failures: found.filter(({ entry }) => !entry).map(({ id }) => ({ arn: containerInstanceArn(context, { cluster: cluster.name, id }), reason: 'MISSING' })),
      };
    },
  },

  ListContainerInstances: {
    resources: (input, context) => [clusterArn(context, clusterName(context, input.cluster))],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const world = await readWorld(context, context, cluster.name);
      const matches = input.filter ? parseQuery(input.filter) : () => true;
      if (input.status && !['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED'].includes(input.status)) throw invalid(`Invalid status: ${input.status}`);
      const ids = world.instances.map((entry) => entry.value)
        .filter((instance) => (input.status ? instance.status === input.status : instance.status !== 'INACTIVE'))
        .filter((instance) => matches(subjectsOf({
          instance, connected: world.connected.has(instance.id),
          tasks: world.tasks.map((entry) => entry.value).filter((task) => task.containerInstance === instance.id && holdsResources(task)).map(placedTask),
        })))
        .map((instance) => instance.id);
      const { items, nextToken } = page(ids, (id) => id, input);
      return { containerInstanceArns: items.map((id) => containerInstanceArn(context, { cluster: cluster.name, id })), nextToken };
    },
  },

  UpdateContainerInstancesState: {
    resources: (input, context) => [anyIn(context, 'container-instance', input.cluster)],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const given = input.containerInstances ?? [];
      const { status } = input;
      if (status !== 'ACTIVE' && status !== 'DRAINING') throw invalid(`Container instance status should be one of [ACTIVE,DRAINING]`);
      if (!given.length) throw invalid('Container Instances cannot be empty.');
      if (given.length > 10) throw invalid('Container Instances cannot have more than 10 elements.');
      const changed: ContainerInstance[] = [];
      const failures: Sdk.Failure[] = [];
      for (const one of given) {
        const id = idIn(context, cluster.name, 'container-instance', one);
        const next = await containerInstances.update(context.store, containerInstances.key(context, cluster.name, id), (current) =>
          current.status === 'INACTIVE' || current.fargate || current.status === status ? undefined : { ...current, status, version: current.version + 1 });
        if (next && next.status !== 'INACTIVE' && !next.fargate) changed.push(next);
        else failures.push({ arn: containerInstanceArn(context, { cluster: cluster.name, id }), reason: next && !next.fargate ? 'INACTIVE' : 'MISSING' });
      }
      const world = await readWorld(context, context, cluster.name);
      return { containerInstances: changed.map((instance) => shapeIn(context, world, instance)), failures };
    },
  },

  DiscoverPollEndpoint: {
    async run(input, context) {
      const cluster = clusterName(context, input.cluster);
      if (input.containerInstance) {
        const entry = await containerInstances.get(context.store, context, cluster, idIn(context, cluster, 'container-instance', input.containerInstance));
        if (!entry) throw client('Container instance not found.');
      }
      const { domain, port } = context.installation;
      const endpoint = `http://api.${domain}:${port}/`;
      return { endpoint, telemetryEndpoint: `${endpoint}${TELEMETRY_PATH}` };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
