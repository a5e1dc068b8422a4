import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { instances } from '../../ec2/index.ts';
import type { Instance } from '../../ec2/index.ts';
import { healthWatch } from '../../elasticloadbalancing/index.ts';
import { forgetOld } from '../activities.ts';
import { activities, GROUP_TAG, groups, members } from '../records.ts';
import type { Group, Member } from '../records.ts';
import { step } from '../step.ts';
import type { Action, Seen } from '../step.ts';
import { look } from './look.ts';
import { perform } from './perform.ts';

/** Each group towards its desired capacity of healthy instances, balanced over its zones. */
export const fleets: Controller = {
  name: 'autoscaling/groups',
  watches: [
    { prefix: groups.prefix },
    { prefix: members.prefix, items: ({ key, value }) => [groups.key(members.parse(key), (value as Member).group)] },
    {
      prefix: instances.prefix,
      items: ({ key, value }) => {
        const name = (value as Instance).tags[GROUP_TAG];
        return name === undefined ? [] : [groups.key(instances.parse(key), name)];
      },
    },
    healthWatch(async (arn, env) => (await groups.all(env.store)).filter(({ value }) => [...value.targetGroupArns, ...value.leavingTargetGroupArns].includes(arn)).map(({ key }) => key)),
  ],
  async reconcile(key, env) {
    const group = (await groups.at(env.store, key))?.value;
    if (!group) return undefined;
    const scope = groups.parse(key);
    const seen = await look(env, scope, group);
    const actions = step(group, seen, env.now());
    if (actions.some(({ type }) => type === 'launch' || type === 'terminate') && group.causes.length) await groups.update(env.store, key, (current) => ({ ...current, causes: current.causes.slice(group.causes.length) }));
    for (const action of actions) if (!(await perform(env, scope, group, action))) break;
    await settle(env, scope, key, group, seen, actions);
    await forgetOld(env, scope, group.name);
    return again(env, group, seen);
  },
};

/** What ends once nothing more is to be done: target groups left, the group deleted. */
async function settle(env: Env, scope: Scope, key: string, group: Group, seen: Seen[], actions: Action[]): Promise<void> {
  const emptied = group.leavingTargetGroupArns.filter((arn) => !seen.some(({ registeredIn }) => registeredIn.includes(arn)));
  if (emptied.length) await groups.update(env.store, key, (current) => ({ ...current, leavingTargetGroupArns: current.leavingTargetGroupArns.filter((arn) => !emptied.includes(arn)) }));
  if (!group.deleting || actions.length || seen.length) return;
  const told = await activities.list(env.store, scope, group.name);
  await env.store.commit([{ delete: key }, ...told.map((entry) => ({ delete: entry.key }))]);
}

/** What time alone changes: the end of a back-off, a grace period, a drain, a lifetime. */
function again(env: Env, group: Group, seen: Seen[]): { againInMs: number } | undefined {
  const now = env.now().getTime();
  const times = [group.backoff ? Date.parse(group.backoff.until) - now : Number.POSITIVE_INFINITY];
  for (const { member, registeredIn } of seen) {
    if (member.lifecycleState === 'Terminating' && registeredIn.length) times.push(1000);
    if (member.lifecycleState === 'InService' && group.healthCheckTypes.includes('ELB')) times.push(Date.parse(member.inServiceAt ?? '') + group.healthCheckGracePeriod * 1000 - now);
  }
  const next = Math.min(...times.filter((ms) => ms > 0));
  return Number.isFinite(next) ? { againInMs: next + 1 } : undefined;
}
