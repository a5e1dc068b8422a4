import type { Env, Scope } from '../../../control/service.ts';
import { hostIsLost, instanceById } from '../../ec2/index.ts';
import { targetGroup, targetHealth } from '../../elasticloadbalancing/index.ts';
import type { TargetHealth } from '../../elasticloadbalancing/index.ts';
import { members } from '../records.ts';
import type { Group, Member } from '../records.ts';
import type { Seen } from '../step.ts';

/** All members of a group, with what EC2 and the balancers say of them. */
export async function look(env: Env, scope: Scope, group: Group): Promise<Seen[]> {
  const found = (await members.list(env.store, scope, group.name)).map((entry) => entry.value);
  const health = await targetsOf(env, scope, [...group.targetGroupArns, ...group.leavingTargetGroupArns]);
  return Promise.all(found.map((member) => lookAt(env, scope, group, member, health)));
}

async function lookAt(env: Env, scope: Scope, group: Group, member: Member, health: Map<string, TargetHealth[]>): Promise<Seen> {
  const instance = member.instanceId === undefined ? undefined : await instanceById(env, scope, member.instanceId);
  const mine = [...health].flatMap(([arn, targets]) => targets.filter(({ target }) => target.id === member.instanceId).map((target) => ({ arn, state: target.state, reason: target.reason })));
  return {
    member,
    state: instance?.state,
    ...(instance?.stateReason && { reason: instance.stateReason.message }),
    impaired: instance?.state === 'running' && (await hostIsLost(env, instance.hostId)),
    unhealthyTarget: group.healthCheckTypes.includes('ELB') && mine.some(({ arn, state }) => state === 'unhealthy' && group.targetGroupArns.includes(arn)),
    registeredIn: mine.map(({ arn }) => arn),
  };
}

/** By target group; one that was deleted has no targets. */
async function targetsOf(env: Env, scope: Scope, arns: string[]): Promise<Map<string, TargetHealth[]>> {
  const found = await Promise.all(arns.map(async (arn) => [arn, (await targetGroup(env, scope, arn)) ? await targetHealth(env, scope, arn) : []] as const));
  return new Map(found);
}
