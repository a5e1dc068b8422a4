import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { clusterArn, revisionOf, serviceArn, serviceDeploymentArn, taskDefinitionArn } from '../arns.ts';
import type { Deployment, Service, Task } from '../records.ts';
import { deploymentPlatform, servicePlatform } from '../fargate/platform.ts';
import { tagList } from '../tags.ts';
import { isPending, isRunning } from '../tasks/state.ts';
import { revisionSummary } from './service-deployment.ts';

/** `tasks`: those of the service, or of its cluster. */
export function serviceShape(scope: Scope, service: Service, tasks: Task[], include: readonly string[] = []): Sdk.Service {
  const own = tasks.filter((task) => task.group === `service:${service.name}` && task.cluster === service.cluster);
  const deployments = service.deployments.map((deployment, i) => deploymentShape(scope, service, deployment, i === 0, own));
  const total = (of: 'runningCount' | 'pendingCount') => deployments.reduce((sum, deployment) => sum + (deployment[of] ?? 0), 0);
  return {
    serviceArn: serviceArn(scope, service),
    serviceName: service.name,
    clusterArn: clusterArn(scope, service.cluster),
    loadBalancers: service.loadBalancers,
    serviceRegistries: service.serviceRegistries,
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: total('runningCount'),
    pendingCount: total('pendingCount'),
    ...(service.launchType && { launchType: service.launchType }),
    ...(service.capacityProviderStrategy && { capacityProviderStrategy: service.capacityProviderStrategy }),
    ...servicePlatform(service.platformVersion),
    taskDefinition: taskDefinitionArn(scope, service.taskDefinition),
    deploymentConfiguration: service.deploymentConfiguration,
    deployments,
    ...(service.deployments.length && {
      currentServiceDeployment: serviceDeploymentArn(scope, { cluster: service.cluster, service: service.name, id: service.currentDeployment }),
      currentServiceRevisions: service.deployments.map(({ id }) => revisionSummary(scope, { service, tasks: own }, revisionOf(id))),
    }),
    ...(service.role && { roleArn: service.role }),
    events: service.events.map(({ createdAt, ...event }) => ({ ...event, createdAt: new Date(createdAt) })),
    createdAt: new Date(service.createdAt),
    createdBy: service.createdBy,
    placementConstraints: service.placementConstraints,
    placementStrategy: service.placementStrategy,
    ...(service.networkConfiguration && { networkConfiguration: service.networkConfiguration }),
    ...(service.healthCheckGracePeriodSeconds !== undefined && { healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds }),
    schedulingStrategy: service.schedulingStrategy,
    deploymentController: { type: 'ECS' },
    ...(include.includes('TAGS') && { tags: tagList(service.tags) }),
    enableECSManagedTags: service.enableECSManagedTags,
    propagateTags: service.propagateTags,
    enableExecuteCommand: service.enableExecuteCommand,
    availabilityZoneRebalancing: service.availabilityZoneRebalancing,
  };
}

function deploymentShape(scope: Scope, service: Service, deployment: Deployment, primary: boolean, tasks: Task[]): Sdk.Deployment {
  const own = tasks.filter((task) => task.startedBy === deployment.id);
  return {
    id: deployment.id,
    status: primary ? 'PRIMARY' : 'ACTIVE',
    taskDefinition: taskDefinitionArn(scope, deployment.taskDefinition),
    desiredCount: primary ? service.desiredCount : own.filter((task) => task.desiredStatus === 'RUNNING').length,
    pendingCount: own.filter(isPending).length,
    runningCount: own.filter(isRunning).length,
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    ...(service.launchType && { launchType: service.launchType }),
    ...(service.capacityProviderStrategy && { capacityProviderStrategy: service.capacityProviderStrategy }),
    ...deploymentPlatform(service.platformVersion),
    ...(deployment.networkConfiguration && { networkConfiguration: deployment.networkConfiguration }),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  };
}
