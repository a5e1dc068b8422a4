import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Resource } from '../../../kube/resources.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { configurationFrom } from '../addons/configuration.ts';
import { COREDNS, coreDns, deployments } from '../addons/coredns.ts';
import type { Piece } from '../addons/coredns.ts';
import { EBS_CSI, keepEbsCsi, removeEbsCsi } from '../addons/ebs-csi.ts';
import { ensureEngineImage } from '../addons/image.ts';
import { addonKind } from '../addons/kinds.ts';
import { dnsServiceAddress } from '../control-plane/arguments.ts';
import { kubeOf } from '../kube.ts';
import { addons, clusters, updates } from '../records.ts';
import type { Addon, Cluster, Issue } from '../records.ts';
import { GP2, storageClasses } from './storage/resources.ts';

const RBAC = 'rbac.authorization.k8s.io';
const bindings: Resource<KubeObject & { [member: string]: unknown }> = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false };
/** kube-proxy runs on each node as the node: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#core-component-roles */
const PROXIER = {
  metadata: { name: 'eks:kube-proxy' },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'system:node-proxier' },
  subjects: [{ kind: 'Group', apiGroup: RBAC, name: 'system:nodes' }],
};

const REPLICAS = 2;
const LOOK_MS = 2000;
/** So long may pods take before the add-on is called degraded. */
const PATIENCE_MS = 120_000;

/** What a cluster has from the start, laid into it once: from then on it is the customer's, or the add-on's. */
export const bootstrapController: Controller = {
  name: 'eks/bootstrap',
  watches: [{ prefix: clusters.prefix }],
  async reconcile(key, env) {
    const cluster = (await clusters.at(env.store, key))?.value;
    if (cluster?.status !== 'ACTIVE' || cluster.bootstrapped) return;
    const scope = clusters.parse(key);
    const kube = await kubeOf(env, scope, cluster);
    await kube.apply(bindings, PROXIER);
    await kube.apply(storageClasses, GP2, { fieldManager: 'eks' });
    if (cluster.bootstrapSelfManagedAddons) for (const { resource, object } of await coreDnsOf(env, scope, cluster)) await kube.apply(resource, object, { fieldManager: 'eks' });
    await clusters.update(env.store, key, (now) => ({ ...now, bootstrapped: true }));
  },
};

/**
 * Add-ons: CoreDNS's objects are kept as the add-on says; the EBS CSI driver is there once each kubelet has it (controllers/storage);
 * kube-proxy and vpc-cni are processes of the nodes, and there with them.
 */
export const addonController: Controller = {
  name: 'eks/addons',
  watches: [
    { prefix: addons.prefix },
    { prefix: clusters.prefix, items: async ({ key }, env) => (await addons.list(env.store, clusters.parse(key), ...clusters.parse(key).names)).map((entry) => entry.key) },
  ],
  async reconcile(key, env) {
    const addon = (await addons.at(env.store, key))?.value;
    if (!addon) return undefined;
    const scope = addons.parse(key);
    const cluster = (await clusters.get(env.store, scope, addon.cluster))?.value;
    if (cluster?.status !== 'ACTIVE') return undefined;
    if (addon.status === 'DELETING') return remove(env, scope, key, cluster, addon);
    const issues = await keep(env, scope, cluster, addon);
    const age = env.now().getTime() - Date.parse(addon.modifiedAt);
    if (issues.length && age < PATIENCE_MS && addon.status !== 'ACTIVE') return { againInMs: LOOK_MS };
    const status = issues.length ? 'DEGRADED' : 'ACTIVE';
    await addons.update(env.store, key, (now) => (now.status === 'DELETING' || (now.status === status && !issues.length && !now.issues.length) ? undefined : { ...now, status, issues }));
    await endUpdates(env, scope, addon);
    return issues.length ? { againInMs: LOOK_MS } : undefined;
  },
};

async function coreDnsOf(env: Env, scope: Scope, cluster: Cluster, replicas = REPLICAS): Promise<Piece[]> {
  const version = addonKind('coredns')!.versions[0]!;
  return coreDns({ image: await ensureEngineImage(env, scope, 'coredns', version), clusterIp: dnsServiceAddress(cluster), replicas });
}

async function keep(env: Env, scope: Scope, cluster: Cluster, addon: Addon): Promise<Issue[]> {
  if (addon.name === COREDNS.name) return keepCoreDns(env, scope, cluster, addon);
  return addon.name === EBS_CSI ? keepEbsCsi(await kubeOf(env, scope, cluster)) : [];
}

async function keepCoreDns(env: Env, scope: Scope, cluster: Cluster, addon: Addon): Promise<Issue[]> {
  const { replicaCount = REPLICAS } = configurationFrom(addon.configurationValues) as { replicaCount?: number };
  const kube = await kubeOf(env, scope, cluster);
  for (const { resource, object } of await coreDnsOf(env, scope, cluster, replicaCount)) await kube.apply(resource, object, { fieldManager: 'eks' });
  const deployment = await kube.find(deployments, COREDNS);
  const available = deployment?.status?.availableReplicas ?? 0;
  return available >= replicaCount ? [] : [{ code: 'InsufficientNumberOfReplicas', message: `The add-on is unhealthy because it doesn't have the desired number of replicas: ${available} of ${replicaCount}.` }];
}

async function remove(env: Env, scope: Scope, key: string, cluster: Cluster, addon: Addon): Promise<undefined> {
  if (addon.name === COREDNS.name && !addon.preserve) {
    const kube = await kubeOf(env, scope, cluster);
    for (const { resource, object } of coreDns({ image: '', clusterIp: '', replicas: 0 }).reverse()) await kube.delete(resource, object.metadata, { propagationPolicy: 'Background' });
  }
  if (addon.name === EBS_CSI && !addon.preserve) await removeEbsCsi(await kubeOf(env, scope, cluster));
  await env.store.commit([{ delete: key }]);
  return undefined;
}

async function endUpdates(env: Env, scope: Scope, addon: Addon): Promise<void> {
  for (const { key, value } of await updates.list(env.store, scope, addon.cluster)) {
    if (value.addon === addon.name && value.status === 'InProgress') await updates.update(env.store, key, (now) => ({ ...now, status: 'Successful' }));
  }
}
