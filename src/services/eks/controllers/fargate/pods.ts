import type { Controller } from '../../../../control/controller.ts';
import { AwsError } from '../../../../control/error.ts';
import { idOf, observedPrefix } from '../../../../control/hosts.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import { isConflict, isNotFound } from '../../../../kube/errors.ts';
import { nodes, pathOf } from '../../../../kube/resources.ts';
import type { KubeNode } from '../../../../kube/types.ts';
import type { Entry } from '../../../../store/store.ts';
import { clusters, fargateProfiles, pkis } from '../../records.ts';
import type { Cluster } from '../../records.ts';
import { clusterWorlds } from '../../worlds.ts';
import type { World } from '../../worlds.ts';
import { tell } from '../load-balancing/events.ts';
import { nodeNameOf } from './node-config.ts';
import { COMPUTE_TYPE, FARGATE_SCHEDULER, fargatePods, PROFILE_LABEL } from './pod.ts';
import type { FargatePod } from './pod.ts';
import { sandboxes } from './records.ts';
import type { Sandbox } from './records.ts';
import { refusalOf } from './refusals.ts';
import { connected, forget, isDead, newSandbox, retire, sandboxWish, stopped, wishSandbox } from './sandboxes.ts';
import { matches } from './selectors.ts';
import { capacityOf, sizeOf } from './sizes.ts';

const WATCHED = { pods: fargatePods, nodes };
const SOON = { againInMs: 500 };
/** Where there is no room now, there may be later. */
const LATER = { againInMs: 10_000 };

const itemOf = (scope: Scope, cluster: string, { metadata }: FargatePod) => sandboxes.key(scope, cluster, metadata.namespace ?? '', metadata.name, metadata.uid ?? '');

const worlds = clusterWorlds(WATCHED, (cluster, object, scope, caches) => {
  if (object.kind === 'Pod') return [itemOf(scope, cluster.name, object as FargatePod)];
  // A sandbox's node: it may be what a pod waits for.
  if (object.metadata.labels?.[COMPUTE_TYPE] !== 'fargate') return [];
  return caches.pods.list().filter((pod) => !pod.spec.nodeName).map((pod) => itemOf(scope, cluster.name, pod));
// The API server sends nothing of all the pods of other schedulers, five events each.
}, { pods: { fieldSelector: `spec.schedulerName=${FARGATE_SCHEDULER}` } });

/**
 * Fargate's scheduler: a pod that a profile takes gets a machine of its own, is bound to the node that this becomes, and takes both with
 * it when it is deleted. As in AWS, a pod that has ended keeps its machine until then, so that its logs can be read.
 */
export const fargatePodController: Controller = {
  name: 'eks/fargate-pods',
  watches: [
    { prefix: sandboxes.prefix },
    { prefix: observedPrefix('instance'), items: async ({ key }, env) => (await sandboxes.all(env.store)).filter(({ value }) => value.id === idOf(key)).map((entry) => entry.key) },
  ],
  listen: worlds.listen,
  async reconcile(key, env) {
    const { names: [clusterName = '', namespace = '', name = '', uid = ''], ...scope } = sandboxes.parse(key);
    const cluster = (await clusters.get(env.store, scope, clusterName))?.value;
    const entry = await sandboxes.at(env.store, key);
    const world = worlds.of(env, clusters.key(scope, clusterName));
    // In a cluster that is being deleted pods end first, and gracefully (profiles.ts), which takes the machines that they run on.
    const ending = !cluster || cluster.status === 'FAILED';
    if (!world && !ending) return entry && LATER;
    const found = world?.caches.pods.get(name, namespace);
    const pod = found?.metadata.uid === uid ? found : undefined;
    if (entry && (ending || !pod || entry.value.retired || (await isDead(env, entry.value)))) return takeAway(env, scope, entry, ending ? undefined : world);
    if (!pod || !world || !cluster) return;
    return entry ? provide(env, scope, cluster, world, entry, pod) : begin(env, scope, key, cluster, world, pod);
  },
};

type Step = { againInMs: number } | undefined;

