import type { Controller } from '../../../control/controller.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { isConflict, isNotFound, isTooManyRequests } from '../../../kube/errors.ts';
import { nodes, pods } from '../../../kube/resources.ts';
import type { KubeNode } from '../../../kube/types.ts';
import { autoScalingMembers } from '../../autoscaling/index.ts';
import { clusterWorlds } from '../worlds.ts';
import type { World } from '../worlds.ts';
import { complete, healthOf, refused } from '../nodegroups/health.ts';
import { drain, leaving } from '../nodegroups/drain.ts';
import { nodePatch } from '../nodegroups/node-labels.ts';
import { dismiss, ensureAccessEntry, ensureFleet, ensureProfile, ensureTemplate, fleetNameOf, fleetOf, removeFleet, removeTheRest, resizeFleet, stopLaunches } from '../nodegroups/resources.ts';
import { clusters, nodegroups, pkis, updates } from '../records.ts';
import type { Cluster, Nodegroup } from '../records.ts';

const GROUP_LABEL = 'eks.amazonaws.com/nodegroup';
const WATCHED = { nodes };
const SOON = { againInMs: 2000 };

const worlds = clusterWorlds(WATCHED, (cluster, node, scope) => {
  const group = node.metadata.labels?.[GROUP_LABEL];
  return group === undefined ? [] : [nodegroups.key(scope, cluster.name, group)];
});

/** Managed node groups: what they are made of, their status and health, their updates, and their end. */
export const nodegroupController: Controller = {
  name: 'eks/nodegroups',
  watches: [
    { prefix: nodegroups.prefix },
    { prefix: autoScalingMembers.prefix, items: ({ key }, env) => ofFleet(env, key) },
    // A cluster whose endpoint has just come up.
    { prefix: clusters.prefix, items: async ({ key }, env) => (await nodegroups.list(env.store, clusters.parse(key), clusters.parse(key).names[0] ?? '')).map((entry) => entry.key) },
  ],
  listen: worlds.listen,
  async reconcile(key, env) {
    const group = (await nodegroups.at(env.store, key))?.value;
    if (!group || group.status === 'CREATE_FAILED') return;
    const scope = nodegroups.parse(key);
    const cluster = (await clusters.get(env.store, scope, group.cluster))?.value;
    if (!cluster) return;
    const world = worlds.of(env, clusters.key(scope, cluster.name));
    const own = (world?.caches.nodes.list() ?? []).filter((node) => node.metadata.labels?.[GROUP_LABEL] === group.name);
    if (group.status === 'DELETING') return remove(env, scope, key, { group, world, own });
    if (!(await madeOrTold(env, scope, key, cluster, group))) return SOON;
    if (group.status === 'UPDATING' && !(await update(env, scope, key, { group, world, own }))) return SOON;
    return observe(env, scope, key, own);
  },
};

interface View {
  group: Nodegroup;
  world: World<typeof WATCHED> | undefined;
  /** Its nodes. */
  own: KubeNode[];
}

async function ofFleet(env: Env, memberKey: string): Promise<string[]> {
  const { account, region, names: [fleet] } = autoScalingMembers.parse(memberKey);
  return (await nodegroups.list(env.store, { account, region })).filter(({ value }) => fleetNameOf(value) === fleet).map((entry) => entry.key);
}

/** What other services refuse is a health issue of the group; a new group that they refuse for long has failed. */
async function madeOrTold(env: Env, scope: Scope, key: string, cluster: Cluster, group: Nodegroup): Promise<boolean> {
  try {
    return await make(env, scope, key, cluster, group);
  } catch (error) {
    if (error instanceof AwsError) await nodegroups.update(env.store, key, (current) => ({ ...current, ...refused(env.now().getTime(), current, error) }));
    throw error;
  }
}

/** True once everything is there that the group is made of. */
async function make(env: Env, scope: Scope, key: string, cluster: Cluster, group: Nodegroup): Promise<boolean> {
  const settled = group.autoScalingGroupName !== undefined && group.status !== 'UPDATING';
  if (settled) return true;
  const pki = (await pkis.get(env.store, scope, cluster.name))?.value;
  if (!pki || cluster.clusterSecurityGroupId === undefined) return false;
  await ensureAccessEntry(env, scope, cluster, group);
  const profile = await ensureProfile(env, scope, group);
  const template = await ensureTemplate(env, scope, { cluster, certificateAuthority: pki.clusterCa.certificate, group }, profile);
  if (group.autoScalingGroupName === undefined) await ensureFleet(env, scope, group, template);
  await nodegroups.update(env.store, key, (current) => ({ ...current, ownLaunchTemplateId: template, autoScalingGroupName: fleetNameOf(group) }));
  return true;
}

