import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { isNotFound } from '../../../kube/errors.ts';
import type { Resource } from '../../../kube/resources.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { policyGroup } from '../access/entries.ts';
import { clusterRoleOf } from '../access/policies.ts';
import { clusterWorlds } from '../worlds.ts';
import { accessEntries, clusters } from '../records.ts';
import type { AccessEntry } from '../records.ts';

interface Binding extends KubeObject {
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects?: { kind: string; apiGroup?: string; name: string }[];
}

const RBAC = 'rbac.authorization.k8s.io';
const namespaces: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
const clusterRoles: Resource = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false };
const clusterBindings: Resource<Binding> = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false };
const bindings: Resource<Binding> = { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', plural: 'rolebindings', namespaced: true };

const LABEL = 'eks.amazonaws.com/access-policy';
const ADMIN_VIEW = {
  metadata: { name: 'eks:admin-view', labels: { [LABEL]: 'true' } },
  rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }, { nonResourceURLs: ['*'], verbs: ['get'] }],
};

const worlds = clusterWorlds({ namespaces, bindings, clusterBindings }, (cluster, _object, scope) => [clusters.key(scope, cluster.name)]);

/**
 * What access policies grant, as bindings of Kubernetes' own roles to a group an entry (`policyGroup`), which the authenticator puts
 * its principal into. Cluster-wide, or in the namespaces that the scope names, by pattern and whether they come before it or after.
 */
export const accessController: Controller = {
  name: 'eks/access',
  watches: [
    { prefix: clusters.prefix },
    { prefix: accessEntries.prefix, items: ({ key }) => [clusterOf(key)] },
  ],
  listen: worlds.listen,
  async reconcile(key, env) {
    const world = worlds.of(env, key);
    const status = (await clusters.at(env.store, key))?.value.status;
    if (!world || status === undefined || status === 'DELETING') return;
    const { names: [cluster = ''], ...scope } = clusters.parse(key);
    const wanted = await wantedBindings(env, scope, cluster, world.caches.namespaces.list().filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name));
    const ours = <T extends KubeObject>(objects: readonly T[]) => objects.filter(({ metadata }) => metadata.labels?.[LABEL] !== undefined);
    if (wanted.some(({ roleRef }) => roleRef.name === ADMIN_VIEW.metadata.name)) await world.client.apply(clusterRoles, ADMIN_VIEW);
    await settle(world.client, clusterBindings, wanted.filter(({ metadata }) => metadata.namespace === undefined), ours(world.caches.clusterBindings.list()));
    await settle(world.client, bindings, wanted.filter(({ metadata }) => metadata.namespace !== undefined), ours(world.caches.bindings.list()));
  },
};

async function settle(client: KubeClient, resource: Resource<Binding>, wanted: Binding[], standing: Binding[]): Promise<void> {
  const idOf = ({ metadata }: Binding) => `${metadata.namespace ?? ''}/${metadata.name}`;
  for (const one of standing) if (!wanted.some((wish) => idOf(wish) === idOf(one))) await client.delete(resource, one.metadata);
  for (const wish of wanted) {
    const found = standing.find((one) => idOf(one) === idOf(wish));
    if (found && isDeepStrictEqual(found.roleRef, wish.roleRef) && isDeepStrictEqual(found.subjects, wish.subjects)) continue;
    await client.apply(resource, wish).catch((error: unknown) => {
      // A namespace that has just gone.
      if (!isNotFound(error)) throw error;
    });
  }
}

async function wantedBindings(env: Env, scope: Scope, cluster: string, existing: string[]): Promise<Binding[]> {
  return (await accessEntries.list(env.store, scope, cluster)).flatMap(({ value }) => bindingsOf(value, existing));
}

/** Pure. `existing`: names of the namespaces that are there. */
export function bindingsOf(entry: AccessEntry, existing: string[]): Binding[] {
  const group = policyGroup(entry.principalArn);
  return entry.policies.flatMap(({ policyArn, scope }) => {
    const role = clusterRoleOf(policyArn);
    if (!role) return [];
    const binding = (namespace?: string): Binding => ({
      metadata: { name: `${group}:${role.replace(/^eks:/, '')}`, labels: { [LABEL]: policyArn.slice(policyArn.lastIndexOf('/') + 1) }, ...(namespace === undefined ? {} : { namespace }) },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'Group', apiGroup: RBAC, name: group }],
    });
    if (scope.type === 'cluster') return [binding()];
    return existing.filter((name) => scope.namespaces.some((pattern) => matches(pattern, name))).map(binding);
  });
}

/** `*` stands for anything: https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html */
function matches(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[^\w-]/g, '\\$&')).join('.*')}$`).test(name);
}

function clusterOf(entryKey: string): string {
  const { names: [cluster = ''], ...scope } = accessEntries.parse(entryKey);
  return clusters.key(scope, cluster);
}
