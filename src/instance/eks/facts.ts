import { cpus } from 'node:os';
import type { InstanceFile } from '../../wire/instance.ts';
import type { Imds } from '../imds.ts';

/** What a node is, as the metadata service and its machine tell. */
export interface NodeFacts {
  instanceId: string;
  instanceType: string;
  region: string;
  zone: string;
  /** Its private DNS name: the node's. */
  name: string;
  address: string;
  /** Of its subnet, and of its VPC. */
  subnetCidr: string;
  vpcCidrs: string[];
  vcpus: number;
  memoryMiB: number;
  /** Of the machine below, which is what the kubelet sees. */
  hostCpus: number;
  /** `http://api.<domain>:<port>` */
  endpoint: string;
}

const text = async (imds: Imds, path: string) => (await imds.get(`meta-data/${path}`))?.toString().trim() ?? '';
const lines = (value: string) => value.split('\n').filter(Boolean);

export async function nodeFacts(imds: Imds, { instanceId, vcpus, memoryMiB }: InstanceFile): Promise<NodeFacts> {
  const mac = await text(imds, 'mac');
  const at = `network/interfaces/macs/${mac}`;
  const [instanceType, region, zone, name, address, subnetCidr, vpcCidrs] = await Promise.all(
    ['instance-type', 'placement/region', 'placement/availability-zone', 'local-hostname', 'local-ipv4', `${at}/subnet-ipv4-cidr-block`, `${at}/vpc-ipv4-cidr-blocks`].map((path) => text(imds, path)),
  ) as [string, string, string, string, string, string, string];
  const endpoint = process.env.AWS_ENDPOINT_URL ?? '';
  return { instanceId, instanceType, region, zone, name, address, subnetCidr, vpcCidrs: lines(vpcCidrs), vcpus, memoryMiB, hostCpus: cpus().length, endpoint };
}

/** The /28 prefixes that its interface holds for pods. */
export async function podPrefixes(imds: Imds): Promise<string[]> {
  return lines(await text(imds, `network/interfaces/macs/${await text(imds, 'mac')}/ipv4-prefix`));
}
