import type { Controller } from '../../../control/controller.ts';
import type { Env } from '../../../control/service.ts';
import { instanceById, instances as ec2Instances, type Instance } from '../../ec2/index.ts';
import { loseTasks, removeInstance } from '../instances/remove.ts';
import { containerInstances } from '../records.ts';

/** INACTIVE container instances are told of for an hour. */
const KEPT_MS = 60 * 60_000;

/** Container instances whose machine is gone: they are deregistered, and what was on them counts as stopped. */
export const instanceController: Controller = {
  name: 'ecs/container-instances',
  watches: [
    { prefix: containerInstances.prefix },
    {
      prefix: ec2Instances.prefix,
      async items({ key, value }, env) {
        const id = (value as Instance).id;
        return (await containerInstances.list(env.store, ec2Instances.parse(key))).filter((entry) => entry.value.ec2InstanceId === id).map((entry) => entry.key);
      },
    },
  ],
  reconcile: (key, env) => reconcile(env, key),
};

async function reconcile(env: Env, key: string): Promise<void | { againInMs: number }> {
  const entry = await containerInstances.at(env.store, key);
  if (!entry) return undefined;
  const { value: instance } = entry;
  // Fargate's come and go with their machines.
  if (instance.fargate) return undefined;
  if (instance.status === 'INACTIVE') {
    // Again after a crash between the instance and its tasks.
    await loseTasks(env, key, instance, { code: 'TerminationNotice', reason: 'The container instance was deregistered.' });
    const left = Date.parse(instance.deregisteredAt ?? instance.registeredAt) + KEPT_MS - env.now().getTime();
    if (left > 0) return { againInMs: left };
    await env.store.commit([{ delete: key, expect: entry.revision }]);
    return undefined;
  }
  if (!instance.ec2InstanceId) return undefined;
  const machine = await instanceById(env, containerInstances.parse(key), instance.ec2InstanceId);
  if (!machine || machine.state === 'terminated') {
    const why = { code: 'TerminationNotice' as const, reason: `Host EC2 (instance ${instance.ec2InstanceId}) terminated.` };
    // Tasks first: after a crash in between, the instance is still there to tell why.
    await loseTasks(env, key, instance, why);
    await removeInstance(env, key, why);
  } else if (machine.state === 'stopped') {
    await loseTasks(env, key, instance, { code: 'TerminationNotice', reason: `Host EC2 (instance ${instance.ec2InstanceId}) stopped.` });
  }
  return undefined;
}
