import type { Env, Scope } from '../../../control/service.ts';
import { subnetById } from '../../ec2/index.ts';
import { tasks, type Task } from '../records.ts';
import { newTask } from '../tasks/new.ts';
import { sharesOf, type Launched, type LaunchRequest } from '../tasks/request.ts';
import { readWorld } from '../world.ts';

interface Place {
  subnetId: string;
  zone: string;
}

/** Tasks on Fargate need no room among instances: each gets a machine of its own (`controllers/fargate.ts`). They are spread over the zones of the subnets. */
export async function launchOnFargate(env: Env, scope: Scope, request: LaunchRequest): Promise<Launched> {
  const { spec } = request;
  const found = await Promise.all((spec.networkConfiguration?.awsvpcConfiguration?.subnets ?? []).map((id) => subnetById(env, scope, id)));
  const places = found.flatMap((subnet) => (subnet ? [{ subnetId: subnet.id, zone: subnet.zone }] : []));
  for (;;) {
    const world = await readWorld(env, scope, spec.cluster);
    const providers = sharesOf(world, request).flatMap(({ provider, count }) => Array<string | undefined>(count).fill(provider));
    const beside = world.tasks.map(({ value }) => value).filter(({ group, desiredStatus }) => group === spec.group && desiredStatus === 'RUNNING');
    const launched: Task[] = [];
    for (const provider of providers) {
      const order = byZone(places, [...beside, ...launched].flatMap(({ availabilityZone }) => availabilityZone ?? []));
      launched.push(newTask(env, spec, undefined, { ...(provider !== undefined && { capacityProvider: provider }), fargate: order }));
    }
    const changes = [...launched.map((task) => tasks.put(tasks.key(scope, spec.cluster, task.id), task, 0)), ...(launched.length && request.also ? await request.also(launched) : [])];
    if (!changes.length || (await env.store.commit(changes)).ok) return { tasks: launched, failures: [], considered: 1 };
  }
}

/** The zones with the fewest tasks first. Of subnets in one zone the first given comes first. */
export function byZone(places: Place[], taken: string[]): Place[] {
  const count = (zone: string) => taken.filter((one) => one === zone).length;
  return places.toSorted((a, b) => count(a.zone) - count(b.zone));
}
