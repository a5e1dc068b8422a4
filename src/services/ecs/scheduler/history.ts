import { revisionOf } from '../arns.ts';
import type { Service, ServiceDeployment, Task, TaskCounts } from '../records.ts';
import { isPending, isRunning } from '../tasks/state.ts';
import { threshold } from './deployments.ts';

/**
 * What becomes of a service's newest service deployment. Pure.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
 */
const OPEN = ['PENDING', 'IN_PROGRESS', 'ROLLBACK_REQUESTED', 'ROLLBACK_IN_PROGRESS'];
const TRIPPED = 'because the circuit breaker threshold was exceeded.';

/** Still under way. */
export const isOpen = ({ status }: ServiceDeployment) => OPEN.includes(status);

/** Tasks of one revision of a service; `tasks`: all of the service. */
export function countsOf(service: Service, revision: string, tasks: Task[]): TaskCounts {
  const own = tasks.filter((task) => task.startedBy !== undefined && revisionOf(task.startedBy) === revision);
  const [primary] = service.deployments;
  const requested = primary && revisionOf(primary.id) === revision ? service.desiredCount : own.filter((task) => task.desiredStatus === 'RUNNING').length;
  return { requested, running: own.filter(isRunning).length, pending: own.filter(isPending).length };
}

/** The deployment as the service's state leaves it; the same one where nothing changed. */
export function advance(deployment: ServiceDeployment, service: Service, tasks: Task[], now: string): ServiceDeployment {
  if (!isOpen(deployment)) return deployment;
  const [primary] = service.deployments;
  if (service.status !== 'ACTIVE' || !primary) return ended(deployment, service, tasks, now, { status: 'STOPPED', statusReason: 'Service deployment stopped because the service was deleted.' });
  const { status } = deployment;
  if (status === 'PENDING') return advance({ ...deployment, status: 'IN_PROGRESS', startedAt: now, updatedAt: now }, service, tasks, now);
  if (status === 'ROLLBACK_REQUESTED') return advance({ ...deployment, status: 'ROLLBACK_IN_PROGRESS', updatedAt: now }, service, tasks, now);
  if (status === 'IN_PROGRESS' && primary.rollback) return advance(rollingBack(deployment, service, `Service deployment rolled back ${TRIPPED}`, now), service, tasks, now);
  if (primary.rolloutState === 'FAILED') return ended(deployment, service, tasks, now, { status: 'STOPPED', statusReason: `Service deployment failed ${TRIPPED}` });
  if (primary.rolloutState === 'IN_PROGRESS') return deployment;
  return ended(deployment, service, tasks, now, { status: status === 'IN_PROGRESS' ? 'SUCCESSFUL' : 'ROLLBACK_SUCCESSFUL' });
}

/** Another deployment takes the place of one that is under way. */
export function superseded(deployment: ServiceDeployment, service: Service, tasks: Task[], now: string): ServiceDeployment {
  if (!isOpen(deployment)) return deployment;
  const status = deployment.rollback ? 'ROLLBACK_FAILED' : 'STOPPED';
  return ended(deployment, service, tasks, now, { status, statusReason: 'Service deployment stopped because a new service deployment was started.' });
}

/** `service`: as it goes back. */
export function rollingBack(deployment: ServiceDeployment, service: Service, reason: string, now: string): ServiceDeployment {
  const [to] = service.deployments;
  return {
    ...deployment, status: 'ROLLBACK_REQUESTED', statusReason: reason, rollback: { reason, startedAt: now, revision: revisionOf(to?.id ?? '') },
    breaker: { failures: to?.rollback?.failures ?? 0, threshold: threshold(service) }, updatedAt: now,
  };
}

function ended(deployment: ServiceDeployment, service: Service, tasks: Task[], now: string, outcome: Pick<ServiceDeployment, 'status' | 'statusReason'>): ServiceDeployment {
  const revisions = [deployment.target, ...deployment.sources];
  return {
    ...deployment, ...outcome, updatedAt: now, finishedAt: now, ...(outcome.status === 'STOPPED' && { stoppedAt: now }),
    breaker: breakerOf(deployment, service), counts: Object.fromEntries(revisions.map((id) => [id, countsOf(service, id, tasks)])),
  };
}

/** How many tasks of its target failed to start, and how many may. */
export const breakerOf = (deployment: ServiceDeployment, service: Service): { failures: number; threshold: number } =>
  deployment.breaker ?? { failures: service.deployments.find(({ id }) => revisionOf(id) === deployment.target)?.failedTasks ?? 0, threshold: threshold(service) };
