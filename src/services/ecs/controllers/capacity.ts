import { asService } from '../../../control/as-service.ts';
import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { autoScalingGroups, autoScalingMembers, autoscalingOperations } from '../../autoscaling/index.ts';
import { instanceTypes } from '../../ec2/index.ts';
import { nextCapacity } from '../capacity-step.ts';
import { holdsResources } from '../placement/resources.ts';
import { groupNameOf } from '../providers.ts';
import { capacityProviders, clusters, services, tasks, type CapacityProvider, type Resources, type Task } from '../records.ts';
import { readWorld } from '../world.ts';
import { isWaiting } from './waiting.ts';

/**
 * Managed scaling and managed termination protection: the Auto Scaling group of a capacity provider gets the capacity that the tasks
 * need. AWS does so by a metric, CapacityProviderReservation, and alarms on it; here it is looked at whenever a task or an instance
 * changes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
 */
export const capacityController: Controller = {
  name: 'ecs/capacity',
  watches: [
    { prefix: capacityProviders.prefix },
    {
      prefix: tasks.prefix,
      items({ key, value }) {
        const { capacityProvider } = value as Task;
        return capacityProvider ? [capacityProviders.key(tasks.parse(key), capacityProvider)] : [];
      },
    },
    { prefix: autoScalingMembers.prefix, items: async ({ key }, env) => providersOf(env, autoScalingMembers.parse(key), autoScalingMembers.parse(key).names[0] ?? '') },
  ],
  reconcile: (key, env) => reconcile(env, key),
};

async function providersOf(env: Env, scope: Scope, group: string): Promise<string[]> {
  return (await capacityProviders.list(env.store, scope)).filter(({ value }) => groupNameOf(value) === group).map(({ key }) => key);
}

async function reconcile(env: Env, key: string): Promise<void | { againInMs: number }> {
  const provider = await capacityProviders.at(env.store, key);
  if (!provider || provider.value.autoScalingGroupProvider.managedScaling.status === 'DISABLED') return undefined;
  const scope = capacityProviders.parse(key);
  const name = groupNameOf(provider.value);
  const group = (await autoScalingGroups.get(env.store, scope, name))?.value;
  if (!group || group.deleting) return undefined;
  const members = (await autoScalingMembers.list(env.store, scope, name)).map((entry) => entry.value).filter((member) => member.lifecycleState !== 'Terminating');
  const { busy, waiting, room } = await load(env, scope, provider.value);
  const isBusy = (id: string | undefined) => id !== undefined && busy.has(id);
  const autoscaling = asService(autoscalingOperations, env, scope, 'ecs.amazonaws.com');

  if (provider.value.autoScalingGroupProvider.managedTerminationProtection === 'ENABLED') {
    for (const protect of [true, false]) {
      const ids = members.filter((member) => member.lifecycleState === 'InService' && isBusy(member.instanceId) === protect && member.protectedFromScaleIn !== protect).flatMap((member) => member.instanceId ?? []);
      if (ids.length) await autoscaling('SetInstanceProtection', { AutoScalingGroupName: name, InstanceIds: ids, ProtectedFromScaleIn: protect });
    }
  }

  const largest = room ?? typeRoom(members.find((member) => member.instanceType)?.instanceType);
  const step = nextCapacity({
    ...provider.value.autoScalingGroupProvider.managedScaling, desired: group.desiredCapacity, min: group.minSize, max: group.maxSize,
    busy: busy.size, waiting, room: largest, settled: members.length === group.desiredCapacity && members.every((member) => member.lifecycleState !== 'Pending'),
    now: env.now().getTime(), lowSince: provider.value.lowSince === undefined ? undefined : Date.parse(provider.value.lowSince),
  });
  if (step.capacity > group.desiredCapacity) await autoscaling('SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: step.capacity });
  // Idle instances go, whatever the group's own policy would choose.
  for (const member of members.filter((one) => one.lifecycleState === 'InService' && one.instanceId && !isBusy(one.instanceId)).slice(0, Math.max(0, group.desiredCapacity - step.capacity))) {
    await autoscaling('TerminateInstanceInAutoScalingGroup', { InstanceId: member.instanceId ?? '', ShouldDecrementDesiredCapacity: true });
  }
  const since = step.lowSince === undefined ? undefined : new Date(step.lowSince).toISOString();
  if (since !== provider.value.lowSince) {
    const { lowSince: _, ...rest } = provider.value;
    await capacityProviders.update(env.store, key, (current) => (current.lowSince === since ? undefined : { ...rest, ...(since !== undefined && { lowSince: since }) }));
  }
  return step.againInMs === undefined ? undefined : { againInMs: step.againInMs };
}

/** Over all clusters that have the provider: EC2 instances with tasks (those of DAEMON services do not count), tasks that wait, and what one instance holds. */
async function load(env: Env, scope: Scope, provider: CapacityProvider): Promise<{ busy: Set<string>; waiting: Resources[]; room: Resources | undefined }> {
  const busy = new Set<string>();
  const waiting: Resources[] = [];
  let room: Resources | undefined;
  for (const { value: cluster } of await clusters.list(env.store, scope)) {
    if (cluster.status !== 'ACTIVE' || !cluster.capacityProviders.includes(provider.name)) continue;
    const world = await readWorld(env, scope, cluster.name);
    const daemons = new Set((await services.list(env.store, scope, cluster.name)).filter(({ value }) => value.schedulingStrategy === 'DAEMON').map(({ value }) => `service:${value.name}`));
    const counted = world.tasks.map((entry) => entry.value).filter((task) => holdsResources(task) && !daemons.has(task.group));
    for (const { value: instance } of world.instances) {
      if (!instance.ec2InstanceId || instance.status === 'INACTIVE' || world.providers.get(instance.ec2InstanceId) !== provider.name) continue;
      room ??= instance.registered;
      if (counted.some((task) => task.containerInstance === instance.id)) busy.add(instance.ec2InstanceId);
    }
    waiting.push(...counted.filter((task) => isWaiting(task) && task.capacityProvider === provider.name).map((task) => task.demand));
  }
  return { busy, waiting, room };
}

/** What an instance of a type offers to tasks, before one of them told. */
function typeRoom(type: string | undefined): Resources | undefined {
  const known = instanceTypes.get(type ?? '');
  return known && { cpu: known.vcpus * 1024, memory: Math.floor(known.memoryMiB * 0.93), tcp: [], udp: [] };
}
