import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { clusterArn } from '../arns.ts';
import { launchTypeOf } from '../capacity.ts';
import type { Cluster, Service, Task } from '../records.ts';
import { tagList } from '../tags.ts';
import { isPending, isRunning } from '../tasks/state.ts';
import type { World } from '../world.ts';

/** `include` decides about what costs more to tell. */
export function clusterShape(scope: Scope, cluster: Cluster, world: Pick<World, 'instances' | 'tasks'>, services: Service[], include: readonly string[] = ['SETTINGS', 'TAGS', 'CONFIGURATIONS']): Sdk.Cluster {
  const tasks = world.tasks.map((entry) => entry.value);
  const active = services.filter((service) => service.status !== 'INACTIVE');
  return {
    clusterArn: clusterArn(scope, cluster.name),
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: world.instances.filter((entry) => entry.value.status !== 'INACTIVE').length,
    runningTasksCount: tasks.filter(isRunning).length,
    pendingTasksCount: tasks.filter(isPending).length,
    activeServicesCount: active.length,
    statistics: include.includes('STATISTICS') ? statistics(tasks, active) : [],
    tags: include.includes('TAGS') ? tagList(cluster.tags) : [],
    settings: include.includes('SETTINGS') ? cluster.settings : [],
    ...(include.includes('CONFIGURATIONS') && cluster.configuration && { configuration: cluster.configuration }),
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
    ...(include.includes('ATTACHMENTS') && { attachments: [] }),
    ...(cluster.serviceConnectNamespace && { serviceConnectDefaults: { namespace: cluster.serviceConnectNamespace } }),
  };
}

function statistics(tasks: Task[], active: Service[]): Sdk.KeyValuePair[] {
  const values = Object.fromEntries((['EC2', 'FARGATE'] as const).flatMap((launchType): [string, number][] => {
    const [name, own] = [launchType === 'EC2' ? 'EC2' : 'Fargate', tasks.filter((task) => task.launchType === launchType)];
    const services = (status: Service['status']) => active.filter((service) => service.status === status && launchTypeOf(service) === launchType).length;
    return [
      [`running${name}TasksCount`, own.filter(isRunning).length], [`pending${name}TasksCount`, own.filter(isPending).length],
      [`active${name}ServiceCount`, services('ACTIVE')], [`draining${name}ServiceCount`, services('DRAINING')],
    ];
  }));
  return Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));
}
