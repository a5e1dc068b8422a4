import type { Env, Scope } from '../../../control/service.ts';
import { deregisterTargets, registerTargets, targetGroup, targetHealth } from '../../elasticloadbalancing/index.ts';
import { containerInstances, tasks, type Target, type Task } from '../records.ts';

/** Beyond the delay of the group, in case that its balancer does not report. */
const MARGIN_MS = 15_000;

/**
 * The targets of a task that runs: its instance and the port that the agent bound, or the task's own address. `undefined`: the agent
 * has not told the ports yet.
 */
export async function targetsOf(env: Env, scope: Scope, task: Task): Promise<Target[] | undefined> {
  const instance = await containerInstances.get(env.store, scope, task.cluster, task.containerInstance ?? '');
  const targets = task.loadBalancers.map(({ targetGroupArn = '', containerName, containerPort = 0 }): Target | undefined => {
    if (task.attachment) return task.attachment.interface && { targetGroupArn, id: task.attachment.interface.address, port: containerPort };
    const container = task.containers.find(({ name }) => name === containerName);
    const port = container?.networkBindings.find((binding) => binding.containerPort === containerPort)?.hostPort;
    const id = instance?.value.ec2InstanceId;
    return port && id ? { targetGroupArn, id, port } : undefined;
  });
  return targets.every((target) => target !== undefined) ? targets : undefined;
}

const isGone = (error: unknown) => (error as { code?: string }).code === 'TargetGroupNotFound';

export async function registerTarget(env: Env, scope: Scope, { targetGroupArn, id, port }: Target): Promise<void> {
  await registerTargets(env, scope, targetGroupArn, [{ id, port }]);
}

/** Unless another task has come to the same address and port meanwhile. */
export async function deregisterTarget(env: Env, scope: Scope, task: Task, { targetGroupArn, id, port }: Target): Promise<void> {
  const shared = (await tasks.list(env.store, scope, task.cluster)).some(({ value: other }) =>
    other.id !== task.id && other.desiredStatus === 'RUNNING' && other.targets.some((target) => target.targetGroupArn === targetGroupArn && target.id === id && target.port === port));
  if (shared) return;
  try {
    await deregisterTargets(env, scope, targetGroupArn, [{ id, port }]);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether no request can be under way to it any more. */
export async function isDrained(env: Env, scope: Scope, { targetGroupArn, id, port, deregisteredAt }: Target, now: Date): Promise<boolean> {
  if (!deregisteredAt) return false;
  const group = await targetGroup(env, scope, targetGroupArn);
  if (!group) return true;
  const delay = Number(group.attributes['deregistration_delay.timeout_seconds'] ?? 300) * 1000;
  if (now.getTime() - Date.parse(deregisteredAt) > delay + MARGIN_MS) return true;
  const [health] = await targetHealth(env, scope, targetGroupArn, [{ id, port }]);
  // In service again means: another task is there now.
  return health?.state !== 'draining';
}
