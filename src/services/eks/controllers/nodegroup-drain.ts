import type { Env } from '../../../control/service.ts';
import { isConflict, isNotFound, isTooManyRequests } from '../../../kube/errors.ts';
import { nodes, pods } from '../../../kube/resources.ts';
import type { KubeNode } from '../../../kube/types.ts';
import { drain } from '../nodegroups/drain.ts';
import type { Nodegroup } from '../records.ts';
import type { World } from '../worlds.ts';

/** A node group and what is seen of it. */
export interface View {
  group: Nodegroup;
  /** Undefined while the cluster does not answer. */
  world: World<{ nodes: typeof nodes }> | undefined;
  /** Its nodes. */
  own: KubeNode[];
}

export const isReady = (node: KubeNode) => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
export const instanceOf = (node: KubeNode) => node.spec.providerID?.split('/').at(-1);
export const readyInstances = (own: KubeNode[]) => new Set(own.filter(isReady).map(instanceOf).filter((id) => id !== undefined));
export const nodesOf = (own: KubeNode[], ids: readonly string[]) => own.filter((node) => ids.includes(instanceOf(node) ?? ''));

/**
 * One look at the nodes `own`, drained since `since`: `empty` once no pod is left that must go, `late` when they have waited long enough for
 * it. Otherwise what is left is evicted.
 */
export async function drainNodes(env: Env, { world, own }: Pick<View, 'world' | 'own'>, since: string): Promise<'empty' | 'late' | 'waiting'> {
  const forMs = env.now().getTime() - Date.parse(since);
  // A cluster that does not answer keeps nobody's node group alive.
  if (!world) return forMs > 20_000 ? 'late' : 'waiting';
  if (!own.length) return 'empty';
  const names = new Set(own.map(({ metadata }) => metadata.name));
  const others = world.caches.nodes.list().filter((node) => !names.has(node.metadata.name) && isReady(node) && !node.spec.unschedulable && node.metadata.labels?.['eks.amazonaws.com/compute-type'] !== 'fargate').length;
  const onThem = await Promise.all([...names].map((name) => world.client.list(pods, { fieldSelector: `spec.nodeName=${name}` })));
  const plan = drain({ nodes: own, pods: onThem.flatMap(({ items }) => items), others, forMs });
  await cordon(world, plan.cordon, true);
  if (plan.done) return plan.empty ? 'empty' : 'late';
  for (const pod of plan.evict) await world.client.evict(pods, pod.metadata).catch(ignore(isNotFound, isTooManyRequests, isConflict));
  return 'waiting';
}

export async function cordon(world: NonNullable<View['world']>, names: string[], unschedulable: boolean): Promise<void> {
  for (const name of names) await world.client.patch(nodes, { name }, { spec: { unschedulable } }).catch(ignore(isNotFound));
}

/** For what another look will see anyway. */
export const ignore = (...kinds: ((error: unknown) => boolean)[]) => (error: unknown) => {
  if (!kinds.some((is) => is(error))) throw error;
};
