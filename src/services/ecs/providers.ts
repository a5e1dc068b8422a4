import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { Env, Scope } from '../../control/service.ts';
import { autoScalingGroups, autoScalingMembers } from '../autoscaling/index.ts';
import { providerName } from './capacity.ts';
import { capacityProviders, type CapacityProvider } from './records.ts';

/** Capacity providers at work: whose each instance is, and how a strategy shares tasks out among them. */

/** The name of a provider's Auto Scaling group: its ARN ends with it. */
export const groupNameOf = ({ autoScalingGroupProvider: { autoScalingGroupArn: arn } }: CapacityProvider) => arn.replace(/^.*autoScalingGroupName\//, '');

/** By EC2 instance id, the provider (one of these names) whose Auto Scaling group it is in. */
export async function providersOfInstances(env: Env, scope: Scope, names: string[]): Promise<Map<string, string>> {
  const found = (await Promise.all(names.map((name) => capacityProviders.get(env.store, scope, name)))).flatMap((entry) => (entry ? [entry.value] : []));
  const members = await Promise.all(found.map(async (provider) => {
    const own = await autoScalingMembers.list(env.store, scope, groupNameOf(provider));
    return own.flatMap(({ value: { instanceId } }): [string, string][] => (instanceId ? [[instanceId, provider.name]] : []));
  }));
  return new Map(members.flat());
}

/** Those of the names whose group grows for tasks that find no room. */
export async function growing(env: Env, scope: Scope, names: string[]): Promise<Set<string>> {
  const found = await Promise.all(names.map((name) => capacityProviders.get(env.store, scope, name)));
  const scaled = found.filter((entry) => entry?.value.autoScalingGroupProvider.managedScaling.status === 'ENABLED');
  const groups = await Promise.all(scaled.map(async (entry) => (entry && (await autoScalingGroups.get(env.store, scope, groupNameOf(entry.value))) ? [entry.value.name] : [])));
  return new Set(groups.flat());
}

/**
 * How many of `count` tasks go to each provider, beside those that it already runs: the base first, then by weight.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
 */
export function apportion(strategy: CapacityProviderStrategyItem[], count: number, running: ReadonlyMap<string, number>): Map<string, number> {
  const items = strategy.map(({ capacityProvider = '', base = 0, weight }) => ({ name: providerName(capacityProvider), base, weight: strategy.length === 1 ? 1 : weight ?? 0 }));
  const share = new Map<string, number>();
  const has = (name: string) => (running.get(name) ?? 0) + (share.get(name) ?? 0);
  for (let n = 0; n < count; n++) {
    const weighted = items.filter((item) => item.weight > 0).sort((a, b) => (has(a.name) - a.base) / a.weight - (has(b.name) - b.base) / b.weight);
    const next = items.find((item) => has(item.name) < item.base) ?? weighted[0];
    if (!next) break;
    share.set(next.name, (share.get(next.name) ?? 0) + 1);
  }
  return share;
}
