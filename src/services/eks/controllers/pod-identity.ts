import type { Controller } from '../../../control/controller.ts';
import type { Resource } from '../../../kube/resources.ts';
import type { Manifest } from '../../../kube/types.ts';
import { kubeOf } from '../kube.ts';
import { podIdentityBinding, podIdentityPolicy } from '../oidc/pod-identity.ts';
import { clusters } from '../records.ts';

const clusterWide = (kind: string, plural: string): Resource<Manifest> => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, plural, namespaced: false });
export const policies = clusterWide('MutatingAdmissionPolicy', 'mutatingadmissionpolicies');
export const bindings = clusterWide('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings');

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
    await kube.apply(policies, podIdentityPolicy({ region, endpoint: `http://api.${domain}:${port}` }), { fieldManager: 'eks' });
    await kube.apply(bindings, podIdentityBinding, { fieldManager: 'eks' });
  },
};
