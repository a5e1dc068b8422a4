import type { RequestContext } from '../../../control/service.ts';
import { targetHealth, targetGroup } from '../../elasticloadbalancing/index.ts';
import { validation } from '../errors.ts';
import { findGroup, membersOf, page } from '../find.ts';
import { groups } from '../records.ts';
import type { Group } from '../records.ts';
import { targetGroupArns } from '../settings.ts';
import type { AutoScalingOperations } from '../table.ts';

/** The controller registers and deregisters the instances; here is only the wish. */
async function attach(context: RequestContext, name: string, arns: string[]): Promise<void> {
  const { key } = await findGroup(context, context, name);
  await groups.update(context.store, key, (group) => ({
    ...group, targetGroupArns: [...new Set([...group.targetGroupArns, ...arns])], leavingTargetGroupArns: group.leavingTargetGroupArns.filter((arn) => !arns.includes(arn)),
  }));
}

async function detach(context: RequestContext, name: string, arns: string[]): Promise<void> {
  const { key, value } = await findGroup(context, context, name);
  const unknown = arns.find((arn) => !value.targetGroupArns.includes(arn));
  if (unknown !== undefined) throw validation(`Trying to remove Target Groups that are not part of the group: ${unknown}`);
  await groups.update(context.store, key, (group) => ({
    ...group, targetGroupArns: group.targetGroupArns.filter((arn) => !arns.includes(arn)), leavingTargetGroupArns: [...new Set([...group.leavingTargetGroupArns, ...arns])],
  }));
}

/** `InService` once one of the group's instances is healthy there, `Added` once all are registered. */
async function stateOf(context: RequestContext, group: Group, arn: string): Promise<string> {
  if (group.leavingTargetGroupArns.includes(arn)) return 'Removing';
  const ids = (await membersOf(context, context, group.name)).filter(({ value }) => value.lifecycleState === 'InService').map(({ value }) => value.instanceId);
  const health = (await targetGroup(context, context, arn)) ? await targetHealth(context, context, arn) : [];
  if (health.some(({ target, state }) => state === 'healthy' && ids.includes(target.id))) return 'InService';
  return ids.every((id) => health.some(({ target }) => target.id === id)) ? 'Added' : 'Adding';
}

const withStates = (context: RequestContext, group: Group) => Promise.all([...group.targetGroupArns, ...group.leavingTargetGroupArns].map(async (arn) => ({ arn, state: await stateOf(context, group, arn) })));

export const targetGroupOperations = {
  AttachLoadBalancerTargetGroups: async (input, context) => {
    await attach(context, input.AutoScalingGroupName ?? '', await targetGroupArns(context, input.TargetGroupARNs, undefined));
    return {};
  },
  DetachLoadBalancerTargetGroups: async (input, context) => {
    await detach(context, input.AutoScalingGroupName ?? '', input.TargetGroupARNs ?? []);
    return {};
  },
  DescribeLoadBalancerTargetGroups: async (input, context) => {
    const { value } = await findGroup(context, context, input.AutoScalingGroupName ?? '');
    const { items, NextToken } = page(await withStates(context, value), input, ({ arn }) => arn);
    return { LoadBalancerTargetGroups: items.map(({ arn, state }) => ({ LoadBalancerTargetGroupARN: arn, State: state })), NextToken };
  },
  AttachTrafficSources: async (input, context) => {
    await attach(context, input.AutoScalingGroupName ?? '', await targetGroupArns(context, undefined, input.TrafficSources));
    return {};
  },
  DetachTrafficSources: async (input, context) => {
    await detach(context, input.AutoScalingGroupName ?? '', (input.TrafficSources ?? []).map(({ Identifier = '' }) => Identifier));
    return {};
  },
  DescribeTrafficSources: async (input, context) => {
    const { value } = await findGroup(context, context, input.AutoScalingGroupName ?? '');
    const { items, NextToken } = page(await withStates(context, value), input, ({ arn }) => arn);
    return { TrafficSources: items.map(({ arn, state }) => ({ Identifier: arn, TrafficSource: arn, Type: 'elbv2', State: state })), NextToken };
  },
} satisfies AutoScalingOperations;
