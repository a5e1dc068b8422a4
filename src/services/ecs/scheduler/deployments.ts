import type { Deployment, DeploymentSpec, Service } from '../records.ts';
import { sentences } from './events.ts';
import type { ScheduledTask } from './situation.ts';
import { throttleMs } from './throttle.ts';

/** How the deployments of a service get on: failures, circuit breaker, completion. Pure. */

const IN_PROGRESS = (id: string) => `ECS deployment ${id} in progress.`;
const COMPLETED = (id: string) => `ECS deployment ${id} completed.`;
const TRIPPED = 'ECS deployment circuit breaker: tasks failed to start.';

export function newDeployment(id: string, spec: DeploymentSpec, now: string): Deployment {
  return {
    id, taskDefinition: spec.taskDefinition, ...(spec.networkConfiguration && { networkConfiguration: spec.networkConfiguration }), createdAt: now, updatedAt: now,
    rolloutState: 'IN_PROGRESS', rolloutStateReason: IN_PROGRESS(id), failedTasks: 0, consecutiveFailures: 0,
  };
}

export interface Change {
  service: Service;
  events: string[];
}

const withPrimary = (service: Service, change: Partial<Deployment>, now: string): Service => ({
  ...service,
  deployments: service.deployments.map((deployment, i) => (i === 0 ? { ...deployment, ...change, updatedAt: now } : deployment)),
});

/** Takes note of tasks that ended since the last look, and of those that do well. */
export function account(service: Service, tasks: ScheduledTask[], now: Date): Change {
  const [primary, ...others] = service.deployments;
  if (!primary) return { service, events: [] };
  const own = tasks.filter((task) => task.deployment === primary.id);
  const failures = own.filter((task) => task.unaccounted && task.failure).length;
  const proven = own.filter((task) => task.proven).length;
  const failedTasks = proven ? 0 : primary.failedTasks + failures;
  // The throttle is off again once all of them do well, not one beside others that die.
  const consecutiveFailures = proven && proven >= service.desiredCount ? 0 : primary.consecutiveFailures + failures;
  if (failedTasks === primary.failedTasks && consecutiveFailures === primary.consecutiveFailures) return { service, events: [] };
  const { notBefore: current, ...rest } = primary;
  const wait = failures ? throttleMs(consecutiveFailures, service.desiredCount) : 0;
  const notBefore = wait ? new Date(now.getTime() + wait).toISOString() : consecutiveFailures ? current : undefined;
  const next: Deployment = { ...rest, failedTasks, consecutiveFailures, ...(notBefore && { notBefore }), updatedAt: now.toISOString() };
  return { service: { ...service, deployments: [next, ...others] }, events: wait ? [sentences.inconsistent()] : [] };
}

/**
 * Failures that a deployment may have; by default half of the wished tasks, three at least and 200 at most:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function threshold({ desiredCount, deploymentConfiguration }: Service): number {
  const { type = 'BOUNDED_PERCENT', value = 50 } = deploymentConfiguration.deploymentCircuitBreaker?.thresholdConfiguration ?? {};
  if (type === 'COUNT') return value;
  const share = Math.ceil((desiredCount * value) / 100);
  return type === 'UNBOUNDED_PERCENT' ? Math.max(1, share) : Math.min(200, Math.max(3, share));
}

/** Ends a deployment whose tasks keep failing and, where that is wished, goes back to the last one that completed. */
export function breakCircuit(service: Service, now: string): Change {
  const [primary, ...others] = service.deployments;
  const breaker = service.deploymentConfiguration.deploymentCircuitBreaker;
  if (!primary || !breaker?.enable || primary.rolloutState !== 'IN_PROGRESS' || primary.rollback || primary.failedTasks < threshold(service)) {
    return { service, events: [] };
  }
  const back = breaker.rollback ? rollBack(service, now, { failed: TRIPPED, rolling: 'ECS deployment circuit breaker: rolling back' }) : undefined;
  if (back) return { service: back.service, events: [sentences.failed(primary.id), ...back.events] };
  const failed: Deployment = { ...primary, rolloutState: 'FAILED', rolloutStateReason: TRIPPED, updatedAt: now };
  return { service: { ...service, deployments: [failed, ...others] }, events: [sentences.failed(primary.id)] };
}

/** Gives up the newest deployment for the last one that completed, of which something may be left; `undefined` if none ever did. */
export function rollBack(service: Service, now: string, why: { failed: string; rolling: string }): Change | undefined {
  const [primary, ...others] = service.deployments;
  const back = others.find((deployment) => deployment.rolloutState === 'COMPLETED') ?? (service.lastCompleted && newDeployment(service.lastCompleted.id, service.lastCompleted, now));
  if (!primary || !back || back.id === primary.id) return undefined;
  const failed: Deployment = { ...primary, rolloutState: 'FAILED', rolloutStateReason: why.failed, updatedAt: now };
  const rolling: Deployment = { ...back, rolloutState: 'IN_PROGRESS', rolloutStateReason: `${why.rolling} to deploymentId ${back.id}.`, rollback: { failures: primary.failedTasks }, updatedAt: now };
  const { networkConfiguration: _, ...rest } = service;
  return {
    service: {
      ...rest, taskDefinition: back.taskDefinition, ...(back.networkConfiguration && { networkConfiguration: back.networkConfiguration }),
      steady: false, deployments: [rolling, failed, ...others.filter((deployment) => deployment.id !== back.id)],
    },
    events: [sentences.rollingBack(back.id)],
  };
}

/** Drops old deployments that nothing is left of; says so once the primary one is complete. `settled`: all wished tasks are ready, no other is there. */
export function conclude(service: Service, tasks: ScheduledTask[], settled: boolean, now: string): Change {
  const alive = (deployment: Deployment) => tasks.some((task) => task.deployment === deployment.id && !['STOPPING', 'DEPROVISIONING', 'STOPPED'].includes(task.status));
  const deployments = service.deployments.filter((deployment, i) => i === 0 || alive(deployment));
  const dropped = deployments.length === service.deployments.length ? service : { ...service, deployments };
  const [primary] = deployments;
  if (!settled || deployments.length > 1 || !primary) return { service: settled ? dropped : unsteady(dropped), events: [] };
  const events: string[] = [];
  let next = dropped;
  if (primary.rolloutState === 'IN_PROGRESS') {
    next = {
      ...withPrimary(next, { rolloutState: 'COMPLETED', rolloutStateReason: COMPLETED(primary.id) }, now),
      lastCompleted: { id: primary.id, taskDefinition: primary.taskDefinition, ...(primary.networkConfiguration && { networkConfiguration: primary.networkConfiguration }) },
    };
    events.push(sentences.completed(primary.id));
  }
  if (!next.steady) {
    next = { ...next, steady: true };
    events.push(sentences.steady());
  }
  return { service: next, events };
}

const unsteady = (service: Service) => (service.steady ? { ...service, steady: false } : service);
