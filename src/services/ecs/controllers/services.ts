import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change, Entry } from '../../../store/store.ts';
import { healthWatch } from '../../elasticloadbalancing/index.ts';
import { launchTypeOf } from '../capacity.ts';
import { findTaskDefinition } from '../lookups.ts';
import { agents, clusters, containerInstances, serviceDeployments, serviceRevisions, services, tasks, type ContainerInstance, type Service, type Task, type TaskDefinition } from '../records.ts';
import { closest, sentences, withEvents } from '../scheduler/events.ts';
import { advance } from '../scheduler/history.ts';
import { daemonInstances, observe, provenInMs, readHealths } from '../scheduler/observe.ts';
import type { Plan } from '../scheduler/situation.ts';
import { step } from '../scheduler/step.ts';
import { tellTargets } from '../scheduler/targets.ts';
import { tell } from '../scheduler/tell.ts';
import { launch } from '../tasks/launch.ts';
import type { TaskSpec } from '../tasks/new.ts';
import { stop } from '../tasks/state.ts';
import { readWorld, type World } from '../world.ts';

/** How long until a task that found no room is tried again, though nothing changed. */
const RETRY_MS = 10_000;
/** A service that is gone is told of for this long. */
const KEPT_MS = 60 * 60_000;
const DEFAULT_SPREAD = [{ type: 'spread' as const, field: 'attribute:ecs.availability-zone' }, { type: 'spread' as const, field: 'instanceId' }];

/** All services of the cluster that a record with the cluster's name first in its key belongs to. */
async function servicesBeside(env: Env, { names: [cluster = ''], ...scope }: Scope & { names: string[] }): Promise<string[]> {
  return (await services.list(env.store, scope, cluster)).map((entry) => entry.key);
}

/** Keeps each service at its wished tasks, and deploys: `scheduler/step.ts` decides, this carries it out. */
export const serviceController: Controller = {
  name: 'ecs/services',
  watches: [
    { prefix: services.prefix },
    {
      prefix: tasks.prefix,
      items({ key, value }) {
        const { group, cluster } = value as Task;
        return group?.startsWith('service:') ? [services.key(tasks.parse(key), cluster, group.slice('service:'.length))] : [];
      },
    },
    // An instance that drains or goes is left at once; a new one is noticed when its agent connects.
    { prefix: containerInstances.prefix, items: ({ key, value }, env) => ((value as ContainerInstance).status === 'ACTIVE' ? [] : servicesBeside(env, containerInstances.parse(key))) },
    { prefix: agents.prefix, items: ({ key }, env) => servicesBeside(env, agents.parse(key)) },
    healthWatch(async (arn, env) => (await services.all(env.store)).filter(({ value }) => value.loadBalancers.some((balancer) => balancer.targetGroupArn === arn)).map(({ key }) => key)),
  ],
  reconcile: (key, env) => reconcile(env, key),
};

async function reconcile(env: Env, key: string): Promise<void | { againInMs: number }> {
  const entry = await services.at(env.store, key);
  if (!entry) return;
  if (entry.value.status === 'INACTIVE') return forget(env, entry);
  const scope = services.parse(key);
  // Tasks are read after the service: a start relies on its revision, and every start writes it.
  const world = await readWorld(env, scope, entry.value.cluster);
  const own = world.tasks.filter(({ value }) => value.group === `service:${entry.value.name}`);
  const definition = (await findTaskDefinition(env, scope, entry.value.deployments[0]?.taskDefinition ?? entry.value.taskDefinition))?.value;
  if (!definition) throw new Error(`no task definition for the service ${entry.value.name}`);
  const healths = await readHealths(env, scope, own.map(({ value }) => value));
  const plan = (service: Service, cramped: boolean) => step({
    service, now: env.now(), cramped, tasks: observe(service, own.map(({ value }) => value), world, healths, env.now()),
    instances: service.schedulingStrategy === 'DAEMON' ? daemonInstances(service, definition, world) : [],
  });

  const first = plan(entry.value, false);
  const noted = await note(env, entry, first, own);
  if (!noted) return { againInMs: 0 };
  await stopTasks(env, scope, noted, first.stop, own);
  const found = await start(env, scope, noted, first.start, definition, world);
  if (found === 'stale') return { againInMs: 0 };
  if (found === 'cramped') await stopTasks(env, scope, noted, plan(noted.value, true).stop, own);
  const proven = own.flatMap(({ value }) => provenInMs(value, env.now()) ?? []);
  const waits = [first.againInMs, found === 'cramped' ? RETRY_MS : undefined, ...proven].filter((ms) => ms !== undefined);
  return waits.length ? { againInMs: Math.min(...waits) } : undefined;
}

