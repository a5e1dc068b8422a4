import type * as Sdk from '@aws-sdk/client-auto-scaling';
import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import type { Change, Entry } from '../../../store/store.ts';
import { instanceById, setSystemTag } from '../../ec2/index.ts';
import type { Instance } from '../../ec2/index.ts';
import { deregisterTargets, targetGroup } from '../../elasticloadbalancing/index.ts';
import { begin, detailsOf, instantaneous, newActivityId } from '../activities.ts';
import * as causes from '../causes.ts';
import { instanceNotFound, validation } from '../errors.ts';
import { allMembers, findGroup, findMember, membersOf, page } from '../find.ts';
import { GROUP_TAG, groups, members } from '../records.ts';
import type { Activity, Group, Member } from '../records.ts';
import { activityShape, instanceShape, shown } from '../shapes.ts';
import type { AutoScalingOperations } from '../table.ts';
import { termination } from '../termination.ts';

interface Capacity {
  from: number;
  to: number;
}

/** The change of the desired capacity, within its bounds; to be committed together with what makes it true. */
function changeCapacity({ key, value: group, revision }: Entry<Group>, by: number): { capacity: Capacity; change: Change } {
  const to = group.desiredCapacity + by;
  if (to < group.minSize) throw validation(`Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`);
  if (to > group.maxSize) throw validation(`AutoScalingGroup ${group.name} has min-size=${group.minSize}, max-size=${group.maxSize}, and desired-size=${group.desiredCapacity}. To attach ${by} more instance, please update the AutoScalingGroup sizes appropriately.`);
  return { capacity: { from: group.desiredCapacity, to }, change: groups.put(key, { ...group, desiredCapacity: to }, revision) };
}

interface Move {
  /** What becomes of the desired capacity with each instance. */
  by: -1 | 0 | 1;
  changes(member: Entry<Member>): Change[];
  description(instanceId: string): string;
  cause(now: Date, instanceId: string, capacity?: Capacity): string;
}

/** Moves members, each with the capacity and the activity that tells of it in one commit, so that the controller never sees half of it. */
async function move(context: RequestContext, name: string, ids: string[], { by, changes, description, cause }: Move): Promise<{ Activities: Sdk.Activity[] }> {
  for (const id of ids) await findMember(context, context, id, (await findGroup(context, context, name)).value.name);
  const done: Activity[] = [];
  for (const id of ids) {
    done.push(await transact(context, async () => {
      const group = await findGroup(context, context, name);
      const member = await findMember(context, context, id, group.value.name);
      const moved = changes(member);
      const sized = by ? changeCapacity(group, by) : undefined;
      const { record, change } = begin(context, context, group.value, {
        id: newActivityId(context), description: description(id), cause: cause(context.now(), id, sized?.capacity), details: detailsOf(member.value), ...instantaneous(context),
      });
      return { changes: [...moved, ...(sized ? [sized.change] : []), change], result: record };
    }));
  }
  return { Activities: done.map(activityShape) };
}

function inState({ key, value, revision }: Entry<Member>, from: Member['lifecycleState'], to: Member['lifecycleState']): Change {
  if (value.lifecycleState !== from) throw validation(`The instance ${value.instanceId} is not in ${from}.`);
  return members.put(key, { ...value, lifecycleState: to }, revision);
}

function attachment(context: RequestContext, group: Group, instance: Instance, capacity: Capacity): Change[] {
  const id = newActivityId(context);
  const now = context.now().toISOString();
  const member: Member = {
    id, group: group.name, zone: instance.zone, subnetId: instance.subnetId, lifecycleState: 'InService', health: 'Healthy', createdAt: now, inServiceAt: now,
    protectedFromScaleIn: group.newInstancesProtectedFromScaleIn, instanceId: instance.id, instanceType: instance.instanceType, imageId: instance.imageId,
  };
  const { change } = begin(context, context, group, { id, description: `Attaching an existing EC2 instance: ${instance.id}`, cause: causes.attached(context.now(), instance.id, capacity), details: detailsOf(member), ...instantaneous(context) });
  return [members.put(members.key(context, group.name, id), member, 0), change];
}

async function attachable(context: RequestContext, group: Group, id: string): Promise<Instance> {
  const instance = await instanceById(context, context, id);
  if (!instance) throw validation(`Invalid Instance ID(s): [${id}]`);
  if (instance.state !== 'running') throw validation(`Instance(s) are not in a running state: [${id}]`);
  if ((await allMembers(context, context)).some(({ value }) => value.instanceId === id)) throw validation(`Instance ${id} is already part of an AutoScalingGroup.`);
  if (!group.subnets.some(({ zone }) => zone === instance.zone)) throw validation(`Instance ${id} is in the Availability Zone ${instance.zone}, which the AutoScalingGroup does not have.`);
  return instance;
}

