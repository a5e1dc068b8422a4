import { parse } from 'yaml';
import type { Part } from '../user-data.ts';

/** What nodeadm reads out of user data: https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/ (`node.eks.aws/v1alpha1`). */
export interface NodeConfig {
  cluster: {
    name: string;
    apiServerEndpoint: string;
    /** Base64 of PEM. */
    certificateAuthority: string;
    /** Of services. */
    cidr: string;
  };
  kubelet: {
    /** Laid over the KubeletConfiguration that a node has otherwise. */
    config: Record<string, unknown>;
    /** After all others. */
    flags: string[];
  };
}

type Document = { apiVersion?: string; kind?: string; spec?: { cluster?: Partial<NodeConfig['cluster']>; kubelet?: Partial<NodeConfig['kubelet']> } };

/** Several NodeConfigs are one, later ones on top. Undefined where user data has none; throws for one that joins nothing. */
export function nodeConfig(parts: readonly Part[]): NodeConfig | undefined {
  const documents = parts.filter(({ type }) => type === 'application/node.eks.aws').map(({ content }) => parse(content.toString()) as Document | null);
  if (documents.length === 0) return undefined;
  const cluster: Partial<NodeConfig['cluster']> = {};
  const kubelet: NodeConfig['kubelet'] = { config: {}, flags: [] };
  for (const document of documents) {
    if (document?.kind !== 'NodeConfig' || !document.apiVersion?.startsWith('node.eks.aws/')) throw new Error(`not a NodeConfig of node.eks.aws: ${document?.apiVersion} ${document?.kind}`);
    Object.assign(cluster, document.spec?.cluster);
    kubelet.config = laidOver(kubelet.config, document.spec?.kubelet?.config ?? {});
    kubelet.flags.push(...(document.spec?.kubelet?.flags ?? []));
  }
  const { name, apiServerEndpoint, certificateAuthority, cidr } = cluster;
  if (!name || !apiServerEndpoint || !certificateAuthority || !cidr) throw new Error('NodeConfig: spec.cluster needs name, apiServerEndpoint, certificateAuthority and cidr');
  return { cluster: { name, apiServerEndpoint, certificateAuthority, cidr }, kubelet };
}

/** Objects are merged, everything else is replaced. */
export function laidOver(base: Record<string, unknown>, top: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(top)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? laidOver(below, value) : value;
  }
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
