import type * as Sdk from '@aws-sdk/client-ec2';
import type { Scope } from '../../../control/service.ts';
import { dependencyViolation, invalidCidr, invalidParameterCombination, missingParameter, notFound, vpcRange } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import type { Fields } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { formatCidr, overlaps, parseCidr } from '../network/cidr.ts';
import type { Cidr } from '../network/cidr.ts';
import { page } from '../paging.ts';
import { dhcpOptions, internetGateways, names, networkAcls, networkInterfaces, routeTables, securityGroups, subnets, vpcs } from '../records.ts';
import type { Vpc } from '../records.ts';
import { newVpc } from '../seed.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';

const fields: Fields<Vpc> = {
  'vpc-id': ({ id }) => id,
  cidr: ({ cidrBlocks }) => cidrBlocks[0]?.cidrBlock,
  'cidr-block-association.cidr-block': ({ cidrBlocks }) => cidrBlocks.map(({ cidrBlock }) => cidrBlock),
  'cidr-block-association.association-id': ({ cidrBlocks }) => cidrBlocks.map(({ associationId }) => associationId),
  'cidr-block-association.state': () => 'associated',
  'dhcp-options-id': ({ dhcpOptionsId }) => dhcpOptionsId,
  'is-default': ({ isDefault }) => isDefault,
  isDefault: ({ isDefault }) => isDefault,
  state: () => 'available',
};

const association = ({ associationId, cidrBlock }: Vpc['cidrBlocks'][number]) => ({ AssociationId: associationId, CidrBlock: cidrBlock, CidrBlockState: { State: 'associated' as const } });

const shape = (vpc: Vpc, { account }: Scope): Sdk.Vpc => ({
  VpcId: vpc.id, OwnerId: account, State: 'available', CidrBlock: vpc.cidrBlocks[0]?.cidrBlock, CidrBlockAssociationSet: vpc.cidrBlocks.map(association),
  IsDefault: vpc.isDefault, DhcpOptionsId: vpc.dhcpOptionsId, InstanceTenancy: 'default', Tags: toTags(vpc.tags),
});

/** A VPC's block: /16 to /28. */
function checkBlock(text: string | undefined): Cidr {
  if (text === undefined) throw missingParameter('cidrBlock');
  const cidr = parseCidr(text);
  if (!cidr) throw invalidCidr(text);
  if (cidr.prefix < 16 || cidr.prefix > 28) throw vpcRange(text);
  return cidr;
}

