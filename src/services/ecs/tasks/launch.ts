import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { subnetById } from '../../ec2/index.ts';
import type { Candidate } from '../placement/candidate.ts';
import { place, refusal, type Placement, type Wish } from '../placement/place.ts';
import { demandOf } from '../placement/resources.ts';
import { containerInstances, tasks, type Task } from '../records.ts';
import { candidatesIn, readWorld } from '../world.ts';
import { newTask, type TaskSpec } from './new.ts';

export interface LaunchRequest {
  spec: TaskSpec;
  count: number;
  constraints: PlacementConstraint[];
  strategy: PlacementStrategy[];
  /** Only these instances (by id) are looked at: one task on each. */
  exactly?: string[];
  /** Written in the same commit as the tasks. */
  also?(launched: Task[]): Promise<Change[]> | Change[];
}

export interface Launched {
  tasks: Task[];
  failures: Placement['failures'];
  /** How many instances could have been asked at all. */
  considered: number;
}

/**
 * Places tasks and stores them in one commit that also writes the records of their instances: of two placements that count on the same
 * resources one loses, looks again and places anew.
 */
export async function launch(env: Env, scope: Scope, request: LaunchRequest): Promise<Launched> {
  const { spec } = request;
  const wish = await wishOf(env, scope, request);
  for (;;) {
    const world = await readWorld(env, scope, spec.cluster);
    const candidates = candidatesIn(world);
    const { placed, failures } = request.exactly ? placeExactly(candidates, request.exactly, wish) : place(candidates, wish);
    const byId = new Map(world.instances.map((entry) => [entry.value.id, entry]));
    const launched = placed.flatMap((id) => byId.get(id) ?? []).map((entry) => newTask(env, spec, entry.value));
    const changes = [
      ...launched.map((task) => tasks.put(tasks.key(scope, spec.cluster, task.id), task, 0)),
      ...[...new Set(placed)].flatMap((id) => byId.get(id) ?? []).map(({ key, value, revision }) => containerInstances.put(key, { ...value, version: value.version + 1 }, revision)),
      ...(launched.length && request.also ? await request.also(launched) : []),
    ];
    const answer = { tasks: launched, failures, considered: candidates.length };
    if (!changes.length || (await env.store.commit(changes)).ok) return answer;
  }
}

async function wishOf(env: Env, scope: Scope, { spec, count, constraints, strategy }: LaunchRequest): Promise<Wish> {
  const { definition } = spec;
  const awsvpc = definition.networkMode === 'awsvpc';
  const subnets = awsvpc ? await Promise.all((spec.networkConfiguration?.awsvpcConfiguration?.subnets ?? []).map((id) => subnetById(env, scope, id))) : [];
  return {
    count, group: spec.group, demand: demandOf(definition, spec.overrides), requiresAttributes: definition.requiresAttributes, awsvpc,
    ...(awsvpc && { zones: subnets.flatMap((subnet) => (subnet ? [subnet.zone] : [])) }),
    constraints: [...definition.placementConstraints, ...constraints], strategy,
  };
}

function placeExactly(candidates: Candidate[], ids: string[], wish: Wish): Placement {
  const refuses = refusal(wish);
  const judged = ids.map((id) => {
    const candidate = candidates.find(({ instance }) => instance.id === id);
    return { instance: id, reason: candidate ? refuses(candidate) : 'INACTIVE' };
  });
  return {
    placed: judged.filter(({ reason }) => reason === undefined).map(({ instance }) => instance),
    failures: judged.flatMap(({ instance, reason }) => (reason === undefined ? [] : [{ instance, reason }])),
  };
}
