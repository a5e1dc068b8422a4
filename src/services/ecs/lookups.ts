import type { Env, Scope } from '../../control/service.ts';
import type { Entry } from '../../store/store.ts';
import { clusterName, idIn, parseArn } from './arns.ts';
import { clusterNotFound, containerInstanceNotFound, invalid, serviceNotFound, taskDefinitionInactive, taskDefinitionNotFound, taskNotFound } from './errors.ts';
import {
  clusters, containerInstances, families, services, taskDefinitionKey, taskDefinitions, tasks,
  type Cluster, type ContainerInstance, type Service, type Task, type TaskDefinition,
} from './records.ts';

/** A cluster that is ACTIVE. Errors: ClusterNotFoundException. */
export async function requireCluster(env: Env, scope: Scope, given: string | undefined): Promise<Entry<Cluster>> {
  const entry = await clusters.get(env.store, scope, clusterName(scope, given));
  if (entry?.value.status !== 'ACTIVE') throw clusterNotFound();
  return entry;
}

export async function requireService(env: Env, scope: Scope, cluster: string, given: string | undefined): Promise<Entry<Service>> {
  if (!given) throw invalid('Service cannot be empty.');
  const entry = await services.get(env.store, scope, cluster, idIn(scope, cluster, 'service', given));
  if (!entry) throw serviceNotFound();
  return entry;
}

export async function requireTask(env: Env, scope: Scope, cluster: string, given: string | undefined): Promise<Entry<Task>> {
  const entry = given ? await tasks.get(env.store, scope, cluster, idIn(scope, cluster, 'task', given)) : undefined;
  if (!entry) throw taskNotFound();
  return entry;
}

export async function requireContainerInstance(env: Env, scope: Scope, cluster: string, given: string | undefined): Promise<Entry<ContainerInstance>> {
  const entry = given ? await containerInstances.get(env.store, scope, cluster, idIn(scope, cluster, 'container-instance', given)) : undefined;
  if (!entry || entry.value.fargate) throw containerInstanceNotFound();
  return entry;
}

/** By `family`, `family:revision` or ARN; a mere family means its newest ACTIVE revision. `undefined`: there is none. */
export async function findTaskDefinition(env: Env, scope: Scope, given: string): Promise<Entry<TaskDefinition> | undefined> {
  const parsed = given.startsWith('arn:') ? parseArn(given) : undefined;
  if (given.startsWith('arn:') && parsed?.type !== 'task-definition') throw invalid('Invalid identifier: Unexpected ARN resource type.');
  if (parsed && (parsed.account !== scope.account || parsed.region !== scope.region)) return undefined;
  const [family = '', revision] = (parsed?.parts[0] ?? given).split(':');
  if (revision !== undefined) {
    if (!/^\d+$/.test(revision)) throw invalid(`Invalid revision number. Number: ${revision}`);
    return taskDefinitions.get(env.store, scope, ...taskDefinitionKey(family, Number(revision)));
  }
  for (let n = (await families.get(env.store, scope, family))?.value.latestRevision ?? 0; n > 0; n--) {
    const entry = await taskDefinitions.get(env.store, scope, ...taskDefinitionKey(family, n));
    if (entry?.value.status === 'ACTIVE') return entry;
  }
  return undefined;
}

/** One that tasks can be started from. */
export async function requireActiveTaskDefinition(env: Env, scope: Scope, given: string | undefined): Promise<TaskDefinition> {
  const entry = given ? await findTaskDefinition(env, scope, given) : undefined;
  if (!entry) throw taskDefinitionNotFound();
  if (entry.value.status !== 'ACTIVE') throw taskDefinitionInactive();
  return entry.value;
}
