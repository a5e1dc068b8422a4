import type { Controller } from '../../../control/controller.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { healthWatch } from '../../elasticloadbalancing/index.ts';
import { ensureMachine, machineKey, taskKeyOf } from '../fargate/machines.ts';
import { fargateMachines, tasks, type Task } from '../records.ts';
import { ensureInterface, removeInterface } from '../tasks/network.ts';
import { changed, stop } from '../tasks/state.ts';
import { deregisterTarget, isDrained, registerTarget, targetsOf } from '../tasks/targets.ts';

/** STOPPED tasks are told of for an hour. */
const KEPT_MS = 60 * 60_000;
/** How long an interface may take until the agent sees it. */
const ATTACH_MS = 5 * 60_000;
/** How long a target group may refuse a task's targets. */
const REGISTER_MS = 2 * 60_000;
const DRAIN_POLL_MS = 1000;

type Again = { againInMs: number } | undefined;

/** What ECS itself does for a task on its way (`tasks/state.ts`): interfaces, targets, and forgetting it in the end. */
export const taskController: Controller = {
  name: 'ecs/tasks',
  watches: [
    { prefix: tasks.prefix },
    // One that is gone: its task may stop.
    { prefix: fargateMachines.prefix, items: ({ key }) => [taskKeyOf(key)] },
    healthWatch(async (arn, env) => (await tasks.all(env.store)).filter(({ value }) => value.lastStatus === 'DEACTIVATING' && value.targets.some((target) => target.targetGroupArn === arn)).map(({ key }) => key)),
  ],
  async reconcile(key, env) {
    const entry = await tasks.at(env.store, key);
    if (!entry) return undefined;
    const scope = tasks.parse(key);
    switch (entry.value.lastStatus) {
      case 'PROVISIONING': return provision(env, scope, entry);
      case 'ACTIVATING': return activate(env, scope, entry);
      case 'DEACTIVATING': return deactivate(env, scope, entry);
      case 'DEPROVISIONING': return deprovision(env, scope, entry);
      case 'STOPPED': return forget(env, entry);
      // Their agent's, or nobody's.
      case 'PENDING':
      case 'RUNNING':
      case 'STOPPING': return undefined;
    }
  },
};

/** Writes the next state, if the task is still as it was read; if not, its change wakes the controller again. */
async function advance(env: Env, { key, value, revision }: Entry<Task>, change: Partial<Task>): Promise<boolean> {
  return (await env.store.commit([tasks.put(key, changed(value, change), revision)])).ok;
}

async function provision(env: Env, scope: Scope, entry: Entry<Task>): Promise<Again> {
  const { value: task } = entry;
  const { attachment } = task;
  if (!attachment || !task.containerInstance || task.desiredStatus === 'STOPPED') return undefined;
  const left = Date.parse(task.placedAt ?? task.createdAt) + ATTACH_MS - env.now().getTime();
  if (left <= 0) return fail(env, entry, 'Timeout waiting for network interface provisioning to complete.');
  if (attachment.status !== 'PRECREATED') return { againInMs: left };
  try {
    const machine = task.launchType === 'FARGATE' ? await ensureMachine(env, scope, task, attachment) : undefined;
    if (task.launchType === 'FARGATE' && !machine) return fail(env, entry, 'Capacity is unavailable at this time. Please try again later or in a different availability zone');
    const made = await ensureInterface(env, scope, task, attachment);
    await advance(env, entry, { attachment: { ...attachment, status: 'ATTACHING', interface: made }, ...(machine && { availabilityZone: machine.zone }) });
    return { againInMs: left };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return fail(env, entry, `Unexpected EC2 error while attempting to Create Network Interface in subnet '${attachment.subnets[0]}': ${error.message}`);
  }
}

async function fail(env: Env, { key }: Entry<Task>, reason: string): Promise<undefined> {
  await tasks.update(env.store, key, (task) => stop(task, { code: 'TaskFailedToStart', reason }, env.now().toISOString()));
  return undefined;
}

/** Targets are written down before they are registered, so that none is forgotten. */
async function activate(env: Env, scope: Scope, entry: Entry<Task>): Promise<Again> {
  const { value: task } = entry;
  const targets = await targetsOf(env, scope, task);
  if (!targets) return { againInMs: 1000 };
  if (task.targets.length !== targets.length) {
    await advance(env, entry, { targets });
    return undefined;
  }
  try {
    for (const target of task.targets) await registerTarget(env, scope, target);
  } catch (error) {
    // A machine may be on its way; a group may have been deleted for good.
    if (!(error instanceof AwsError) || env.now().getTime() - Date.parse(task.createdAt) < REGISTER_MS) throw error;
    return fail(env, entry, `Unable to register targets: ${error.message}`);
  }
  await advance(env, entry, { lastStatus: 'RUNNING', startedAt: env.now().toISOString() });
  return undefined;
}

async function deactivate(env: Env, scope: Scope, entry: Entry<Task>): Promise<Again> {
  const { value: task } = entry;
  const now = env.now();
  const fresh = task.targets.filter((target) => !target.deregisteredAt);
  for (const target of fresh) await deregisterTarget(env, scope, task, target);
  if (fresh.length) {
    const targets = task.targets.map((target) => ({ ...target, deregisteredAt: target.deregisteredAt ?? now.toISOString() }));
    await advance(env, entry, { targets });
    return { againInMs: DRAIN_POLL_MS };
  }
  const drained = await Promise.all(task.targets.map((target) => isDrained(env, scope, target, now)));
  if (!drained.every(Boolean)) return { againInMs: DRAIN_POLL_MS };
  await advance(env, entry, { targets: [], lastStatus: 'STOPPING' });
  return undefined;
}

/** Its containers are gone: nothing has to be waited for. */
async function deprovision(env: Env, scope: Scope, entry: Entry<Task>): Promise<Again> {
  const { value: task } = entry;
  for (const target of task.targets) await deregisterTarget(env, scope, task, target);
  // Its machine goes with it, and wakes it when it has gone.
  if (task.launchType === 'FARGATE' && (await fargateMachines.at(env.store, machineKey(entry.key)))) return undefined;
  if (task.attachment) await removeInterface(env, scope, task.attachment);
  await advance(env, entry, {
    targets: [], lastStatus: 'STOPPED', stoppedAt: env.now().toISOString(), ...(task.attachment && { attachment: { ...task.attachment, status: 'DELETED' as const } }),
  });
  return undefined;
}

async function forget(env: Env, { key, value, revision }: Entry<Task>): Promise<Again> {
  const left = Date.parse(value.stoppedAt ?? value.createdAt) + KEPT_MS - env.now().getTime();
  if (left > 0) return { againInMs: left };
  await env.store.commit([{ delete: key, expect: revision }]);
  return undefined;
}
