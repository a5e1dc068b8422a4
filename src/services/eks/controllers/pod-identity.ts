import type { Controller } from '../../../control/controller.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { Resource } from '../../../kube/resources.ts';
import type { KubeObject, Manifest } from '../../../kube/types.ts';
import { kubeOf } from '../kube.ts';
import { podIdentityBinding, podIdentityPolicy } from '../oidc/pod-identity.ts';
import { clusters } from '../records.ts';

const clusterWide = (kind: string, plural: string): Resource<Manifest> => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, plural, namespaced: false });
export const policies = clusterWide('MutatingAdmissionPolicy', 'mutatingadmissionpolicies');
export const bindings = clusterWide('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings');

interface ClusterRole extends KubeObject {
  rules: { apiGroups?: string[]; resources?: string[]; verbs: string[] }[];
}
const clusterRoles: Resource<ClusterRole> = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false };
/** What API servers of extensions have: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#other-component-roles */
const DELEGATOR = { name: 'system:auth-delegator' };

/** Every cluster has the policy that gives pods their role's tokens; it comes back where it was taken away. */
export const podIdentityController: Controller = {
  name: 'eks/pod-identity',
  watches: [{ prefix: clusters.prefix }],
  resyncSeconds: 300,
  async reconcile(key, env) {
    const cluster = (await clusters.at(env.store, key))?.value;
    if (cluster?.status !== 'ACTIVE') return;
    const kube = await kubeOf(env, clusters.parse(key), cluster);
    const { region, domain, port } = env.installation;
    await letExtensionsRead(kube);
    await kube.apply(policies, podIdentityPolicy({ region, endpoint: `http://api.${domain}:${port}` }), { fieldManager: 'eks' });
    await kube.apply(bindings, podIdentityBinding, { fieldManager: 'eks' });
  },
};

/** API servers of extensions keep the cluster's policies too: they are not ready before they have read a policy's parameters, service accounts here. */
async function letExtensionsRead(kube: KubeClient): Promise<void> {
  const { metadata: { resourceVersion }, rules } = await kube.get(clusterRoles, DELEGATOR);
  if (rules.some(({ resources }) => resources?.includes('serviceaccounts'))) return;
  const rule = { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list', 'watch'] };
  await kube.patch(clusterRoles, DELEGATOR, { metadata: { resourceVersion }, rules: [...rules, rule] });
}
