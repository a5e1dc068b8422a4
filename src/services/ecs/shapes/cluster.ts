import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { clusterArn } from '../arns.ts';
import type { Cluster, Service } from '../records.ts';
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
    statistics: include.includes('STATISTICS') ? statistics(tasks.filter(isRunning).length, tasks.filter(isPending).length, active) : [],
    tags: include.includes('TAGS') ? tagList(cluster.tags) : [],
    settings: include.includes('SETTINGS') ? cluster.settings : [],
    ...(include.includes('CONFIGURATIONS') && cluster.configuration && { configuration: cluster.configuration }),
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
    ...(include.includes('ATTACHMENTS') && { attachments: [] }),
    ...(cluster.serviceConnectNamespace && { serviceConnectDefaults: { namespace: cluster.serviceConnectNamespace } }),
  };
}

/** All tasks here are on instances. */
function statistics(running: number, pending: number, active: Service[]): Sdk.KeyValuePair[] {
  const values: Record<string, number> = {
    runningEC2TasksCount: running, runningFargateTasksCount: 0, pendingEC2TasksCount: pending, pendingFargateTasksCount: 0,
    activeEC2ServiceCount: active.filter((service) => service.status === 'ACTIVE').length, activeFargateServiceCount: 0,
    drainingEC2ServiceCount: active.filter((service) => service.status === 'DRAINING').length, drainingFargateServiceCount: 0,
  };
  return Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));
}
