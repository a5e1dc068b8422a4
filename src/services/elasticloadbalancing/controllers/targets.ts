import type { Controller } from '../../../control/controller.ts';
import { observed, observedPrefix } from '../../../control/hosts.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import type { ObservedTarget } from '../../../wire/host.ts';
import { instances } from '../../ec2/index.ts';
import type { Instance } from '../../ec2/index.ts';
import { attributeValue, groupAttributes } from '../attributes.ts';
import { balancerOf } from '../health.ts';
import { listeners, targetGroups, targets } from '../records.ts';
import type { Target, TargetGroup } from '../records.ts';
import { placeOf } from '../resolve.ts';
import { leave } from '../targets.ts';

/**
 * Ends registrations: of targets that have drained, of instances that are gone, of groups that are gone. An item is a target's key.
 */
export const targetsController: Controller = {
  name: 'elasticloadbalancing/targets',
  watches: [
    { prefix: targets.prefix },
    { prefix: targetGroups.prefix, items: async ({ key, value }, env) => keysOf(env, targetGroups.parse(key), (value as TargetGroup).id) },
    { prefix: instances.prefix, items: async ({ value }, env) => (await targets.all(env.store)).filter((entry) => entry.value.id === (value as Instance).id).map((entry) => entry.key) },
    // Without a listener nothing drains; with a report that all is done it ends early.
    { prefix: listeners.prefix, items: draining },
    { prefix: observedPrefix('balancer'), items: draining },
  ],
  async reconcile(key, env) {
    const entry = await targets.at(env.store, key);
    if (!entry) return undefined;
    const { names: [groupId], ...scope } = targets.parse(key);
    const group = (await targetGroups.list(env.store, scope)).find(({ value }) => value.id === groupId)?.value;
    const step = group ? await nextStep(env, scope, group, entry.value) : 'end';
    if (step === 'end') await env.store.commit([{ delete: key, expect: entry.revision }]);
    if (step === 'drain') await env.store.commit(leave(env, entry, true));
    return typeof step === 'object' ? step : undefined;
  },
};

type Step = 'stay' | 'drain' | 'end' | { againInMs: number };

async function nextStep(env: Env, scope: Scope, group: TargetGroup, target: Target): Promise<Step> {
  const place = await placeOf(env, scope, group, target);
  const balancer = await balancerOf(env, scope, group);
  const seen = place && balancer?.hostId ? (await observed(env.store, balancer.hostId, 'balancer', balancer.id))?.health[group.id]?.[`${place.address}:${target.port}`] : undefined;
  const delayMs = Number(attributeValue(groupAttributes(group), group.attributes, 'deregistration_delay.timeout_seconds')) * 1000;
  return stepFor({ target, instanceState: place?.state, inUse: balancer !== undefined, seen, delayMs, now: env.now() });
}

export interface Situation {
  target: Pick<Target, 'drainingSince'>;
  /** Undefined: the instance is gone. `running` for addresses. */
  instanceState: string | undefined;
  /** A balancer forwards to its group. */
  inUse: boolean;
  seen: ObservedTarget | undefined;
  delayMs: number;
  now: Date;
}

/**
 * A terminated instance is deregistered by ELB itself. A draining target ends when its delay is over, or before that once the balancer
 * itself says that it drains and has no request there ("If a deregistering target has no in-flight requests and no active connections,
 * Elastic Load Balancing immediately completes the deregistration process").
 */
export function stepFor({ target, instanceState, inUse, seen, delayMs, now }: Situation): Step {
  if (instanceState === undefined || instanceState === 'terminated') return 'end';
  if (!target.drainingSince) return instanceState === 'shutting-down' ? 'drain' : 'stay';
  const left = Date.parse(target.drainingSince) + delayMs - now.getTime();
  if (!inUse || left <= 0 || (seen?.state === 'draining' && seen.activeConnections === 0)) return 'end';
  return { againInMs: left };
}

async function draining(_entry: unknown, env: Env): Promise<string[]> {
  return (await targets.all(env.store)).filter(({ value }: Entry<Target>) => value.drainingSince).map((entry) => entry.key);
}

async function keysOf(env: Env, scope: Scope, groupId: string): Promise<string[]> {
  return (await targets.list(env.store, scope, groupId)).map((entry) => entry.key);
}
