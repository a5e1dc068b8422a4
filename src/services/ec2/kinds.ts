import type { Collection } from '../../control/collection.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Entry } from '../../store/store.ts';
import { malformed, notFound } from './errors.ts';
import {
  addresses, dhcpOptions, instances, internetGateways, keyPairs, launchTemplates, natGateways, networkAcls, networkInterfaces, routeTables, securityGroups,
  snapshots, subnets, volumes, vpcs,
} from './records.ts';
import type { Tags } from './records.ts';

/** The kinds of EC2 resource that have an id: how the id begins, where the records are, and what EC2 says of one that is not there. */
export interface Kind<T> {
  /** As tags and TagSpecifications name it. */
  type: string;
  prefix: string;
  records: Collection<T>;
  /** `InvalidVpcID`: `.NotFound` and `.Malformed` are put behind it. */
  code: string;
  words(id: string): string;
}

const kind = <T extends { id: string; tags: Tags }>(type: string, prefix: string, records: Collection<T>, code: string, words: (id: string) => string): Kind<T> => ({ type, prefix, records, code, words });
const the = (noun: string) => (id: string) => `The ${noun} '${id}' does not exist`;

export const kinds = {
  instance: kind('instance', 'i', instances, 'InvalidInstanceID', the('instance ID')),
  vpc: kind('vpc', 'vpc', vpcs, 'InvalidVpcID', the('vpc ID')),
  subnet: kind('subnet', 'subnet', subnets, 'InvalidSubnetID', the('subnet ID')),
  internetGateway: kind('internet-gateway', 'igw', internetGateways, 'InvalidInternetGatewayID', the('internetGateway ID')),
  routeTable: kind('route-table', 'rtb', routeTables, 'InvalidRouteTableID', the('routeTable ID')),
  natGateway: kind('natgateway', 'nat', natGateways, 'NatGateway', (id) => `The Nat Gateway ${id} was not found`),
  networkAcl: kind('network-acl', 'acl', networkAcls, 'InvalidNetworkAclID', the('networkAcl ID')),
  dhcpOptions: kind('dhcp-options', 'dopt', dhcpOptions, 'InvalidDhcpOptionID', the('dhcpOptions ID')),
  securityGroup: kind('security-group', 'sg', securityGroups, 'InvalidGroup', the('security group')),
  networkInterface: kind('network-interface', 'eni', networkInterfaces, 'InvalidNetworkInterfaceID', the('networkInterface ID')),
  address: kind('elastic-ip', 'eipalloc', addresses, 'InvalidAllocationID', the('allocation ID')),
  keyPair: kind('key-pair', 'key', keyPairs, 'InvalidKeyPair', the('key pair')),
  volume: kind('volume', 'vol', volumes, 'InvalidVolume', (id) => `The volume '${id}' does not exist.`),
  snapshot: kind('snapshot', 'snap', snapshots, 'InvalidSnapshot', (id) => `The snapshot '${id}' does not exist.`),
  launchTemplate: kind('launch-template', 'lt', launchTemplates, 'InvalidLaunchTemplateId', (id) => `The specified launch template, with template ID ${id}, does not exist.`),
};

/** `vpc-` and 17 hexadecimal digits. */
export const newId = (env: Env, prefix: string) => `${prefix}-${env.randomHex(17)}`;

const wellFormed = (prefix: string, id: string) => id.startsWith(`${prefix}-`) && /^([0-9a-f]{8}|[0-9a-f]{17})$/.test(id.slice(prefix.length + 1));

/** Codes that are not made from the kind's in the usual way. */
const ODD: Record<string, string> = {
  'InvalidGroup.Malformed': 'InvalidGroupId.Malformed', 'InvalidVolume.Malformed': 'InvalidVolumeID.Malformed', 'InvalidSnapshot.Malformed': 'InvalidSnapshotID.Malformed',
  'NatGateway.Malformed': 'NatGatewayMalformed', 'NatGateway.NotFound': 'NatGatewayNotFound',
};
const codeOf = (code: string, problem: 'Malformed' | 'NotFound') => ODD[`${code}.${problem}`] ?? `${code}.${problem}`;

/** The record, with its revision, or EC2's error. */
export async function find<T>(env: Env, scope: Scope, { prefix, records, code, words }: Kind<T>, id: string): Promise<Entry<T>> {
  if (!wellFormed(prefix, id)) throw notFound(codeOf(code, 'Malformed'), `Invalid id: "${id}"${id.startsWith(`${prefix}-`) ? '' : ` (expecting "${prefix}-...")`}`);
  const entry = await records.get(env.store, scope, id);
  if (!entry) throw notFound(codeOf(code, 'NotFound'), words(id));
  return entry;
}

/** All records of a kind, or those of these ids in their order; one that is missing is an error. */
export async function select<T>(env: Env, scope: Scope, of: Kind<T>, ids: string[] | undefined): Promise<T[]> {
  if (!ids?.length) return (await of.records.list(env.store, scope)).map((entry) => entry.value);
  return (await Promise.all([...new Set(ids)].map((id) => find(env, scope, of, id)))).map((entry) => entry.value);
}

/** The kind that an id belongs to, by its prefix. */
export function kindOf(id: string): Kind<{ id: string; tags: Tags }> {
  const found = Object.values(kinds).find(({ prefix }) => wellFormed(prefix, id));
  if (!found) throw malformed(id);
  // The registry's kinds differ in their records alone, and all of those have an id and tags.
  return found;
}
