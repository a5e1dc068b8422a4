import type { PlacementConstraint, PlacementStrategy, TaskDefinitionPlacementConstraint } from '@aws-sdk/client-ecs';
import type { Resources } from '../records.ts';
import { subjectsOf, zoneOf, type Candidate } from './candidate.ts';
import { parseQuery } from './query.ts';
import { remaining, shortOf } from './resources.ts';
import { choose } from './strategies.ts';

/** What is to be placed: `count` tasks that are alike. */
export interface Wish {
  count: number;
  group: string;
  demand: Resources;
  requiresAttributes: string[];
  awsvpc: boolean;
  /** Zones of the subnets of a task in awsvpc mode: its interface must be attached in its own zone. */
  zones?: string[];
  /** Of the task definition and of the request. */
  constraints: (PlacementConstraint | TaskDefinitionPlacementConstraint)[];
  strategy: PlacementStrategy[];
}

export interface Placement {
  /** The instance of each task that found one; fewer than wished where the room ends. */
  placed: string[];
  /** Why each instance could not take the first task that found none; empty if all found one. */
  failures: { instance: string; reason: string }[];
}

/**
 * One task after the other: instances that can take it, then those that each strategy likes best, in order.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
 */
export function place(candidates: Candidate[], wish: Wish, random: () => number = Math.random): Placement {
  const refuses = refusal(wish);
  const pool = candidates.map((candidate) => ({ ...candidate, tasks: [...candidate.tasks] }));
  const placed: string[] = [];
  while (placed.length < wish.count) {
    const judged = pool.map((candidate) => ({ candidate, reason: refuses(candidate) }));
    const fit = judged.filter(({ reason }) => reason === undefined).map(({ candidate }) => candidate);
    const chosen = choose(fit, wish, random);
    if (!chosen) {
      return { placed, failures: judged.map(({ candidate, reason = '' }) => ({ instance: candidate.instance.id, reason })) };
    }
    chosen.tasks.push({ group: wish.group, demand: wish.demand, awsvpc: wish.awsvpc });
    placed.push(chosen.instance.id);
  }
  return { placed, failures: [] };
}

/** Why an instance cannot take a task, in ECS's words; `undefined` if it can. */
export function refusal(wish: Omit<Wish, 'count' | 'strategy'>): (candidate: Candidate) => string | undefined {
  const queries = wish.constraints.filter((constraint) => constraint.type === 'memberOf').map((constraint) => parseQuery(constraint.expression ?? ''));
  const distinct = wish.constraints.some((constraint) => constraint.type === 'distinctInstance');
  return (candidate) => {
    const { instance, connected, tasks, interfaces } = candidate;
    if (!connected) return 'AGENT';
    if (wish.requiresAttributes.some((name) => !(name in instance.attributes))) return 'ATTRIBUTE';
    if (wish.zones && !wish.zones.includes(zoneOf(instance) ?? '')) return 'ATTRIBUTE';
    const subjects = subjectsOf(candidate);
    if (!queries.every((query) => query(subjects))) return 'MemberOf placement constraint unsatisfied.';
    if (distinct && tasks.some((task) => task.group === wish.group)) return 'DistinctInstance placement constraint unsatisfied.';
    const short = shortOf(remaining(instance, tasks.map((task) => task.demand)), wish.demand);
    if (short) return short;
    if (wish.awsvpc && interfaces !== undefined && tasks.filter((task) => task.awsvpc).length + 1 >= interfaces) return 'RESOURCE:ENI';
    return undefined;
  };
}
