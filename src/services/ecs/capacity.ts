import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { Env, Scope } from '../../control/service.ts';
import { parseArn } from './arns.ts';
import { invalid, unsupported } from './errors.ts';
import { capacityProviders, type Cluster, type LaunchType, type Service } from './records.ts';

/** A capacity provider's name, given as such or as ARN. */
export const providerName = (given: string) => (given.startsWith('arn:') ? (parseArn(given)?.parts[0] ?? '') : given);

/** Every account has them. Tasks on FARGATE_SPOT run as those on FARGATE do: nobody takes the capacity back. */
export const FARGATE_PROVIDERS = ['FARGATE', 'FARGATE_SPOT'];
export const isFargate = (provider: string) => FARGATE_PROVIDERS.includes(provider);

/** Names of capacity providers, each of which must be ACTIVE. */
export async function checkProviders(env: Env, scope: Scope, given: string[]): Promise<string[]> {
  const names = [...new Set(given.map(providerName))];
  for (const name of names) {
    if (isFargate(name)) continue;
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
  if (new Set(strategy.map((item) => isFargate(providerName(item.capacityProvider ?? '')))).size > 1) {
    throw invalid('A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.');
  }
  return strategy;
}

/** How tasks are started. Without a strategy: on any instance, or on Fargate. */
export interface Capacity {
  launchType: LaunchType;
  strategy?: CapacityProviderStrategyItem[];
}

/** The given capacity, or the cluster's default strategy where neither a strategy nor a launch type is given. */
export function capacityFor(cluster: Cluster, { launchType, capacityProviderStrategy: given }: { launchType?: string | undefined; capacityProviderStrategy?: CapacityProviderStrategyItem[] | undefined }): Capacity {
  const strategy = launchType || given?.length ? given : cluster.defaultCapacityProviderStrategy;
  if (launchType && strategy?.length) throw invalid('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
  if (launchType && launchType !== 'EC2' && launchType !== 'FARGATE') throw unsupported(`The launch type ${launchType} is not implemented by Gantry.`);
  if (!strategy?.length) return { launchType: launchType === 'FARGATE' ? 'FARGATE' : 'EC2' };
  const items = checkStrategy(strategy, cluster.capacityProviders).map((item) => ({ capacityProvider: providerName(item.capacityProvider ?? ''), weight: item.weight ?? 0, base: item.base ?? 0 }));
  return { launchType: launchTypeOf({ capacityProviderStrategy: items }), strategy: items };
}

/** Where the tasks of a service run. */
export function launchTypeOf({ launchType, capacityProviderStrategy }: Pick<Service, 'launchType' | 'capacityProviderStrategy'>): LaunchType {
  return launchType ?? (capacityProviderStrategy?.some((item) => isFargate(item.capacityProvider ?? '')) ? 'FARGATE' : 'EC2');
}
