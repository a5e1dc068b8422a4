import type { Env, Scope } from '../../control/service.ts';
import type { Entry } from '../../store/store.ts';
import { instanceTypes } from '../ec2/index.ts';
import { placedTask, type Candidate } from './placement/candidate.ts';
import { holdsResources } from './placement/resources.ts';
import { providersOfInstances } from './providers.ts';
import { agents, clusters, containerInstances, tasks, type ContainerInstance, type Task } from './records.ts';

/** A cluster as it stands: what placement and the schedulers decide upon. */
export interface World {
  /** Without those of Fargate, on which nothing is placed and which customers do not see. */
  instances: Entry<ContainerInstance>[];
  tasks: Entry<Task>[];
  /** Ids of the instances whose agent holds a connection. */
  connected: Set<string>;
  /** The capacity provider of each EC2 instance that has one. */
  providers: Map<string, string>;
}

/**
 * Instances are read before tasks: a task that was placed in between makes its instance's revision newer than the one read here, and
 * the commit that relies on it loses.
 */
export async function readWorld(env: Env, scope: Scope, cluster: string): Promise<World> {
  const { store } = env;
  const instances = (await containerInstances.list(store, scope, cluster)).filter((entry) => !entry.value.fargate);
  const connected = new Set((await agents.list(store, scope, cluster)).map((entry) => agents.parse(entry.key).names[1] ?? ''));
  const providers = await providersOfInstances(env, scope, (await clusters.get(store, scope, cluster))?.value.capacityProviders ?? []);
  return { instances, connected, providers, tasks: await tasks.list(store, scope, cluster) };
}

/** The instances that tasks may be placed on. */
export function candidatesIn(world: World): Candidate[] {
  const byInstance = Map.groupBy(world.tasks.map((entry) => entry.value).filter(holdsResources), (task) => task.containerInstance);
  return world.instances.map((entry) => entry.value).filter((instance) => instance.status === 'ACTIVE').map((instance) => {
    const type = instanceTypes.get(instance.attributes['ecs.instance-type'] ?? '');
    return {
      instance, connected: world.connected.has(instance.id), tasks: (byInstance.get(instance.id) ?? []).map(placedTask),
      ...(type && { interfaces: type.interfaces }), ...providerOf(world, instance),
    };
  });
}

function providerOf({ providers }: World, { ec2InstanceId }: ContainerInstance): Pick<Candidate, 'provider'> {
  const provider = providers.get(ec2InstanceId ?? '');
  return provider === undefined ? {} : { provider };
}
