import type { CapacityProviderStrategyItem, PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import type { Change } from '../../../store/store.ts';
import type { Placement } from '../placement/place.ts';
import { apportion } from '../providers.ts';
import type { LaunchType, Task } from '../records.ts';
import type { World } from '../world.ts';
import type { TaskSpec } from './new.ts';

export interface LaunchRequest {
  spec: TaskSpec;
  count: number;
  launchType: LaunchType;
  constraints: PlacementConstraint[];
  strategy: PlacementStrategy[];
  /** Only these instances (by id) are looked at: one task on each. */
  exactly?: string[];
  /** The capacity providers that are to run them; empty or absent: any instance. */
  capacity?: CapacityProviderStrategyItem[] | undefined;
  /** Written in the same commit as the tasks. */
  also?(launched: Task[]): Promise<Change[]> | Change[];
}

export interface Launched {
  tasks: Task[];
  failures: Placement['failures'];
  /** How many instances could have been asked at all. */
  considered: number;
}

/** A provider's share of the tasks; without a provider it is all of them. */
export interface Share {
  provider?: string;
  count: number;
}

/** A service's base and weights hold over the tasks that it has, others' over those that are started together. */
export function sharesOf(world: World, { spec, count, capacity }: LaunchRequest): Share[] {
  if (!capacity?.length) return [{ count }];
  const own = spec.group.startsWith('service:') ? world.tasks.map((entry) => entry.value).filter((task) => task.startedBy === spec.startedBy && task.desiredStatus === 'RUNNING') : [];
  const running = new Map([...Map.groupBy(own, (task) => task.capacityProvider ?? '')].map(([name, tasks]) => [name, tasks.length]));
  return [...apportion(capacity, count, running)].map(([provider, share]) => ({ provider, count: share }));
}
