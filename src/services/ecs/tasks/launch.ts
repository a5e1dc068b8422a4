import type { Env, Scope } from '../../../control/service.ts';
import { subnetById } from '../../ec2/index.ts';
import type { Candidate } from '../placement/candidate.ts';
import { place, refusal, type Placement, type Wish } from '../placement/place.ts';
import { demandOf } from '../placement/resources.ts';
import { providerName } from '../capacity.ts';
import { growing } from '../providers.ts';
import { launchOnFargate } from '../fargate/launch.ts';
import { containerInstances, tasks } from '../records.ts';
import { candidatesIn, readWorld } from '../world.ts';
import { newTask, type TaskSpec } from './new.ts';
import { sharesOf, type Launched, type LaunchRequest, type Share } from './request.ts';

/**
 * Places tasks and stores them in one commit that also writes the records of their instances: of two placements that count on the same
 * resources one loses, looks again and places anew.
 */
export async function launch(env: Env, scope: Scope, request: LaunchRequest): Promise<Launched> {
  if (request.launchType === 'FARGATE') return launchOnFargate(env, scope, request);
  const { spec } = request;
  const wish = await wishOf(env, scope, request);
  const grow = await growing(env, scope, (request.capacity ?? []).map((item) => providerName(item.capacityProvider ?? '')));
  for (;;) {
    const world = await readWorld(env, scope, spec.cluster);
    const candidates = candidatesIn(world);
    const { placed, waiting, failures } = request.exactly
      ? { ...placeExactly(candidates, request.exactly, wish), waiting: [] }
      : placeByCapacity(candidates, wish, sharesOf(world, request), grow);
    const byId = new Map(world.instances.map((entry) => [entry.value.id, entry]));
    const launched = [
      ...placed.flatMap((id) => byId.get(id) ?? []).map(({ value: instance }) => {
        const provider = request.capacity?.length ? world.providers.get(instance.ec2InstanceId ?? '') : undefined;
        return newTask(env, spec, instance, provider === undefined ? {} : { capacityProvider: provider });
      }),
      ...waiting.map((capacityProvider) => newTask(env, spec, undefined, { capacityProvider, waiting: { constraints: request.constraints, strategy: request.strategy } })),
    ];
    const changes = [
      ...launched.map((task) => tasks.put(tasks.key(scope, spec.cluster, task.id), task, 0)),
      ...[...new Set(placed)].flatMap((id) => byId.get(id) ?? []).map(({ key, value, revision }) => containerInstances.put(key, { ...value, version: value.version + 1 }, revision)),
      ...(launched.length && request.also ? await request.also(launched) : []),
    ];
    const answer = { tasks: launched, failures, considered: candidates.length };
    if (!changes.length || (await env.store.commit(changes)).ok) return answer;
  }
}

export async function wishOf(env: Env, scope: Scope, { spec, count, constraints, strategy }: Pick<LaunchRequest, 'count' | 'constraints' | 'strategy'> & { spec: Pick<TaskSpec, 'definition' | 'group' | 'overrides' | 'networkConfiguration'> }): Promise<Wish> {
  const { definition } = spec;
  const awsvpc = definition.networkMode === 'awsvpc';
  const subnets = awsvpc ? await Promise.all((spec.networkConfiguration?.awsvpcConfiguration?.subnets ?? []).map((id) => subnetById(env, scope, id))) : [];
  return {
    count, group: spec.group, demand: demandOf(definition, spec.overrides), requiresAttributes: definition.requiresAttributes, awsvpc,
    ...(awsvpc && { zones: subnets.flatMap((subnet) => (subnet ? [subnet.zone] : [])) }),
    constraints: [...definition.placementConstraints, ...constraints], strategy,
  };
}

/** Each share on its provider's instances. What finds no room there waits, where the provider's group grows. */
function placeByCapacity(candidates: Candidate[], wish: Wish, shares: Share[], grow: Set<string>): Placement & { waiting: string[] } {
  const each = shares.map(({ provider, count }) => {
    const pool = provider === undefined ? candidates : candidates.filter((candidate) => candidate.provider === provider);
    const { placed, failures } = place(pool, { ...wish, count });
    return provider !== undefined && grow.has(provider)
      ? { placed, failures: [], waiting: Array<string>(count - placed.length).fill(provider) }
      : { placed, failures, waiting: [] };
  });
  return { placed: each.flatMap((one) => one.placed), failures: each.flatMap((one) => one.failures), waiting: each.flatMap((one) => one.waiting) };
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
