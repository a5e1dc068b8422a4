import { serviceContext } from '../../../../control/as-service.ts';
import type { Controller } from '../../../../control/controller.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import type { Resource } from '../../../../kube/resources.ts';
import type { KubeObject } from '../../../../kube/types.ts';
import { newAccessEntry } from '../../access/entries.ts';
import { accessEntries, clusters, fargateProfiles } from '../../records.ts';
import type { Cluster, FargateProfile } from '../../records.ts';
import { clusterWorlds } from '../../worlds.ts';
import type { World } from '../../worlds.ts';
import { FARGATE_SCHEDULER, fargatePods, PROFILE_LABEL } from './pod.ts';
import { sandboxes } from './records.ts';
import { retire } from './sandboxes.ts';
import { admissionPolicy, POLICY } from './selectors.ts';

interface Policy extends KubeObject {
  spec: { variables?: { name: string; expression: string }[] };
}

const API = 'admissionregistration.k8s.io/v1';
const policies: Resource<Policy> = { apiVersion: API, kind: 'MutatingAdmissionPolicy', plural: 'mutatingadmissionpolicies', namespaced: false };
const bindings: Resource<KubeObject & { spec: object }> = { apiVersion: API, kind: 'MutatingAdmissionPolicyBinding', plural: 'mutatingadmissionpolicybindings', namespaced: false };

const SOON = { againInMs: 500 };
/** An API server takes up a changed policy within a second; only then does the profile hold. */
const TAKEN_UP = { againInMs: 2500 };

const worlds = clusterWorlds({ policies, bindings }, () => []);

/** Fargate profiles: the admission policy that hands their pods over to Fargate, the access of their pod execution roles, and their end. */
export const fargateProfileController: Controller = {
  name: 'eks/fargate-profiles',
  watches: [
    { prefix: fargateProfiles.prefix },
    { prefix: clusters.prefix, items: async ({ key }, env) => (await fargateProfiles.list(env.store, clusters.parse(key), clusters.parse(key).names[0] ?? '')).map((entry) => entry.key) },
  ],
  listen: worlds.listen,
  async reconcile(key, env) {
    const profile = (await fargateProfiles.at(env.store, key))?.value;
    const scope = fargateProfiles.parse(key);
    const cluster = profile && (await clusters.get(env.store, scope, profile.cluster))?.value;
    if (!profile || !cluster) return;
    const world = worlds.of(env, clusters.key(scope, cluster.name));
    if (profile.status === 'DELETING') return remove(env, scope, key, profile, cluster, world);
    if (!world) return profile.status === 'CREATING' ? SOON : undefined;
    if (profile.status === 'CREATING') await ensureAccessEntry(env, scope, cluster, profile);
    if (await settlePolicy(env, scope, cluster.name, world)) return TAKEN_UP;
    if (profile.status === 'CREATING') await fargateProfiles.update(env.store, key, (now) => (now.status === 'CREATING' ? { ...now, status: 'ACTIVE' } : undefined));
    return undefined;
  },
};

type View = World<{ policies: typeof policies; bindings: typeof bindings }>;

/** True if it was not yet as the profiles want it. */
async function settlePolicy(env: Env, scope: Scope, cluster: string, { client, caches }: View): Promise<boolean> {
  const wanted = (await fargateProfiles.list(env.store, scope, cluster)).map(({ value }) => value).filter(({ status }) => status === 'CREATING' || status === 'ACTIVE');
  const standing = caches.policies.get(POLICY);
  if (!wanted.length) {
    await client.delete(bindings, { name: POLICY });
    await client.delete(policies, { name: POLICY });
    return standing !== undefined;
  }
  const policy = admissionPolicy(wanted);
  if (caches.bindings.get(POLICY) && standing?.spec.variables?.[0]?.expression === policy.spec.variables[0]?.expression) return false;
  await client.apply(policies, policy);
  await client.apply(bindings, { metadata: { name: POLICY }, spec: { policyName: POLICY } });
  return true;
}

/** Nodes on Fargate sign in with this role: it needs an entry, where the cluster has such. */
async function ensureAccessEntry(env: Env, scope: Scope, cluster: Cluster, { podExecutionRoleArn }: FargateProfile): Promise<void> {
  if (cluster.authenticationMode === 'CONFIG_MAP') return;
  const key = accessEntries.key(scope, cluster.name, podExecutionRoleArn);
  if (await accessEntries.at(env.store, key)) return;
  const entry = newAccessEntry(serviceContext(env, scope, 'eks.amazonaws.com'), cluster.name, { principalArn: podExecutionRoleArn, type: 'FARGATE_LINUX' });
  await env.store.commit([accessEntries.put(key, entry, 0)]);
}

/** Its pods are deleted with it, as AWS does; a cluster that does not answer keeps nobody's profile alive. */
/** How many of its pods have not ended yet, all of them told to. */
async function endPods(env: Env, scope: Scope, profile: FargateProfile, cluster: Cluster, world: View): Promise<number> {
  await settlePolicy(env, scope, cluster.name, world);
  const { items } = await world.client.list(fargatePods, { labelSelector: `${PROFILE_LABEL}=${profile.name}` });
  const left = items.filter(({ spec }) => spec.schedulerName === FARGATE_SCHEDULER);
  for (const pod of left) if (!pod.metadata.deletionTimestamp) await world.client.delete(fargatePods, pod.metadata, pod.metadata.uid ? { uid: pod.metadata.uid } : {});
  return left.length;
}

async function remove(env: Env, scope: Scope, key: string, profile: FargateProfile, cluster: Cluster, world: View | undefined): Promise<{ againInMs: number } | undefined> {
  const own = (await sandboxes.list(env.store, scope, cluster.name)).filter(({ value }) => value.profile === profile.name);
  if (world) {
    const left = await endPods(env, scope, profile, cluster, world).catch((error: unknown) => {
      if (cluster.status !== 'DELETING') throw error;
      return undefined;
    });
    if (left) return SOON;
    // Nobody answers any more in a cluster of which nothing is to stay.
    if (left === undefined) for (const one of own) await retire(env, one.key);
  } else if (cluster.status === 'ACTIVE') {
    return SOON;
  } else {
    for (const one of own) await retire(env, one.key);
  }
  if (own.length) return SOON;
  const others = (await fargateProfiles.list(env.store, scope, cluster.name)).some(({ value }) => value.name !== profile.name && value.podExecutionRoleArn === profile.podExecutionRoleArn);
  const entry = others ? undefined : await accessEntries.get(env.store, scope, cluster.name, profile.podExecutionRoleArn);
  await env.store.commit([{ delete: key }, ...(entry?.value.type === 'FARGATE_LINUX' ? [{ delete: entry.key }] : [])]);
  return undefined;
}
