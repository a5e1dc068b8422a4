import type { RequestContext } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { newServiceDeploymentId, revisionOf } from '../arns.ts';
import { compact, serviceDeployments, serviceRevisions, tasks, type Service, type ServiceDeployment, type ServiceRevision, type TaskDefinition } from '../records.ts';
import { superseded } from './history.ts';

/** Service deployments are told of for 90 days, as in ECS. */
const KEPT_MS = 90 * 24 * 60 * 60_000;

/**
 * The service with a service deployment to its new revision, and what is to be stored beside it. `before`: the service as it was, if it
 * was there; its deployment that is under way ends, and those that are too old go.
 */
export async function release(context: RequestContext, before: Service | undefined, service: Service, definition: TaskDefinition): Promise<{ service: Service; changes: Change[] }> {
  const [newest] = service.deployments;
  if (!newest || newest.id === before?.deployments[0]?.id) return { service, changes: [] };
  const now = context.now().toISOString();
  const { cluster, name, launchType, capacityProviderStrategy, platformVersion, loadBalancers, serviceRegistries } = service;
  const revision: ServiceRevision = compact({
    id: revisionOf(newest.id), cluster, service: name, taskDefinition: newest.taskDefinition, networkConfiguration: newest.networkConfiguration, launchType, capacityProviderStrategy, platformVersion,
    loadBalancers, serviceRegistries, images: definition.containerDefinitions.map((container) => ({ containerName: container.name ?? '', image: container.image ?? '' })), createdAt: now,
  });
  const deployment: ServiceDeployment = {
    id: newServiceDeploymentId(context), cluster, service: name, target: revision.id, sources: (before?.deployments ?? []).map(({ id }) => revisionOf(id)),
    status: 'PENDING', deploymentConfiguration: service.deploymentConfiguration, createdAt: now, updatedAt: now,
  };
  return {
    service: { ...service, currentDeployment: deployment.id },
    changes: [
      serviceRevisions.put(serviceRevisions.key(context, cluster, name, revision.id), revision, 0),
      serviceDeployments.put(serviceDeployments.key(context, cluster, name, deployment.id), deployment, 0),
      ...(before ? await takenOver(context, before, now) : []),
    ],
  };
}

async function takenOver(context: RequestContext, service: Service, now: string): Promise<Change[]> {
  const all = await serviceDeployments.list(context.store, context, service.cluster, service.name);
  const own = (await tasks.list(context.store, context, service.cluster)).map(({ value }) => value).filter(({ group }) => group === `service:${service.name}`);
  return all.flatMap(({ key, value, revision }): Change[] => {
    if (value.finishedAt && context.now().getTime() - Date.parse(value.finishedAt) > KEPT_MS) return [{ delete: key, expect: revision }];
    const after = superseded(value, service, own, now);
    return after === value ? [] : [serviceDeployments.put(key, after, revision)];
  });
}
