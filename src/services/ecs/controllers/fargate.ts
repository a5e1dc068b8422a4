import type { Controller } from '../../../control/controller.ts';
import { idOf, observedPrefix } from '../../../control/hosts.ts';
import { connected, deathOf, machineKey, machineWish, removeMachine, taskKeyOf, wishMachine } from '../fargate/machines.ts';
import { fargateMachines, tasks, type Task } from '../records.ts';
import { containersGone, isBefore } from '../tasks/state.ts';

/** Something of a machine that goes is left. */
const SOON = { againInMs: 200 };

/** Machines of tasks on Fargate, which `controllers/tasks.ts` begins: each is brought up, and goes when the containers of its task have gone. */
export const fargateController: Controller = {
  name: 'ecs/fargate',
  watches: [
    { prefix: fargateMachines.prefix },
    { prefix: tasks.prefix, items: ({ key, value }) => ((value as Task).launchType === 'FARGATE' ? [machineKey(key)] : []) },
    { prefix: observedPrefix('instance'), items: async ({ key }, env) => (await fargateMachines.all(env.store)).filter(({ value }) => value.id === idOf(key)).map((entry) => entry.key) },
  ],
  async reconcile(key, env) {
    const entry = await fargateMachines.at(env.store, key);
    if (!entry) return undefined;
    const { names: [cluster = ''], ...scope } = fargateMachines.parse(key);
    const task = await tasks.at(env.store, taskKeyOf(key));
    if (!task || !isBefore(task.value.lastStatus, 'DEPROVISIONING')) return (await removeMachine(env, entry)) ? undefined : SOON;
    const death = await deathOf(env, entry.value);
    if (death !== undefined) {
      const why = { code: 'InfrastructureHealth' as const, reason: `The machine of the task failed: ${death}` };
      await tasks.update(env.store, task.key, (current) => containersGone(current, why, env.now().toISOString()));
      return undefined;
    }
    const machine = await connected(env, scope, entry);
    const wish = machine && machineWish(machine, cluster, scope.region);
    if (machine && wish) await wishMachine(env, machine, wish);
    return undefined;
  },
};
