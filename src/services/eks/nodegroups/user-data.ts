import type { Cluster, Nodegroup } from '../records.ts';
import { invalidParameter } from '../errors.ts';

/** What a node of a managed group reads at its first boot: nodeadm's NodeConfig (https://awslabs.github.io/amazon-eks-ami/nodeadm/) in a MIME part. */

/** Prefixes of 16 addresses that each node's interface has for its pods. */
export const PREFIXES = 7;
/** One address a pod, less those that containers of the node itself and the prefix's ends would take: as AWS reckons for prefixes, 110 at most. */
export const MAX_PODS = 98;

const EFFECTS = { NO_SCHEDULE: 'NoSchedule', NO_EXECUTE: 'NoExecute', PREFER_NO_SCHEDULE: 'PreferNoSchedule' } as const;
export const kubernetesEffect = (effect: Nodegroup['taints'][number]['effect']) => EFFECTS[effect];

/** Labels that EKS sets on each node of a group, beside the group's own. */
export const nodeLabels = (group: Nodegroup, imageId: string): Record<string, string> => ({
  ...group.labels,
  'eks.amazonaws.com/nodegroup': group.name,
  'eks.amazonaws.com/nodegroup-image': imageId,
  'eks.amazonaws.com/capacityType': group.capacityType,
  ...(group.launchTemplate ? { 'eks.amazonaws.com/sourceLaunchTemplateId': group.launchTemplate.id, 'eks.amazonaws.com/sourceLaunchTemplateVersion': group.launchTemplate.version } : {}),
});

export interface NodeConfig {
  cluster: Pick<Cluster, 'name' | 'serviceCidr' | 'endpointName'>;
  certificateAuthority: string;
  group: Nodegroup;
  imageId: string;
}

/** Address 10 of the services' range, where CoreDNS's service is. */
export const clusterDns = (serviceCidr: string) => serviceCidr.replace(/\.\d+\/\d+$/, '.10');

export function nodeConfig({ cluster, certificateAuthority, group, imageId }: NodeConfig): string {
  const labels = Object.entries(nodeLabels(group, imageId)).map(([key, value]) => `${key}=${value}`).join(',');
  const taints = group.taints.map(({ key, value = '', effect }) => `${key}=${value}:${kubernetesEffect(effect)}`).join(',');
  const flags = [`--node-labels=${labels}`, ...(taints ? [`--register-with-taints=${taints}`] : [])];
  return [
    '---', 'apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  cluster:',
    `    apiServerEndpoint: https://${cluster.endpointName}`,
    `    certificateAuthority: ${Buffer.from(certificateAuthority).toString('base64')}`,
    `    cidr: ${cluster.serviceCidr}`, `    name: ${cluster.name}`,
    '  kubelet:', '    config:', `      maxPods: ${MAX_PODS}`, '      clusterDNS:', `      - ${clusterDns(cluster.serviceCidr)}`,
    '    flags:', ...flags.map((flag) => `    - ${JSON.stringify(flag)}`), '',
  ].join('\n');
}

/** One more part after the customer's own, which must be MIME multipart as EKS asks. Both are plain text here. */
export function userData(config: string, customers = ''): string {
  const part = `Content-Type: application/node.eks.aws\n\n${config}`;
  if (!customers.trim()) return `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n--//\n${part}\n--//--\n`;
  const boundary = /^Content-Type:\s*multipart\/mixed;\s*boundary="?([^"\r\n]+)"?/im.exec(customers)?.[1];
  const end = boundary === undefined ? -1 : customers.lastIndexOf(`--${boundary}--`);
  if (end < 0) throw invalidParameter('User data was not in the MIME multipart format');
  return `${customers.slice(0, end)}--${boundary}\n${part}\n--${boundary}--\n`;
}
