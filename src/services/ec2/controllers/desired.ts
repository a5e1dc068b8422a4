import type { DesiredInstance, DesiredInterface, DesiredNetwork, DesiredSecurityGroup } from '../../../wire/host.ts';
import { instanceTypes } from '../catalogue/instance-types.ts';
import { enforcedAcl, isUnder } from '../network/acls.ts';
import { enforced } from '../network/security-rules.ts';
import { allOf } from '../network/interface-addresses.ts';
import { privateDnsName } from '../network/dns-names.ts';
import type { Instance, InternetGateway, NatGateway, NetworkAcl, NetworkInterface, RouteTable, RouteTarget, SecurityGroup, Subnet, Vpc } from '../records.ts';
import { zoneId } from '../zones.ts';

/** From records to what a host is asked for; pure. */

/** What the subnets of a VPC may be routed to. */
interface Ways {
  tables: RouteTable[];
  /** Those that are attached to the VPC. */
  gateways: Pick<InternetGateway, 'id'>[];
  nats: NatGateway[];
}

interface Edges extends Ways {
  acls: NetworkAcl[];
}

export function desiredNetwork(vpc: Vpc, subnets: Subnet[], ways: Edges): DesiredNetwork {
  return {
    cidrBlocks: vpc.cidrBlocks.map(({ cidrBlock }) => cidrBlock),
    subnets: subnets.map((subnet) => {
      const { id, cidrBlock, zone } = subnet;
      const nat = natOf(id, ways);
      const over = ways.acls.find((one) => isUnder(subnet, one));
      const acl = over && enforcedAcl(over);
      return { id, cidrBlock, zone, internet: reachesInternet(id, ways), ...(nat && { natAddress: nat.public.address }), ...(acl && { acl }) };
    }),
  };
}

/** Where a subnet's own route table, or else the main one, sends 0.0.0.0/0. */
function wayOut(subnetId: string, { tables }: Pick<Ways, 'tables'>): RouteTarget | undefined {
  const own = tables.find(({ associations }) => associations.some((association) => association.subnetId === subnetId));
  const table = own ?? tables.find(({ associations }) => associations.some((association) => association.subnetId === undefined));
  return table?.routes.find(({ destination }) => destination === '0.0.0.0/0')?.target;
}

/** Its way out is one of the internet gateways. */
export function reachesInternet(subnetId: string, ways: Omit<Ways, 'nats'>): boolean {
  const target = wayOut(subnetId, ways);
  return target !== undefined && 'gatewayId' in target && ways.gateways.some(({ id }) => id === target.gatewayId);
}

/** The NAT gateway that is its way out, if that has one itself. */
function natOf(subnetId: string, ways: Ways): NatGateway | undefined {
  const target = wayOut(subnetId, ways);
  const nat = target !== undefined && 'natGatewayId' in target ? ways.nats.find(({ id, deletedAt }) => id === target.natGatewayId && deletedAt === undefined) : undefined;
  return nat && reachesInternet(nat.subnetId, ways) ? nat : undefined;
}

export function desiredSecurityGroup(group: SecurityGroup, interfaces: NetworkInterface[]): DesiredSecurityGroup {
  return {
    networkId: group.vpcId,
    ingress: enforced(group.rules, false),
    egress: enforced(group.rules, true),
    members: interfaces.filter(({ groupIds }) => groupIds.includes(group.id)).flatMap(allOf).sort(),
  };
}

export function desiredInterface(one: NetworkInterface): DesiredInterface {
  return {
    networkId: one.vpcId, subnetId: one.subnetId, mac: one.mac, address: one.address, securityGroupIds: one.groupIds, sourceDestCheck: one.sourceDestCheck,
    ...(one.groupIds.length === 0 && { unfiltered: true as const }),
    ...(one.secondary && { secondaryAddresses: one.secondary }), ...(one.prefixes && { prefixes: one.prefixes }),
    ...(one.public && { publicAddress: one.public.address }), ...(one.edgeAddress && { publicAddress: one.edgeAddress, atEdge: true as const }),
    ...(one.attachment && { attachment: { owner: one.attachment.owner, device: `eth${one.attachment.deviceIndex}` } }),
  };
}

export function desiredInstance(instance: Instance, region: string, groupNames: string[], profileRole: string | undefined): DesiredInstance {
  const type = instanceTypes.get(instance.instanceType);
  const { httpTokens, httpPutResponseHopLimit, httpEndpoint, instanceMetadataTags } = instance.metadataOptions;
  return {
    imageId: instance.imageId,
    generation: instance.generation,
    power: instance.state === 'pending' || instance.state === 'running' ? 'on' : 'off',
    vcpus: type?.vcpus ?? 1,
    memoryMiB: type?.memoryMiB ?? 512,
    interfaceIds: Object.entries(instance.interfaces).sort(([a], [b]) => Number(a) - Number(b)).map(([, id]) => id),
    hostName: privateDnsName(region, instance.privateAddress),
    ...(instance.userData !== undefined && { userData: instance.userData }),
    metadata: {
      instanceType: instance.instanceType, zone: instance.zone, zoneId: zoneId(instance.zone), launchTime: instance.launchTime,
      reservationId: instance.reservationId, launchIndex: instance.launchIndex, securityGroupNames: groupNames,
      httpTokens, httpPutResponseHopLimit, httpEndpoint,
      ...(instance.keyName !== undefined && { keyName: instance.keyName }),
      ...(instance.instanceProfile && profileRole !== undefined && { instanceProfile: { arn: instance.instanceProfile.arn, id: instance.instanceProfile.id, roleName: profileRole } }),
      ...(instanceMetadataTags === 'enabled' && { tags: instance.tags }),
    },
  };
}