export const vpcOperations = {
  CreateVpc: async (input, context) => {
    if (input.AmazonProvidedIpv6CidrBlock || input.Ipv6CidrBlock) throw notFound('UnsupportedOperation', 'IPv6: not implemented by Gantry.');
    const cidrBlock = formatCidr(checkBlock(input.CidrBlock));
    const [options] = await dhcpOptions.list(context.store, context);
    const { vpc, changes } = newVpc(context, context, { cidrBlock, dhcpOptionsId: options?.value.id ?? 'default', isDefault: false, tags: tagsFor('vpc', input.TagSpecifications) });
    await transact(context, async () => ({ changes, result: undefined }));
    return { Vpc: shape(vpc, context) };
  },

  DescribeVpcs: async (input, context) => {
    const found = applyFilters(await select(context, context, kinds.vpc, input.VpcIds), input.Filters, { ...fields, 'owner-id': () => context.account }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { Vpcs: items.map((vpc) => shape(vpc, context)), NextToken };
  },

  DeleteVpc: async ({ VpcId: id = '' }, context) => {
    await transact(context, async () => {
      const entry = await find(context, context, kinds.vpc, id);
      const inUse = async (records: { list(store: typeof context.store, scope: Scope): Promise<{ value: { vpcId?: string } }[]> }) =>
        (await records.list(context.store, context)).some(({ value }) => value.vpcId === id);
      const tables = (await routeTables.list(context.store, context)).filter(({ value }) => value.vpcId === id);
      const groups = (await securityGroups.list(context.store, context)).filter(({ value }) => value.vpcId === id);
      const acls = (await networkAcls.list(context.store, context)).filter(({ value }) => value.vpcId === id);
      const others = tables.length > 1 || groups.length > 1 || acls.length > 1;
      if (others || (await inUse(subnets)) || (await inUse(networkInterfaces)) || (await inUse(internetGateways))) throw dependencyViolation(`The vpc '${id}' has dependencies and cannot be deleted.`);
      const parts = [...tables, ...groups, ...acls].map(({ key, revision }) => ({ delete: key, expect: revision }));
      return { changes: [{ delete: entry.key, expect: entry.revision }, ...parts, { delete: names.key(context, 'security-group', id, 'default') }], result: undefined };
    });
    return {};
  },

  ModifyVpcAttribute: async (input, context) => {
    const { key } = await find(context, context, kinds.vpc, input.VpcId ?? '');
    if (input.EnableDnsHostnames && input.EnableDnsSupport) throw invalidParameterCombination('Fields for multiple attribute types specified: enableDnsHostnames, enableDnsSupport');
    await vpcs.update(context.store, key, (vpc) => ({
      ...vpc,
      enableDnsSupport: input.EnableDnsSupport?.Value ?? vpc.enableDnsSupport,
      enableDnsHostnames: input.EnableDnsHostnames?.Value ?? vpc.enableDnsHostnames,
    }));
    return {};
  },

  DescribeVpcAttribute: async ({ VpcId: id = '', Attribute: attribute }, context) => {
    const { value: vpc } = await find(context, context, kinds.vpc, id);
    switch (attribute) {
      case 'enableDnsSupport': return { VpcId: id, EnableDnsSupport: { Value: vpc.enableDnsSupport } };
      case 'enableDnsHostnames': return { VpcId: id, EnableDnsHostnames: { Value: vpc.enableDnsHostnames } };
      case 'enableNetworkAddressUsageMetrics': return { VpcId: id, EnableNetworkAddressUsageMetrics: { Value: false } };
      case undefined: default: throw missingParameter('attribute');
    }
  },

  AssociateVpcCidrBlock: async (input, context) => {
    const cidr = checkBlock(input.CidrBlock);
    const block = { associationId: newId(context, 'vpc-cidr-assoc'), cidrBlock: formatCidr(cidr) };
    const { key } = await find(context, context, kinds.vpc, input.VpcId ?? '');
    await vpcs.update(context.store, key, (vpc) => {
      if (vpc.cidrBlocks.some((other) => overlaps(cidr, parseCidr(other.cidrBlock) as Cidr))) throw vpcRange(block.cidrBlock);
      return { ...vpc, cidrBlocks: [...vpc.cidrBlocks, block] };
    });
    return { VpcId: input.VpcId, CidrBlockAssociation: association(block) };
  },

  DisassociateVpcCidrBlock: async ({ AssociationId: id = '' }, context) => {
    const entry = (await vpcs.list(context.store, context)).find(({ value }) => value.cidrBlocks.some(({ associationId }) => associationId === id));
    if (!entry) throw notFound('InvalidVpcCidrBlockAssociationID.NotFound', `The vpc CIDR block association ID '${id}' does not exist`);
    const block = entry.value.cidrBlocks.find(({ associationId }) => associationId === id) as Vpc['cidrBlocks'][number];
    const used = (await subnets.list(context.store, context)).some(({ value }) => value.vpcId === entry.value.id && overlaps(parseCidr(value.cidrBlock) as Cidr, parseCidr(block.cidrBlock) as Cidr));
    if (used || entry.value.cidrBlocks[0] === block) throw notFound('OperationNotPermitted', `The vpc CIDR block with association ID ${id} may not be disassociated. ${used ? 'It is in use.' : 'It is the primary IPv4 CIDR block of the VPC'}`);
    await vpcs.update(context.store, entry.key, (vpc) => ({ ...vpc, cidrBlocks: vpc.cidrBlocks.filter(({ associationId }) => associationId !== id) }));
    return { VpcId: entry.value.id, CidrBlockAssociation: { ...association(block), CidrBlockState: { State: 'disassociated' } } };
  },

  DescribeDhcpOptions: async (input, context) => {
    const found = applyFilters(await select(context, context, kinds.dhcpOptions, input.DhcpOptionsIds), input.Filters, {
      'dhcp-options-id': ({ id }) => id,
      key: ({ configurations }) => Object.keys(configurations),
      value: ({ configurations }) => Object.values(configurations).flat(),
      'owner-id': () => context.account,
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return {
      DhcpOptions: items.map(({ id, configurations, tags }) => ({
        DhcpOptionsId: id, OwnerId: context.account, Tags: toTags(tags),
        DhcpConfigurations: Object.entries(configurations).map(([Key, values]) => ({ Key, Values: values.map((Value) => ({ Value })) })),
      })),
      NextToken,
    };
  },
} satisfies Ec2Operations;