/** Checks the pod and gives it a sandbox's record; what follows is the record's watch's. */
async function begin(env: Env, scope: Scope, key: string, cluster: Cluster, { client }: World<typeof WATCHED>, pod: FargatePod): Promise<Step> {
  if (pod.spec.nodeName || pod.metadata.deletionTimestamp) return undefined;
  const failed = (why: string) => tell(env, client, pod, 'Warning', 'FailedScheduling', why, FARGATE_SCHEDULER);
  const name = pod.metadata.labels?.[PROFILE_LABEL] ?? '';
  const profile = (await fargateProfiles.get(env.store, scope, cluster.name, name))?.value;
  const size = sizeOf(pod);
  if (!profile || profile.status === 'DELETING' || !matches(profile, pod)) {
    await failed(`Misconfigured Fargate Profile: fargate profile ${name} blocked for new launches due to: no such profile takes this pod`);
    return undefined;
  }
  const refusal = refusalOf(pod);
  if (refusal !== undefined || !size) {
    await failed(refusal ?? 'Pod not supported on Fargate: the requested resources exceed the largest configuration, 16vCPU 120GB');
    return undefined;
  }
  if (await newSandbox(env, scope, key, profile, size)) return undefined;
  await failed('Fargate capacity is unavailable at this time. Please try again later or in a different availability zone');
  return LATER;
}

/** The next step towards a pod that is bound to its own node. */
async function provide(env: Env, scope: Scope, cluster: Cluster, { client, caches }: World<typeof WATCHED>, entry: Entry<Sandbox>, pod: FargatePod): Promise<Step> {
  const pki = (await pkis.get(env.store, scope, cluster.name))?.value;
  if (!pki) return SOON;
  const capacity = capacityOf(entry.value);
  if (pod.metadata.annotations?.['CapacityProvisioned'] !== capacity) await client.patch(fargatePods, pod.metadata, { metadata: { annotations: { CapacityProvisioned: capacity } } }).catch(ignore);
  const sandbox = await connected(env, scope, cluster, entry).catch(async (error: unknown) => {
    if (error instanceof AwsError) await tell(env, client, pod, 'Warning', 'FailedScheduling', error.message, FARGATE_SCHEDULER);
    throw error;
  });
  const wish = sandbox && sandboxWish(sandbox, cluster, pki.clusterCa.certificate, scope.region);
  if (!sandbox?.network || !wish) return SOON;
  await wishSandbox(env, sandbox, wish);
  if (pod.spec.nodeName || pod.metadata.deletionTimestamp) return undefined;
  const nodeName = nodeNameOf(scope.region, sandbox.network.address);
  const node = caches.nodes.get(nodeName);
  // A node of that name may be one of the address's past.
  if (!node || !isReady(node) || !node.spec.providerID?.includes(sandbox.id)) return undefined;
  await client.raw({
    method: 'POST', path: pathOf(fargatePods, pod.metadata, 'binding'),
    body: { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid }, target: { apiVersion: 'v1', kind: 'Node', name: nodeName } },
  }).then(() => tell(env, client, pod, 'Normal', 'Scheduled', `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${nodeName}`, FARGATE_SCHEDULER), ignore);
  return undefined;
}

/** The machine first, so that it cannot come back as a node; then its node, its interface and its record. */
async function takeAway(env: Env, scope: Scope, entry: Entry<Sandbox>, world: World<typeof WATCHED> | undefined): Promise<Step> {
  if (!entry.value.retired) await retire(env, entry.key);
  if (!(await stopped(env, entry.value))) return SOON;
  const node = entry.value.network && world?.caches.nodes.get(nodeNameOf(scope.region, entry.value.network.address));
  if (world && node?.spec.providerID?.includes(entry.value.id)) await world.client.delete(nodes, node.metadata, node.metadata.uid ? { uid: node.metadata.uid } : {}).catch(ignore);
  await forget(env, scope, entry);
  return undefined;
}

const isReady = (node: KubeNode) => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Someone came first: what changed wakes us again. */
function ignore(error: unknown): void {
  if (!isConflict(error) && !isNotFound(error)) throw error;
}
