import type { Env } from '../../../control/service.ts';
import { containerInstances, tasks, type ContainerInstance } from '../records.ts';
import { containersGone, type StopReason } from '../tasks/state.ts';

/** Deregisters an instance; what was on it counts as gone with it. `undefined`: there is no such record. */
export async function removeInstance(env: Env, key: string, why: StopReason): Promise<ContainerInstance | undefined> {
  const gone = await containerInstances.update(env.store, key, (current) =>
    current.status === 'INACTIVE' ? undefined : { ...current, status: 'INACTIVE', version: current.version + 1, deregisteredAt: env.now().toISOString() });
  if (gone) await loseTasks(env, key, gone, why);
  return gone;
}

/** The containers on an instance are gone, whatever their agent last said. */
export async function loseTasks(env: Env, key: string, instance: Pick<ContainerInstance, 'cluster' | 'id'>, why: StopReason): Promise<void> {
  const scope = containerInstances.parse(key);
  const lost = (await tasks.list(env.store, scope, instance.cluster)).filter(({ value }) => value.containerInstance === instance.id);
  for (const task of lost) await tasks.update(env.store, task.key, (current) => containersGone(current, why, env.now().toISOString()));
}

