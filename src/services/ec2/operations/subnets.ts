import type * as Sdk from '@aws-sdk/client-ec2';
import type { RequestContext, Scope } from '../../../control/service.ts';
import { dependencyViolation, invalidCidr, invalidParameterValue, missingParameter, subnetConflict, subnetRange } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { subnetsOf } from '../lookups.ts';
import { contains, formatCidr, overlaps, parseCidr, RESERVED, sizeOf } from '../network/cidr.ts';
import type { Cidr } from '../network/cidr.ts';
import { page } from '../paging.ts';
import { networkInterfaces, routeTables, subnetAddresses, subnets } from '../records.ts';
import type { Subnet } from '../records.ts';
import { arn } from '../scope.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';
import { zoneId } from '../zones.ts';

interface Counted extends Subnet {
  free: number;
}

async function counted(context: RequestContext, subnet: Subnet): Promise<Counted> {
  const names = (await subnetAddresses.list(context.store, context, subnet.id)).map(({ key }) => subnetAddresses.parse(key).names[1] ?? '');
  const taken = names.reduce((sum, name) => sum + sizeOf(parseCidr(name) ?? { base: 0, prefix: 32 }), 0);
  return { ...subnet, free: sizeOf(parseCidr(subnet.cidrBlock) as Cidr) - RESERVED - taken };
}

const shape = (subnet: Counted, scope: Scope): Sdk.Subnet => ({
  SubnetId: subnet.id, SubnetArn: arn(scope, 'subnet', subnet.id), VpcId: subnet.vpcId, OwnerId: scope.account, State: 'available', CidrBlock: subnet.cidrBlock,
  AvailabilityZone: subnet.zone, AvailabilityZoneId: zoneId(subnet.zone), AvailableIpAddressCount: subnet.free, DefaultForAz: subnet.defaultForAz,
  MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch, AssignIpv6AddressOnCreation: false, Ipv6CidrBlockAssociationSet: [], MapCustomerOwnedIpOnLaunch: false,
  EnableDns64: false, Ipv6Native: false, Tags: toTags(subnet.tags),
  PrivateDnsNameOptionsOnLaunch: { HostnameType: 'ip-name', EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
});

function zoneOf(context: RequestContext, input: Sdk.CreateSubnetRequest): string {
  const { zones } = context.installation;
  const asked = input.AvailabilityZone ?? (input.AvailabilityZoneId === undefined ? zones[0] : zones.find((zone) => zoneId(zone) === input.AvailabilityZoneId));
  if (asked === undefined || !zones.includes(asked)) throw invalidParameterValue(`Value (${input.AvailabilityZone ?? input.AvailabilityZoneId}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(', ')}.`);
  return asked;
}

export const subnetOperations = {
  CreateSubnet: async (input, context) => {
    if (input.CidrBlock === undefined) throw missingParameter('cidrBlock');
    const zone = zoneOf(context, input);
    const cidr = parseCidr(input.CidrBlock);
    if (!cidr) throw invalidCidr(input.CidrBlock);
    const id = newId(context, 'subnet');
    const subnet = await transact(context, async () => {
      const vpc = await find(context, context, kinds.vpc, input.VpcId ?? '');
      if (cidr.prefix < 16 || cidr.prefix > 28 || !vpc.value.cidrBlocks.some(({ cidrBlock }) => contains(parseCidr(cidrBlock) as Cidr, cidr))) throw subnetRange(input.CidrBlock ?? '');
      if ((await subnetsOf(context, context, vpc.value.id)).some((other) => overlaps(parseCidr(other.cidrBlock) as Cidr, cidr))) throw subnetConflict(formatCidr(cidr));
      const record: Subnet = { id, vpcId: vpc.value.id, cidrBlock: formatCidr(cidr), zone, defaultForAz: false, mapPublicIpOnLaunch: false, tags: tagsFor('subnet', input.TagSpecifications) };
      // The VPC is written again so that of two subnets that overlap only one is made.
      return { changes: [subnets.put(subnets.key(context, id), record, 0), { put: vpc.key, value: vpc.value, expect: vpc.revision }], result: record };
    });
    return { Subnet: shape(await counted(context, subnet), context) };
  },

  DescribeSubnets: async (input, context) => {
    const all = await Promise.all((await select(context, context, kinds.subnet, input.SubnetIds)).map((subnet) => counted(context, subnet)));
    const found = applyFilters(all, input.Filters, {
      'subnet-id': ({ id }) => id, 'subnet-arn': ({ id }) => arn(context, 'subnet', id), 'vpc-id': ({ vpcId }) => vpcId, state: () => 'available',
      'availability-zone': ({ zone }) => zone, availabilityZone: ({ zone }) => zone, 'availability-zone-id': ({ zone }) => zoneId(zone), availabilityZoneId: ({ zone }) => zoneId(zone),
      'available-ip-address-count': ({ free }) => free, 'cidr-block': ({ cidrBlock }) => cidrBlock, cidr: ({ cidrBlock }) => cidrBlock, cidrBlock: ({ cidrBlock }) => cidrBlock,
      'default-for-az': ({ defaultForAz }) => defaultForAz, defaultForAz: ({ defaultForAz }) => defaultForAz,
      'map-public-ip-on-launch': ({ mapPublicIpOnLaunch }) => mapPublicIpOnLaunch, 'owner-id': () => context.account, 'ipv6-native': () => false,
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { Subnets: items.map((subnet) => shape(subnet, context)), NextToken };
  },

  ModifySubnetAttribute: async (input, context) => {
    const { key } = await find(context, context, kinds.subnet, input.SubnetId ?? '');
    await subnets.update(context.store, key, (subnet) => ({ ...subnet, mapPublicIpOnLaunch: input.MapPublicIpOnLaunch?.Value ?? subnet.mapPublicIpOnLaunch }));
    return {};
  },

  DeleteSubnet: async ({ SubnetId: id = '' }, context) => {
    await transact(context, async () => {
      const entry = await find(context, context, kinds.subnet, id);
      if ((await networkInterfaces.list(context.store, context)).some(({ value }) => value.subnetId === id)) throw dependencyViolation(`The subnet '${id}' has dependencies and cannot be deleted.`);
      const tables = (await routeTables.list(context.store, context)).filter(({ value }) => value.associations.some(({ subnetId }) => subnetId === id));
      const freed = tables.map(({ key, value, revision }) => routeTables.put(key, { ...value, associations: value.associations.filter(({ subnetId }) => subnetId !== id) }, revision));
      return { changes: [{ delete: entry.key, expect: entry.revision }, ...freed], result: undefined };
    });
    return {};
  },
} satisfies Ec2Operations;