/** Stores what the plan says of the service, with the marks of the tasks that it took account of. `undefined`: someone else wrote. */
async function note(env: Env, { key, value, revision }: Entry<Service>, plan: Plan, own: Entry<Task>[]): Promise<Entry<Service> | undefined> {
  const gone = value.status === 'DRAINING' && own.every((task) => task.value.lastStatus === 'STOPPED');
  const targets = tellTargets(own.map((task) => task.value));
  const next = withEvents(gone ? { ...plan.service, status: 'INACTIVE', deployments: [], deletedAt: env.now().toISOString() } : plan.service, [...targets.events, ...plan.events], env);
  const marked = own.flatMap((task) => {
    const accounted = plan.accounted.includes(task.value.id);
    const said = targets.marks.get(task.value.id);
    return accounted || said ? [tasks.put(task.key, { ...task.value, ...(accounted && { accounted }), ...(said && { told: said }) }, task.revision)] : [];
  });
  const told = await history(env, services.parse(key), next, own.map((task) => task.value));
  if (next === value && !marked.length && !told.length) return { key, value, revision, createRevision: revision };
  const commit = await env.store.commit([services.put(key, next, revision), ...marked, ...told]);
  return commit.ok ? { key, value: next, revision: commit.revision, createRevision: commit.revision } : undefined;
}

/** What the service's state means for its service deployment. */
async function history(env: Env, scope: Scope, service: Service, own: Task[]): Promise<Change[]> {
  const entry = await serviceDeployments.get(env.store, scope, service.cluster, service.name, service.currentDeployment);
  if (!entry) return [];
  const after = advance(entry.value, service, own, env.now().toISOString());
  return after === entry.value ? [] : [serviceDeployments.put(entry.key, after, entry.revision)];
}

async function stopTasks(env: Env, scope: Scope, { key }: Entry<Service>, stops: Plan['stop'], own: Entry<Task>[]): Promise<void> {
  const stopped: string[] = [];
  let draining = 0;
  for (const { task, reason } of stops) {
    const entry = own.find(({ value }) => value.id === task);
    if (!entry) continue;
    const next = await tasks.update(env.store, tasks.key(scope, entry.value.cluster, task), (current) => stop(current, { code: 'ServiceSchedulerInitiated', reason }, env.now().toISOString()));
    if (next?.stoppedReason !== reason) continue;
    stopped.push(task);
    if (next.targets.length) draining++;
  }
  if (!stopped.length) return;
  const words = [...(draining ? [sentences.draining(draining)] : []), sentences.stopped(stopped)];
  await tell(env, key, words, { steady: false });
}

class Stale extends Error {}

/**
 * Starts what the plan wants. Nothing is started twice: the tasks are stored in one commit with the service, at the revision that the
 * plan was made from.
 */
async function start(env: Env, scope: Scope, { key, value: service, revision }: Entry<Service>, wanted: Plan['start'], definition: TaskDefinition, world: World): Promise<'done' | 'cramped' | 'stale'> {
  const [deployment] = service.deployments;
  if (!wanted.count || !deployment) return 'done';
  const cluster = await clusters.get(env.store, scope, service.cluster);
  if (cluster?.value.status !== 'ACTIVE') return 'done';
  try {
    const { failures, tasks: launched } = await launch(env, scope, {
      spec: specOf(service, definition), count: wanted.count, launchType: launchTypeOf(service), constraints: service.placementConstraints,
      strategy: service.placementStrategy.length || service.schedulingStrategy === 'DAEMON' ? service.placementStrategy : DEFAULT_SPREAD,
      ...(wanted.instances && { exactly: wanted.instances }), capacity: service.capacityProviderStrategy,
      async also(launched) {
        const current = await services.at(env.store, key);
        if (current?.revision !== revision) throw new Stale();
        return [services.put(key, { ...withEvents(service, [sentences.started(launched.map((task) => task.id))], env), steady: false }, revision)];
      },
    });
    if (launched.length >= wanted.count) return 'done';
    const told = closest(failures);
    if (!told && world.instances.some((entry) => entry.value.status === 'ACTIVE')) return 'done';
    const words = told ? sentences.noRoom(told.instance, told.reason) : sentences.noInstances();
    await tell(env, key, [words]);
    return 'cramped';
  } catch (error) {
    if (error instanceof Stale) return 'stale';
    throw error;
  }
}

function specOf(service: Service, definition: TaskDefinition): TaskSpec {
  const [deployment] = service.deployments;
  return {
    cluster: service.cluster, definition, group: `service:${service.name}`, ...(deployment && { startedBy: deployment.id }), overrides: {},
    networkConfiguration: deployment?.networkConfiguration, loadBalancers: service.loadBalancers, enableExecuteCommand: service.enableExecuteCommand,
    tags: {
      ...(service.propagateTags === 'TASK_DEFINITION' && definition.tags), ...(service.propagateTags === 'SERVICE' && service.tags),
      ...(service.enableECSManagedTags && { 'aws:ecs:clusterName': service.cluster, 'aws:ecs:serviceName': service.name }),
    },
  };
}

async function forget(env: Env, { key, value, revision }: Entry<Service>): Promise<void | { againInMs: number }> {
  const left = Date.parse(value.deletedAt ?? value.createdAt) + KEPT_MS - env.now().getTime();
  if (left > 0) return { againInMs: left };
  const scope = services.parse(key);
  const past = (await Promise.all([serviceDeployments, serviceRevisions].map((records) => records.list(env.store, scope, value.cluster, value.name)))).flat();
  await env.store.commit([{ delete: key, expect: revision }, ...past.map((entry) => ({ delete: entry.key }))]);
  return undefined;
}
