import type { Service } from '../records.ts';
import { account, breakCircuit, conclude } from './deployments.ts';
import { pickToStop } from './pick.ts';
import type { Plan, ScheduledTask, Situation } from './situation.ts';

/**
 * One step of a service's scheduler: what is, in; what to do, out. Nothing here asks the clock or the store.
 *
 * REPLICA: new tasks are started while maximumPercent allows, then old ones stopped while minimumHealthyPercent does; a healthy task is
 * taken away early only where there is no room otherwise. DAEMON: one task on each instance.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export function step(situation: Situation): Plan {
  const { tasks, now } = situation;
  const accounted = account(situation.service, tasks, now);
  const broken = breakCircuit(accounted.service, now.toISOString());
  const counted = withDaemonCount(broken.service, situation.instances);
  const next = { ...situation, service: counted };
  const wanted = tasks.filter((task) => task.wanted);
  const { start, stop } = next.service.status === 'ACTIVE'
    ? (next.service.schedulingStrategy === 'DAEMON' ? daemon(next, wanted) : replica(next, wanted))
    : { start: { count: 0 }, stop: wanted.map((task) => because(task, scaling(next.service))) };
  const concluded = conclude(next.service, tasks, isSettled(next, wanted), now.toISOString());
  return {
    service: concluded.service, ...heldBack(next, start), stop, accounted: tasks.filter((task) => task.unaccounted).map((task) => task.id),
    events: [...accounted.events, ...broken.events, ...concluded.events],
  };
}

const withDaemonCount = (service: Service, instances: string[]): Service =>
  service.schedulingStrategy === 'DAEMON' && service.status === 'ACTIVE' && service.desiredCount !== instances.length ? { ...service, desiredCount: instances.length } : service;

const primaryOf = ({ service }: Situation) => service.deployments[0];
const scaling = (service: Service) => `Scaling activity initiated by (deployment ${service.deployments[0]?.id})`;
const because = (task: ScheduledTask, reason: string) => ({ task: task.id, reason });

/** Of the newest deployment, on an instance that stays, and well. */
const isKept = (situation: Situation) => (task: ScheduledTask) => task.deployment === primaryOf(situation)?.id && !task.displaced && task.ailment === undefined;

/** Of an old task: it is ready, or runs and will be once it was checked. One deployment right after another must not take all that serves. */
const serves = (task: ScheduledTask) => task.ready || (task.status === 'RUNNING' && task.ailment === undefined);

function isSettled(situation: Situation, wanted: ScheduledTask[]): boolean {
  const kept = wanted.filter(isKept(situation));
  // A circuit breaker sees more than the first second of its deployment's tasks.
  const { status, desiredCount, deploymentConfiguration } = situation.service;
  const watched = deploymentConfiguration.deploymentCircuitBreaker?.enable && primaryOf(situation)?.rolloutState === 'IN_PROGRESS' && !primaryOf(situation)?.rollback;
  return status === 'ACTIVE' && kept.length === desiredCount && wanted.length === kept.length && kept.every((task) => (watched ? task.proven : task.ready));
}

/** Starts wait until the throttle lets them; a deployment that failed starts nothing. */
function heldBack(situation: Situation, start: Plan['start']): Pick<Plan, 'start' | 'againInMs'> {
  const primary = primaryOf(situation);
  if (!start.count || primary?.rolloutState === 'FAILED') return { start: { count: 0 } };
  const wait = primary?.notBefore ? Date.parse(primary.notBefore) - situation.now.getTime() : 0;
  return wait > 0 ? { start: { count: 0 }, againInMs: wait } : { start };
}

function replica(situation: Situation, wanted: ScheduledTask[]): Pick<Plan, 'start' | 'stop'> {
  const { service, cramped } = situation;
  const { desiredCount } = service;
  const { maximumPercent, minimumHealthyPercent } = service.deploymentConfiguration;
  const most = Math.max(Math.floor((desiredCount * maximumPercent) / 100), minimumHealthyPercent < 100 ? 1 : 0);
  const least = Math.ceil((desiredCount * minimumHealthyPercent) / 100);
  const kept = wanted.filter(isKept(situation));
  const old = wanted.filter((task) => !isKept(situation)(task));
  const missing = desiredCount - kept.length;
  const room = Math.max(0, most - wanted.length);
  const count = Math.max(0, Math.min(missing, room));
  const tooMany = missing < 0 ? pickToStop(kept, -missing) : [];
  return { start: { count }, stop: [...tooMany.map((task) => because(task, scaling(service))), ...replaced()] };

  /** Which of the old tasks go now. */
  function replaced(): Plan['stop'] {
    const ready = [...kept.filter((task) => task.ready), ...old.filter(serves)].length - tooMany.filter((task) => task.ready).length;
    // Where nothing more can be started, healthy tasks make room down to the least; else only as many go as are too many.
    const blocked = missing > 0 && (cramped || room === 0) && primaryOf(situation)?.rolloutState !== 'FAILED';
    const spare = Math.max(0, ready - (blocked ? least : Math.max(least, desiredCount)));
    const useless = old.filter((task) => !serves(task) && (task.ailment === undefined || blocked || missing <= 0));
    const going = [...useless, ...pickToStop(old.filter(serves), spare)];
    return going.map((task) => because(task, task.ailment ?? scaling(service)));
  }
}

function daemon(situation: Situation, wanted: ScheduledTask[]): Pick<Plan, 'start' | 'stop'> {
  const { service, instances } = situation;
  const { maximumPercent, minimumHealthyPercent } = service.deploymentConfiguration;
  const least = Math.ceil((instances.length * minimumHealthyPercent) / 100);
  const kept = wanted.filter(isKept(situation));
  const has = (tasks: ScheduledTask[], instance: string) => tasks.some((task) => task.instance === instance);
  const surplus = kept.filter((task, i) => !instances.includes(task.instance) || kept.findIndex((other) => other.instance === task.instance) !== i);
  const old = wanted.filter((task) => !isKept(situation)(task));
  const replacedOld = old.filter((task) => !task.ready || !instances.includes(task.instance) || kept.some((other) => other.instance === task.instance && other.ready));
  const early = maximumPercent > 100 ? [] : pickToStop(old.filter((task) => !replacedOld.includes(task)), Math.max(0, wanted.filter((task) => task.ready).length - least));
  const free = instances.filter((instance) => !has(kept, instance) && (maximumPercent > 100 || !has(old, instance)));
  return {
    start: { count: free.length, instances: free },
    stop: [...surplus, ...replacedOld, ...early].map((task) => because(task, task.ailment ?? scaling(service))),
  };
}
