import type * as Sdk from '@aws-sdk/client-eks';
import type { Properties } from './configuration.ts';

/** The add-ons of EKS that Gantry has, and what each is here. */
export interface AddonKind {
  name: string;
  type: string;
  namespace: string;
  /** One a Kubernetes version, the default one first. */
  versions: readonly string[];
  /** JSON schema of configurationValues. */
  schema: { properties: Properties };
}

const NOTHING = { $schema: 'http://json-schema.org/draft-06/schema#', type: 'object', additionalProperties: false, properties: {} };

/**
 * vpc-cni and kube-proxy run as processes of each node (its boot starts them), coredns as a Deployment; the EBS CSI driver's
 * controllers run beside the cluster, its node plugin on each node. Nothing but CoreDNS's `replicaCount` can be configured yet.
 */
export const ADDONS: readonly AddonKind[] = [
  { name: 'coredns', type: 'networking', namespace: 'kube-system', versions: ['v1.15.0-eksbuild.1'], schema: { ...NOTHING, properties: { replicaCount: { type: 'integer', minimum: 1 } } } },
  { name: 'kube-proxy', type: 'networking', namespace: 'kube-system', versions: ['v1.36.3-eksbuild.1'], schema: NOTHING },
  { name: 'vpc-cni', type: 'networking', namespace: 'kube-system', versions: ['v1.21.1-eksbuild.1'], schema: NOTHING },
  { name: 'aws-ebs-csi-driver', type: 'storage', namespace: 'kube-system', versions: ['v1.53.0-eksbuild.1'], schema: NOTHING },
];

export const addonKind = (name: string) => ADDONS.find((kind) => kind.name === name);

export const addonInfo = ({ name, type, namespace, versions }: AddonKind, kubernetesVersion: string): Sdk.AddonInfo => ({
  addonName: name, type, owner: 'aws', publisher: 'eks', defaultNamespace: namespace,
  addonVersions: versions.map((addonVersion, index) => ({
    addonVersion, architecture: ['amd64', 'arm64'], computeTypes: ['ec2'], requiresConfiguration: false, requiresIamPermissions: false,
    compatibilities: [{ clusterVersion: kubernetesVersion, platformVersions: ['*'], defaultVersion: index === 0 }],
  })),
});