/** One look at the fleet and the nodes, kept if it tells something new. */
async function observe(env: Env, scope: Scope, key: string, own: KubeNode[]): Promise<void | { againInMs: number }> {
  const group = (await nodegroups.at(env.store, key))?.value;
  if (!group) return;
  const fleet = await fleetOf(env, scope, group);
  const seen = healthOf({ now: env.now().getTime(), group, fleet, ready: readyInstances(own) });
  await nodegroups.update(env.store, key, (current) => (same(current, seen) || current.status !== group.status ? undefined : { ...current, ...seen }));
  return seen.status === 'CREATING' ? { againInMs: 5000 } : undefined;
}

const same = (a: Pick<Nodegroup, 'status' | 'issues'>, b: typeof a) => a.status === b.status && JSON.stringify(a.issues) === JSON.stringify(b.issues);

const isReady = (node: KubeNode) => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const instanceOf = (node: KubeNode) => node.spec.providerID?.split('/').at(-1);
const readyInstances = (own: KubeNode[]) => new Set(own.filter(isReady).map(instanceOf).filter((id) => id !== undefined));

/** True once what UpdateNodegroupConfig asked for is so: the fleet's size, and labels and taints of nodes. */
async function update(env: Env, scope: Scope, key: string, { group, world, own }: View): Promise<boolean> {
  const underWay = (await updates.list(env.store, scope, group.cluster)).filter(({ value }) => value.nodegroup === group.name && value.status === 'InProgress');
  if (!world || !(await shrunk(env, scope, { group, world, own }))) return false;
  await resizeFleet(env, scope, group);
  for (const node of own) {
    const patch = nodePatch(node, group, underWay.map(({ value }) => value));
    if (patch) await world.client.patch(nodes, node.metadata, patch).catch(ignore(isConflict, isNotFound));
    if (patch) return false;
  }
  const fleet = await fleetOf(env, scope, group);
  if (!fleet || !complete(fleet, readyInstances(own))) return false;
  for (const one of underWay) await updates.update(env.store, one.key, (current) => ({ ...current, status: 'Successful' }));
  await nodegroups.update(env.store, key, (current) => (current.status === 'UPDATING' ? { ...current, status: 'ACTIVE' } : undefined));
  return true;
}

/** True once no more instances are there than are desired: those too many are drained before they go. */
async function shrunk(env: Env, scope: Scope, view: View): Promise<boolean> {
  const { group, own } = view;
  const fleet = await fleetOf(env, scope, group);
  const cordoned = new Set(own.filter(({ spec }) => spec.unschedulable).map(instanceOf).filter((id) => id !== undefined));
  const ids = fleet ? leaving(fleet, group.scalingConfig.desiredSize, { cordoned, ready: readyInstances(own) }) : [];
  if (!ids.length) return true;
  if (await drained(env, { ...view, own: own.filter((node) => ids.includes(instanceOf(node) ?? '')) })) for (const id of ids) await dismiss(env, scope, group, id);
  return false;
}

/** Drains the nodes, then takes away what the group was made of, in the order in which it hangs together. */
async function remove(env: Env, scope: Scope, key: string, view: View): Promise<void | { againInMs: number }> {
  const { group } = view;
  if (await fleetOf(env, scope, group)) {
    await stopLaunches(env, scope, group);
    if (!(await drained(env, view))) return { againInMs: 1000 };
  }
  if (!(await removeFleet(env, scope, group))) return { againInMs: 1000 };
  await removeTheRest(env, scope, group);
  await env.store.commit([{ delete: key }]);
}

async function drained(env: Env, { group, world, own }: View): Promise<boolean> {
  const forMs = env.now().getTime() - Date.parse(group.modifiedAt);
  // A cluster that does not answer keeps nobody's node group alive.
  if (!world) return forMs > 20_000;
  if (!own.length) return true;
  const names = new Set(own.map(({ metadata }) => metadata.name));
  const others = world.caches.nodes.list().filter((node) => !names.has(node.metadata.name) && isReady(node) && !node.spec.unschedulable && node.metadata.labels?.['eks.amazonaws.com/compute-type'] !== 'fargate').length;
  const onThem = await Promise.all([...names].map((name) => world.client.list(pods, { fieldSelector: `spec.nodeName=${name}` })));
  const plan = drain({ nodes: own, pods: onThem.flatMap(({ items }) => items), others, forMs });
  for (const name of plan.cordon) await world.client.patch(nodes, { name }, { spec: { unschedulable: true } }).catch(ignore(isNotFound));
  if (plan.done) return true;
  for (const pod of plan.evict) await world.client.evict(pods, pod.metadata).catch(ignore(isNotFound, isTooManyRequests, isConflict));
  return false;
}

/** For what another look will see anyway. */
const ignore = (...kinds: ((error: unknown) => boolean)[]) => (error: unknown) => {
  if (!kinds.some((is) => is(error))) throw error;
};
