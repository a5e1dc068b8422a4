import type { Change, Entry } from '../../store/store.ts';
import type { Env, Scope } from '../../control/service.ts';
import { partsOf } from './arns.ts';
import { failure } from './errors.ts';
import { listeners, loadBalancers, targetGroups } from './records.ts';
import type { Action, Listener, LoadBalancer, Rule, TargetGroup } from './records.ts';

export async function balancerByArn(env: Env, scope: Scope, arn: string | undefined): Promise<Entry<LoadBalancer> | undefined> {
  const entry = await loadBalancers.get(env.store, scope, partsOf(arn, 'loadbalancer')[0]!);
  return entry?.value.arn === arn ? entry : undefined;
}

export async function requireBalancer(env: Env, scope: Scope, arn: string | undefined): Promise<Entry<LoadBalancer>> {
  const found = await balancerByArn(env, scope, arn);
  if (!found) throw failure('LoadBalancerNotFound', `Load balancer '${arn}' not found`);
  return found;
}

export async function groupByArn(env: Env, scope: Scope, arn: string | undefined): Promise<Entry<TargetGroup> | undefined> {
  const entry = await targetGroups.get(env.store, scope, partsOf(arn, 'targetgroup')[0]!);
  return entry?.value.arn === arn ? entry : undefined;
}

export async function requireGroup(env: Env, scope: Scope, arn: string | undefined): Promise<Entry<TargetGroup>> {
  const found = await groupByArn(env, scope, arn);
  if (!found) throw failure('TargetGroupNotFound', `Target groups '${arn}' not found`);
  return found;
}

export async function requireListener(env: Env, scope: Scope, arn: string | undefined): Promise<Entry<Listener>> {
  const [name, , id] = partsOf(arn, 'listener');
  const entry = await listeners.get(env.store, scope, name!, id!);
  if (entry?.value.arn !== arn) throw failure('ListenerNotFound', 'One or more listeners not found');
  return entry!;
}

/** The rule (undefined for the default rule) with the listener that it is kept in. */
export async function requireRule(env: Env, scope: Scope, arn: string | undefined): Promise<{ entry: Entry<Listener>; rule: Rule | undefined }> {
  const [name, , id] = partsOf(arn, 'listener-rule');
  const entry = await listeners.get(env.store, scope, name!, id!);
  const rule = entry?.value.rules.find((r) => r.arn === arn);
  if (!entry || (!rule && entry.value.defaultRuleArn !== arn)) throw failure('RuleNotFound', 'One or more rules not found');
  return { entry, rule };
}

export const groupArns = (actions: Action[]) => actions.flatMap((action) => (action.type === 'forward' ? action.targetGroups.map((group) => group.arn) : []));

/** ARNs of all target groups that a listener or one of its rules forwards to. */
export function groupsUsedBy(listener: Listener): Set<string> {
  return new Set([...groupArns(listener.defaultActions), ...listener.rules.flatMap((rule) => groupArns(rule.actions))]);
}

/** ARNs of the balancers whose listeners or rules forward to the group: ELB allows one. */
export async function balancersUsing(env: Env, scope: Scope, groupArn: string): Promise<string[]> {
  const all = (await listeners.list(env.store, scope)).map((entry) => entry.value);
  return [...new Set(all.filter((listener) => groupsUsedBy(listener).has(groupArn)).map((listener) => listener.loadBalancerArn))];
}

/** Reads, decides and commits, again and again until no one else wrote in between. `attempt` throws what the caller is told. */
export async function transact<T>(env: Env, attempt: () => Promise<{ changes: Change[]; result: T }>): Promise<T> {
  for (;;) {
    const { changes, result } = await attempt();
    if (!changes.length || (await env.store.commit(changes)).ok) return result;
  }
}
