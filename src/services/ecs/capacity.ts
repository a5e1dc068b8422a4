import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { Env, Scope } from '../../control/service.ts';
import { parseArn } from './arns.ts';
import { invalid, unsupported } from './errors.ts';
import { capacityProviders, type Cluster } from './records.ts';

/** A capacity provider's name, given as such or as ARN. */
export const providerName = (given: string) => (given.startsWith('arn:') ? (parseArn(given)?.parts[0] ?? '') : given);

/** Names of capacity providers, each of which must be ACTIVE. */
export async function checkProviders(env: Env, scope: Scope, given: string[]): Promise<string[]> {
  const names = [...new Set(given.map(providerName))];
  for (const name of names) {
    if (name === 'FARGATE' || name === 'FARGATE_SPOT') continue;
    const entry = await capacityProviders.get(env.store, scope, name);
    if (entry?.value.status !== 'ACTIVE') throw invalid('The specified capacity provider was not found. Specify a valid name or ARN and try again.');
  }
  return names;
}

/** A strategy over providers of a cluster: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html */
export function checkStrategy(strategy: CapacityProviderStrategyItem[], providers: string[]): CapacityProviderStrategyItem[] {
  if (strategy.length > 20) throw invalid('A capacity provider strategy can contain a maximum of 20 capacity providers.');
  if (strategy.filter((item) => item.base).length > 1) throw invalid('A capacity provider strategy can contain only one item with a base value defined.');
  if (strategy.length > 1 && !strategy.some((item) => item.weight)) throw invalid('A capacity provider strategy must contain at least one item with a weight greater than 0.');
  for (const item of strategy) {
    if (!providers.includes(providerName(item.capacityProvider ?? ''))) {
      throw invalid('The specified capacity provider strategy contains a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.');
    }
  }
  return strategy;
}

/**
 * The strategy that tasks are started by: the given one, or the cluster's where neither it nor a launch type is given; `undefined`: any
 * instance. What runs tasks here is instances; Fargate comes later.
 */
export function capacityFor(cluster: Cluster, { launchType, capacityProviderStrategy: given }: { launchType?: string | undefined; capacityProviderStrategy?: CapacityProviderStrategyItem[] | undefined }): CapacityProviderStrategyItem[] | undefined {
  const strategy = launchType || given?.length ? given : cluster.defaultCapacityProviderStrategy;
  if (launchType && strategy?.length) throw invalid('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
  const fargate = launchType === 'FARGATE' || strategy?.some((item) => providerName(item.capacityProvider ?? '').startsWith('FARGATE'));
  if (fargate || (launchType && launchType !== 'EC2')) throw unsupported(`The launch type ${launchType ?? 'FARGATE'} is not implemented by Gantry.`);
  return strategy?.length ? checkStrategy(strategy, cluster.capacityProviders).map((item) => ({ capacityProvider: providerName(item.capacityProvider ?? ''), weight: item.weight ?? 0, base: item.base ?? 0 })) : undefined;
}
