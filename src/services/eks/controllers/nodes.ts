import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { isConflict, isNotFound } from '../../../kube/errors.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { nodes, pods } from '../../../kube/resources.ts';
import type { KubeNode } from '../../../kube/types.ts';
import { instanceById, instances, zoneId } from '../../ec2/index.ts';
import type { Instance } from '../../ec2/index.ts';
import { clusterWorlds } from '../worlds.ts';
import { clusters } from '../records.ts';

/**
 * The cloud controller's duties (https://kubernetes.io/docs/concepts/architecture/cloud-controller/): a Node whose instance is gone
 * goes too, a stopped one's is tainted, and each has its provider's id, zone, region, instance type and addresses.
 */
const worlds = clusterWorlds({ nodes }, (cluster, _node, scope) => [clusters.key(scope, cluster.name)]);

const SHUT_DOWN = 'node.cloudprovider.kubernetes.io/shutdown';
const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';

export const nodeController: Controller = {
  name: 'eks/nodes',
  watches: [{ prefix: clusters.prefix }, { prefix: instances.prefix, items: (entry, env) => ofInstance(env, entry.key, entry.value as Instance) }],
  listen: worlds.listen,
  async reconcile(key, env) {
    const world = worlds.of(env, key);
    if (!world) return;
    const scope = clusters.parse(key);
    for (const node of world.caches.nodes.list()) {
      const step = nodeStep(node, await instanceFor(env, scope, node), scope.region);
      if (step.type === 'delete') await forget(world.client, node);
      if (step.type === 'patch' && step.patch) await world.client.patch(nodes, node.metadata, step.patch).catch(ignore);
      if (step.type === 'patch' && step.status) await world.client.patch(nodes, node.metadata, step.status, 'status').catch(ignore);
    }
  },
};

/**
 * With its machine all that was on a node has ended: said of its volumes, which the controller manager would otherwise hold for another six
 * minutes, and of its running pods, which it would let stand for one. Those that had ended before hold nothing, and those with finalizers
 * tell their owners how they ended: they are left to it.
 */
async function forget(client: KubeClient, { metadata }: KubeNode): Promise<void> {
  await client.patch(nodes, metadata, { status: { volumesInUse: null } }, 'status').catch(ignore);
  await client.delete(nodes, metadata, only(metadata)).catch(ignore);
  const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${metadata.name},status.phase!=Succeeded,status.phase!=Failed` });
  for (const pod of items) if (!pod.metadata.finalizers?.length) await client.delete(pods, pod.metadata, { ...only(pod.metadata), gracePeriodSeconds: 0 }).catch(ignore);
}

const only = ({ uid }: KubeNode['metadata']) => (uid === undefined ? {} : { uid });

/** Someone came first: what changed wakes us again. */
function ignore(error: unknown): void {
  if (!isConflict(error) && !isNotFound(error)) throw error;
}

/** Nodes carry the tag that their node group gave them; others may be in any cluster. */
async function ofInstance(env: Env, key: string, instance: Instance): Promise<string[]> {
  const scope = instances.parse(key);
  const name = instance.tags['eks:cluster-name'];
  return name === undefined ? (await clusters.list(env.store, scope)).map((entry) => entry.key) : [clusters.key(scope, name)];
}

/** By the provider's id; by its name where the kubelet gave none. Null: not a machine of EC2. */
async function instanceFor(env: Env, scope: Scope, { spec, metadata }: KubeNode): Promise<Instance | undefined | null> {
  if (metadata.labels?.['eks.amazonaws.com/compute-type'] === 'fargate') return null;
  const id = /^aws:\/\/\/[^/]*\/(i-[0-9a-f]+)$/.exec(spec.providerID ?? '')?.[1];
  if (id !== undefined) return instanceById(env, scope, id);
  if (spec.providerID) return null;
  const found = (await instances.list(env.store, scope)).find(({ value }) => value.state !== 'terminated' && metadata.name.startsWith(`ip-${value.privateAddress.replaceAll('.', '-')}.`));
  return found?.value ?? null;
}

export type NodeStep = { type: 'delete' } | { type: 'patch'; patch?: object; status?: object } | { type: 'nothing' };

/** `instance`: undefined if EC2 no longer knows it, null if it is none of EC2's. */
export function nodeStep(node: KubeNode, instance: Instance | undefined | null, region: string): NodeStep {
  if (instance === null) return { type: 'nothing' };
  if (!instance || instance.state === 'terminated') return { type: 'delete' };
  const wished = {
    'topology.kubernetes.io/zone': instance.zone, 'topology.kubernetes.io/region': region, 'node.kubernetes.io/instance-type': instance.instanceType,
    'topology.k8s.aws/zone-id': zoneId(instance.zone),
    'failure-domain.beta.kubernetes.io/zone': instance.zone, 'failure-domain.beta.kubernetes.io/region': region, 'beta.kubernetes.io/instance-type': instance.instanceType,
  };
  const labels = Object.fromEntries(Object.entries(wished).filter(([key, value]) => node.metadata.labels?.[key] !== value));
  const providerID = node.spec.providerID ? undefined : `aws:///${instance.zone}/${instance.id}`;
  const taints = taintsOf(node, instance);
  const addresses = node.status?.addresses?.some(({ type, address }) => type === 'InternalIP' && address === instance.privateAddress) ? undefined : [
    { type: 'InternalIP', address: instance.privateAddress }, { type: 'InternalDNS', address: node.metadata.name }, { type: 'Hostname', address: node.metadata.name },
  ];
  const changed = Object.keys(labels).length || providerID !== undefined || taints;
  if (!changed && !addresses) return { type: 'nothing' };
  return {
    type: 'patch',
    ...(changed ? { patch: { metadata: { resourceVersion: node.metadata.resourceVersion, labels }, spec: { ...(providerID === undefined ? {} : { providerID }), ...(taints ? { taints } : {}) } } } : {}),
    ...(addresses ? { status: { status: { addresses } } } : {}),
  };
}

/** The taints as they should be, if that is not what they are. */
function taintsOf({ spec }: KubeNode, { state }: Instance): KubeNode['spec']['taints'] {
  const before = spec.taints ?? [];
  const down = state === 'stopped' || state === 'stopping';
  const others = before.filter(({ key }) => key !== SHUT_DOWN && key !== UNINITIALIZED);
  const after = [...others, ...(down ? [before.find(({ key }) => key === SHUT_DOWN) ?? { key: SHUT_DOWN, effect: 'NoSchedule' as const }] : [])];
  return after.length === before.length && after.every((taint) => before.includes(taint)) ? undefined : after;
}
