import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '../../../control/controller.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { isConflict, isNotFound } from '../../../kube/errors.ts';
import { nodes } from '../../../kube/resources.ts';
import type { KubeNode } from '../../../kube/types.ts';
import { autoScalingMembers } from '../../autoscaling/index.ts';
import { clusterWorlds } from '../worlds.ts';
import { complete, healthOf, refused } from '../nodegroups/health.ts';
import { leaving } from '../nodegroups/drain.ts';
import { nodePatch } from '../nodegroups/node-labels.ts';
import { dismiss, ensureAccessEntry, ensureFleet, ensureProfile, ensureTemplate, fleetNameOf, fleetOf, removeFleet, removeTheRest, resizeFleet, stopLaunches } from '../nodegroups/resources.ts';
import { clusters, nodegroups, pkis, updates } from '../records.ts';
import type { Cluster, Nodegroup } from '../records.ts';
import { drainNodes, ignore, instanceOf, nodesOf, readyInstances } from './nodegroup-drain.ts';
import type { View } from './nodegroup-drain.ts';
import { rolledOut } from './nodegroup-rollout.ts';

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
  if (group.autoScalingGroupName === undefined) await ensureFleet(env, scope, group, template.id);
  const size = (await fleetOf(env, scope, group))?.desired ?? group.scalingConfig.desiredSize;
  await nodegroups.update(env.store, key, (current) => ({
    ...current, ownLaunchTemplateId: template.id, autoScalingGroupName: fleetNameOf(group),
    ...(current.rollout ? { rollout: { ...current.rollout, target: current.rollout.target ?? { templateVersion: template.version, size } } } : {}),
  }));
  return true;
}

/** One look at the fleet and the nodes, kept if it tells something new. */
async function observe(env: Env, scope: Scope, key: string, own: KubeNode[]): Promise<void | { againInMs: number }> {
  const group = (await nodegroups.at(env.store, key))?.value;
  if (!group) return;
  const fleet = await fleetOf(env, scope, group);
  const seen = healthOf({ now: env.now().getTime(), group, fleet, ready: readyInstances(own) });
  // Autoscalers resize the fleet itself: the group then says so.
  const scalingConfig = fleet && seen.status === 'ACTIVE' ? { ...group.scalingConfig, desiredSize: fleet.desired } : group.scalingConfig;
  const told = same(group, seen) && scalingConfig.desiredSize === group.scalingConfig.desiredSize;
  if (!told) await nodegroups.update(env.store, key, (current) => (isDeepStrictEqual(current, group) ? { ...current, ...seen, scalingConfig } : undefined));
  return seen.status === 'CREATING' ? { againInMs: 5000 } : undefined;
}

const same = (a: Pick<Nodegroup, 'status' | 'issues'>, b: typeof a) => a.status === b.status && JSON.stringify(a.issues) === JSON.stringify(b.issues);

/** True once what an update asked for is so: the fleet's size, labels and taints of nodes, or the template's version. */
async function update(env: Env, scope: Scope, key: string, { group, world, own }: View): Promise<boolean> {
  const underWay = (await updates.list(env.store, scope, group.cluster)).filter(({ value }) => value.nodegroup === group.name && value.status === 'InProgress');
  if (!world || !(group.rollout ? await rolledOut(env, scope, key, { group, world, own }) : await shrunk(env, scope, { group, world, own }))) return false;
  if (!group.rollout) await resizeFleet(env, scope, group);
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
  if ((await drainNodes(env, { ...view, own: nodesOf(own, ids) }, group.modifiedAt)) !== 'waiting') for (const id of ids) await dismiss(env, scope, group, id);
  return false;
}

/** Drains the nodes, then takes away what the group was made of, in the order in which it hangs together. */
async function remove(env: Env, scope: Scope, key: string, view: View): Promise<void | { againInMs: number }> {
  const { group } = view;
  if (await fleetOf(env, scope, group)) {
    await stopLaunches(env, scope, group);
    if ((await drainNodes(env, view, group.modifiedAt)) === 'waiting') return { againInMs: 1000 };
  }
  if (!(await removeFleet(env, scope, group))) return { againInMs: 1000 };
  await removeTheRest(env, scope, group);
  await env.store.commit([{ delete: key }]);
}
