import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { deploymentPlatform } from '../fargate/platform.ts';
import { clusterArn, serviceArn, serviceDeploymentArn, serviceRevisionArn, taskDefinitionArn } from '../arns.ts';
import type { Service, ServiceDeployment, ServiceRevision, Task } from '../records.ts';
import { breakerOf, countsOf } from '../scheduler/history.ts';

/** A service with the tasks that are its own. */
export interface Staffed {
  service: Service;
  tasks: Task[];
}

const date = (text: string | undefined) => (text === undefined ? undefined : new Date(text));

export const serviceDeploymentBrief = (scope: Scope, deployment: ServiceDeployment): Sdk.ServiceDeploymentBrief => {
  const service = { cluster: deployment.cluster, name: deployment.service };
  return {
    serviceDeploymentArn: serviceDeploymentArn(scope, deployment), serviceArn: serviceArn(scope, service), clusterArn: clusterArn(scope, deployment.cluster),
    createdAt: new Date(deployment.createdAt), startedAt: date(deployment.startedAt), finishedAt: date(deployment.finishedAt),
    targetServiceRevisionArn: serviceRevisionArn(scope, service, deployment.target), status: deployment.status, statusReason: deployment.statusReason,
  };
};

export function serviceDeploymentShape(scope: Scope, deployment: ServiceDeployment, { service, tasks }: Staffed): Sdk.ServiceDeployment {
  const { targetServiceRevisionArn: _, ...brief } = serviceDeploymentBrief(scope, deployment);
  const summary = (id: string) => revisionSummary(scope, { service, tasks }, id, deployment.counts?.[id]);
  return {
    ...brief, stoppedAt: date(deployment.stoppedAt), updatedAt: new Date(deployment.updatedAt),
    sourceServiceRevisions: deployment.sources.map(summary), targetServiceRevision: summary(deployment.target),
    deploymentConfiguration: deployment.deploymentConfiguration, deploymentCircuitBreaker: breakerShape(deployment, service), alarms: { status: 'DISABLED' },
    ...(deployment.rollback && { rollback: { reason: deployment.rollback.reason, startedAt: new Date(deployment.rollback.startedAt), serviceRevisionArn: serviceRevisionArn(scope, service, deployment.rollback.revision) } }),
  };
}

/** Counts of now, where none are given. */
export function revisionSummary(scope: Scope, { service, tasks }: Staffed, id: string, counts = countsOf(service, id, tasks)): Sdk.ServiceCurrentRevisionSummary {
  return { arn: serviceRevisionArn(scope, service, id), requestedTaskCount: counts.requested, runningTaskCount: counts.running, pendingTaskCount: counts.pending };
}

function breakerShape(deployment: ServiceDeployment, service: Service): Sdk.ServiceDeploymentCircuitBreaker {
  if (!deployment.deploymentConfiguration.deploymentCircuitBreaker?.enable) return { status: 'DISABLED' };
  const { failures: failureCount, threshold } = breakerOf(deployment, service);
  return { status: failureCount >= threshold ? 'TRIGGERED' : deployment.breaker ? 'MONITORING_COMPLETE' : 'MONITORING', failureCount, threshold };
}

/** `tasks`: those of the service; they tell which image a tag stood for. */
export function serviceRevisionShape(scope: Scope, revision: ServiceRevision, tasks: Task[]): Sdk.ServiceRevision {
  const service = { cluster: revision.cluster, name: revision.service };
  const digestOf = (containerName: string) => tasks.filter(({ startedBy }) => startedBy?.endsWith(revision.id)).flatMap(({ containers }) => containers).find(({ name, imageDigest }) => name === containerName && imageDigest)?.imageDigest;
  return {
    serviceRevisionArn: serviceRevisionArn(scope, service, revision.id), serviceArn: serviceArn(scope, service), clusterArn: clusterArn(scope, revision.cluster),
    taskDefinition: taskDefinitionArn(scope, revision.taskDefinition), launchType: revision.launchType, capacityProviderStrategy: revision.capacityProviderStrategy, ...deploymentPlatform(revision.platformVersion),
    loadBalancers: revision.loadBalancers, serviceRegistries: revision.serviceRegistries, networkConfiguration: revision.networkConfiguration,
    containerImages: revision.images.map(({ containerName, image }) => ({ containerName, image, imageDigest: digestOf(containerName) })), guardDutyEnabled: false, createdAt: new Date(revision.createdAt),
  };
}
