import { omit } from '../../../control/omit.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { runInstances, terminateInstances } from '../../ec2/index.ts';
import type { Instance } from '../../ec2/index.ts';
import { deregisterTargets, registerTargets, targetGroup } from '../../elasticloadbalancing/index.ts';
import { begin, detailsOf, finish, newActivityId, progress } from '../activities.ts';
import { launchRequest } from '../launching.ts';
import { GROUP_TAG, groups, members } from '../records.ts';
import type { Group, Member } from '../records.ts';
import type { Action } from '../step.ts';
import { beginTermination } from '../termination.ts';

const BACKOFF_SECONDS = { first: 5, most: 300 };

/** False where the rest of the actions should wait for another look: a launch failed. */
export async function perform(env: Env, scope: Scope, group: Group, action: Action): Promise<boolean> {
  switch (action.type) {
    case 'launch':
      return launch(env, scope, group, action);
    case 'resume':
      return run(env, scope, group, action.member, []);
    case 'failed':
      await fail(env, scope, group, action.member, action.message);
      return false;
    case 'serve':
      await serve(env, scope, group, action.member);
      break;
    case 'register':
      for (const arn of action.targetGroupArns) await ifThere(env, scope, arn, () => registerTargets(env, scope, arn, [{ id: action.member.instanceId ?? '' }]));
      break;
    case 'deregister':
      for (const arn of action.targetGroupArns) await ifThere(env, scope, arn, () => deregisterTargets(env, scope, arn, [{ id: action.member.instanceId ?? '' }]));
      break;
    case 'terminate':
      await beginTermination(env, scope, group, action.member, action.cause);
      break;
    case 'shutDown':
      if (action.member.instanceId) await terminateInstances(env, scope, [action.member.instanceId]);
      if (action.member.activity) await progress(env, scope, group.name, action.member.activity, { progress: 50 });
      break;
    case 'forget':
      await finish(env, scope, group.name, action.member.activity);
      await env.store.commit([{ delete: members.key(scope, group.name, action.member.id) }]);
      break;
  }
  return true;
}

async function ifThere(env: Env, scope: Scope, targetGroupArn: string, then: () => Promise<void>): Promise<void> {
  if (await targetGroup(env, scope, targetGroupArn)) await then();
}

async function launch(env: Env, scope: Scope, group: Group, { subnets, cause }: Action & { type: 'launch' }): Promise<boolean> {
  const [first, ...others] = subnets;
  if (!first) return false;
  const id = newActivityId(env);
  const member: Member = {
    id, group: group.name, zone: first.zone, subnetId: first.id, lifecycleState: 'Pending', health: 'Healthy', activity: id, createdAt: env.now().toISOString(),
    protectedFromScaleIn: group.newInstancesProtectedFromScaleIn, launching: await launchRequest(env, scope, group, first.id, id),
  };
  const { change } = begin(env, scope, group, { id, cause, description: 'Launching a new EC2 instance', details: detailsOf(member), status: 'WaitingForInstanceId' });
  const commit = await env.store.commit([members.put(members.key(scope, group.name, id), member, 0), change]);
  return commit.ok && run(env, scope, group, member, others);
}

/** Asks EC2 for the instance, in the next zones too if the first has no room. The stored request comes before the call, so that a crash repeats this very call. */
async function run(env: Env, scope: Scope, group: Group, member: Member, others: Group['subnets']): Promise<boolean> {
  const key = members.key(scope, group.name, member.id);
  try {
    const [instance] = await runInstances(env, scope, member.launching ?? (await launchRequest(env, scope, group, member.subnetId, member.id)), { requesterId: 'autoscaling.amazonaws.com', systemTags: { [GROUP_TAG]: group.name } });
    if (!instance) throw new AwsError('InternalError', 500, 'An internal error has occurred');
    await members.update(env.store, key, (current) => launched(group, current, instance));
    await progress(env, scope, group.name, member.id, { status: 'PreInService', progress: 30, description: `Launching a new EC2 instance: ${instance.id}`, details: detailsOf({ subnetId: instance.subnetId, zone: instance.zone }) });
    return true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const next = error.code === 'InsufficientInstanceCapacity' ? others.find(({ zone }) => zone !== member.zone) : undefined;
    if (!next) {
      await fail(env, scope, group, member, error.message);
      return false;
    }
    const moved = await members.update(env.store, key, (current) => ({ ...current, zone: next.zone, subnetId: next.id, ...(current.launching && { launching: { ...current.launching, SubnetId: next.id } }) }));
    return moved ? run(env, scope, group, moved, others.filter(({ zone }) => zone !== next.zone)) : false;
  }
}

function launched(group: Group, member: Member, instance: Instance): Member {
  const version = instance.tags['aws:ec2launchtemplate:version'] ?? '';
  return {
    ...omit(member, 'launching'), instanceId: instance.id, instanceType: instance.instanceType, imageId: instance.imageId, zone: instance.zone, subnetId: instance.subnetId,
    ...('template' in group.launch ? { template: { ...group.launch.template, version } } : { configuration: group.launch.configuration }),
  };
}

/** The launch came to nothing: it is told, and the next one waits longer. */
async function fail(env: Env, scope: Scope, group: Group, member: Member, message: string): Promise<void> {
  if (member.instanceId) await terminateInstances(env, scope, [member.instanceId]);
  await finish(env, scope, group.name, member.activity, { message: `${message} Launching EC2 instance failed.`, description: `Launching a new EC2 instance${member.instanceId ? `: ${member.instanceId}` : ''}.  Status Reason: ${message} Launching EC2 instance failed.` });
  await groups.update(env.store, groups.key(scope, group.name), (current) => {
    const failures = (current.backoff?.failures ?? 0) + 1;
    const seconds = Math.min(BACKOFF_SECONDS.most, BACKOFF_SECONDS.first * 2 ** (failures - 1));
    return { ...current, backoff: { failures, until: new Date(env.now().getTime() + seconds * 1000).toISOString() } };
  });
  await env.store.commit([{ delete: members.key(scope, group.name, member.id) }]);
}

async function serve(env: Env, scope: Scope, group: Group, member: Member): Promise<void> {
  await members.update(env.store, members.key(scope, group.name, member.id), (current) => ({ ...omit(current, 'activity'), lifecycleState: 'InService', inServiceAt: env.now().toISOString() }));
  await finish(env, scope, group.name, member.activity);
  if (group.backoff) await groups.update(env.store, groups.key(scope, group.name), (current) => omit(current, 'backoff'));
}