export const instanceOperations = {
  DescribeAutoScalingInstances: async (input, context) => {
    const all = shown((await allMembers(context, context)).map((entry) => entry.value));
    const { items, NextToken } = page(input.InstanceIds?.length ? all.filter(({ instanceId }) => input.InstanceIds?.includes(instanceId ?? '')) : all, input, ({ group, id }) => `${group}/${id}`);
    return { AutoScalingInstances: items.map((member) => ({ ...instanceShape(member), AutoScalingGroupName: member.group, HealthStatus: member.health.toUpperCase() })), NextToken };
  },

  TerminateInstanceInAutoScalingGroup: async ({ InstanceId: id = '', ShouldDecrementDesiredCapacity: decrement }, context) => transact(context, async () => {
    const member = await findMember(context, context, id);
    if (member.value.lifecycleState === 'Terminating') throw validation(`The instance ${id} is already being terminated.`);
    const group = await findGroup(context, context, member.value.group);
    const sized = decrement ? changeCapacity(group, -1) : undefined;
    const { changes, record } = termination(context, context, group.value, member, causes.userTerminated(context.now(), id, sized?.capacity));
    return { changes: [...changes, ...(sized ? [sized.change] : [])], result: { Activity: activityShape(record) } };
  }),

  AttachInstances: async ({ InstanceIds: ids = [], AutoScalingGroupName: name = '' }, context) => {
    await transact(context, async () => {
      const group = await findGroup(context, context, name);
      const found = await Promise.all(ids.map((id) => attachable(context, group.value, id)));
      const { capacity, change } = changeCapacity(group, found.length);
      return { changes: [change, ...found.flatMap((instance) => attachment(context, group.value, instance, capacity))], result: undefined };
    });
    for (const id of ids) await setSystemTag(context, context, id, GROUP_TAG, name);
    return {};
  },

  DetachInstances: async ({ InstanceIds: ids = [], AutoScalingGroupName: name = '', ShouldDecrementDesiredCapacity: decrement }, context) => {
    const { value: group } = await findGroup(context, context, name);
    const told = await move(context, name, ids, {
      by: decrement ? -1 : 0, changes: ({ key, revision }) => [{ delete: key, expect: revision }], description: (id) => `Detaching EC2 instance: ${id}`, cause: causes.detached,
    });
    for (const id of ids) {
      await setSystemTag(context, context, id, GROUP_TAG, undefined);
      for (const arn of group.targetGroupArns) if (await targetGroup(context, context, arn)) await deregisterTargets(context, context, arn, [{ id }]);
    }
    return told;
  },

  EnterStandby: ({ InstanceIds: ids = [], AutoScalingGroupName: name = '', ShouldDecrementDesiredCapacity: decrement }, context) => move(context, name, ids, {
    by: decrement ? -1 : 0, changes: (member) => [inState(member, 'InService', 'Standby')], description: (id) => `Moving EC2 instance to Standby: ${id}`, cause: causes.standbyEntered,
  }),

  ExitStandby: ({ InstanceIds: ids = [], AutoScalingGroupName: name = '' }, context) => move(context, name, ids, {
    by: 1, changes: (member) => [inState(member, 'Standby', 'Pending')], description: (id) => `Moving EC2 instance out of Standby: ${id}`, cause: causes.standbyLeft,
  }),

  SetInstanceHealth: async ({ InstanceId: id = '', HealthStatus: health, ShouldRespectGracePeriod: respect = true }, context) => {
    if (health !== 'Healthy' && health !== 'Unhealthy') throw validation(`1 validation error detected: Value '${health}' at 'healthStatus' failed to satisfy constraint: Member must satisfy enum value set: [Healthy, Unhealthy]`);
    const { key, value } = await findMember(context, context, id);
    const { value: group } = await findGroup(context, context, value.group);
    const age = (context.now().getTime() - Date.parse(value.inServiceAt ?? value.createdAt)) / 1000;
    if (respect && health === 'Unhealthy' && age < group.healthCheckGracePeriod) return {};
    await members.update(context.store, key, (member) => ({ ...member, health }));
    return {};
  },

  SetInstanceProtection: async ({ InstanceIds: ids = [], AutoScalingGroupName: name = '', ProtectedFromScaleIn: protectedFromScaleIn = false }, context) => {
    const { value: group } = await findGroup(context, context, name);
    const known = await membersOf(context, context, group.name);
    const missing = ids.find((id) => !known.some(({ value }) => value.instanceId === id));
    if (missing !== undefined) throw instanceNotFound(missing);
    for (const { key, value } of known) if (ids.includes(value.instanceId ?? '')) await members.update(context.store, key, (member) => ({ ...member, protectedFromScaleIn }));
    return {};
  },
} satisfies AutoScalingOperations;

