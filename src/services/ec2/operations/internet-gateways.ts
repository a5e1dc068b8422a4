import type * as Sdk from '@aws-sdk/client-ec2';
import type { Scope } from '../../../control/service.ts';
import { alreadyAssociated, dependencyViolation, gatewayNotAttached } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { page } from '../paging.ts';
import { internetGateways, networkInterfaces } from '../records.ts';
import type { InternetGateway } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';

const shape = ({ id, vpcId, tags }: InternetGateway, { account }: Scope): Sdk.InternetGateway => ({
  // The SDK's AttachmentStatus has `attached`; EC2 says `available` for internet gateways (and documents it so).
  InternetGatewayId: id, OwnerId: account, Tags: toTags(tags), Attachments: vpcId === undefined ? [] : [{ VpcId: vpcId, State: 'available' as Sdk.AttachmentStatus }],
});

export const internetGatewayOperations = {
  CreateInternetGateway: async (input, context) => {
    const record: InternetGateway = { id: newId(context, 'igw'), tags: tagsFor('internet-gateway', input.TagSpecifications) };
    await context.store.commit([internetGateways.put(internetGateways.key(context, record.id), record, 0)]);
    return { InternetGateway: shape(record, context) };
  },

  DescribeInternetGateways: async (input, context) => {
    const found = applyFilters(await select(context, context, kinds.internetGateway, input.InternetGatewayIds), input.Filters, {
      'internet-gateway-id': ({ id }) => id, 'attachment.vpc-id': ({ vpcId }) => vpcId, 'attachment.state': ({ vpcId }) => vpcId && 'available', 'owner-id': () => context.account,
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { InternetGateways: items.map((gateway) => shape(gateway, context)), NextToken };
  },

  AttachInternetGateway: async ({ InternetGatewayId: id = '', VpcId: vpcId = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.internetGateway, id);
      const vpc = await find(context, context, kinds.vpc, vpcId);
      if (value.vpcId !== undefined) throw alreadyAssociated(`resource ${id} is already attached to network ${value.vpcId}`);
      const other = (await internetGateways.list(context.store, context)).find((gateway) => gateway.value.vpcId === vpcId);
      if (other) throw alreadyAssociated(`Network ${vpcId} already has an internet gateway attached`);
      return { changes: [internetGateways.put(key, { ...value, vpcId }, revision), { put: vpc.key, value: vpc.value, expect: vpc.revision }], result: undefined };
    });
    return {};
  },

  DetachInternetGateway: async ({ InternetGatewayId: id = '', VpcId: vpcId = '' }, context) => {
    await transact(context, async () => {
      const { key, value: { vpcId: attached, ...rest }, revision } = await find(context, context, kinds.internetGateway, id);
      await find(context, context, kinds.vpc, vpcId);
      if (attached !== vpcId) throw gatewayNotAttached(id, vpcId);
      const shown = (await networkInterfaces.list(context.store, context)).some(({ value }) => value.vpcId === vpcId && value.public);
      if (shown) throw dependencyViolation(`Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`);
      return { changes: [internetGateways.put(key, rest, revision)], result: undefined };
    });
    return {};
  },

  DeleteInternetGateway: async ({ InternetGatewayId: id = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.internetGateway, id);
      if (value.vpcId !== undefined) throw dependencyViolation(`The internetGateway '${id}' has dependencies and cannot be deleted.`);
      return { changes: [{ delete: key, expect: revision }], result: undefined };
    });
    return {};
  },
} satisfies Ec2Operations;
