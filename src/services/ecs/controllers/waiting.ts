import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { place } from '../placement/place.ts';
import { agents, clusters, containerInstances, taskDefinitionKey, taskDefinitions, tasks, type Task } from '../records.ts';
import { wishOf } from '../tasks/launch.ts';
import { zoneOf } from '../placement/candidate.ts';
import { changed, stop } from '../tasks/state.ts';
import { candidatesIn, readWorld } from '../world.ts';

/** A task of nobody's service is given up after this long. */
const PATIENCE_MS = 15 * 60_000;

export const isWaiting = (task: Task) => task.waiting !== undefined && task.lastStatus === 'PROVISIONING' && task.desiredStatus === 'RUNNING' && task.containerInstance === undefined;

/** Tasks that wait for their capacity provider to grow: each gets the first room that there is, the oldest first. One item a cluster. */
export const waitingController: Controller = {
  name: 'ecs/waiting',
  watches: [
    {
      prefix: tasks.prefix,
      items({ key, value }) {
        const task = value as Task;
        return isWaiting(task) || task.lastStatus === 'STOPPED' ? [clusters.key(tasks.parse(key), task.cluster)] : [];
      },
    },
    { prefix: agents.prefix, items: ({ key }) => [clusters.key(agents.parse(key), agents.parse(key).names[0] ?? '')] },
  ],
  reconcile: (key, env) => reconcile(env, clusters.parse(key), clusters.parse(key).names[0] ?? ''),
};

async function reconcile(env: Env, scope: Scope, cluster: string): Promise<void | { againInMs: number }> {
  const waiting = (await tasks.list(env.store, scope, cluster)).filter((entry) => isWaiting(entry.value)).sort((a, b) => (a.value.createdAt < b.value.createdAt ? -1 : 1));
  const lefts: number[] = [];
  for (const entry of waiting) {
    if (await placed(env, scope, entry)) continue;
    if (entry.value.group.startsWith('service:')) continue;
    const left = Date.parse(entry.value.createdAt) + PATIENCE_MS - env.now().getTime();
    if (left > 0) lefts.push(left);
    else await giveUp(env, entry);
  }
  return lefts.length ? { againInMs: Math.min(...lefts) } : undefined;
}

/** A commit with its instance's record, as every placement; one that loses is tried again when what won is noticed. */
async function placed(env: Env, scope: Scope, { key, value: task, revision }: Entry<Task>): Promise<boolean> {
  const { waiting, ...rest } = task;
  const [family = '', number] = task.taskDefinition.split(':');
  const definition = (await taskDefinitions.get(env.store, scope, ...taskDefinitionKey(family, Number(number))))?.value;
  if (!waiting || !definition) return false;
  const world = await readWorld(env, scope, task.cluster);
  const networkConfiguration = task.attachment && { awsvpcConfiguration: { subnets: task.attachment.subnets } };
  const wish = await wishOf(env, scope, { spec: { definition, group: task.group, overrides: task.overrides, networkConfiguration }, count: 1, ...waiting });
  const [id] = place(candidatesIn(world).filter((candidate) => candidate.provider === task.capacityProvider), wish).placed;
  const instance = world.instances.find((entry) => entry.value.id === id);
  if (!instance) return false;
  const zone = zoneOf(instance.value);
  const next = changed(rest, {
    containerInstance: instance.value.id, ...(zone !== undefined && { availabilityZone: zone }), placedAt: env.now().toISOString(),
    lastStatus: task.attachment ? 'PROVISIONING' : 'PENDING',
  });
  const commit = await env.store.commit([
    tasks.put(key, next, revision),
    containerInstances.put(instance.key, { ...instance.value, version: instance.value.version + 1 }, instance.revision),
  ]);
  if (!commit.ok) throw new Error(`another placement was quicker than that of the task ${task.id}`);
  return true;
}

async function giveUp(env: Env, { key }: Entry<Task>): Promise<void> {
  const why = { code: 'TaskFailedToStart' as const, reason: 'No Container Instances were found in your capacity provider.' };
  await tasks.update(env.store, key, (task) => (isWaiting(task) ? stop(task, why, env.now().toISOString()) : undefined));
}
