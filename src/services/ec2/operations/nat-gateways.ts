import type * as Sdk from '@aws-sdk/client-ec2';
import { createHash } from 'node:crypto';
import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { alreadyAssociated, idempotentParameterMismatch, missingParameter, notFound, unsupported } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { subnetPool } from '../network/allocate.ts';
import { newInterface, removal } from '../network-interfaces.ts';
import { page } from '../paging.ts';
import { addresses, clientTokens, natGateways, networkInterfaces } from '../records.ts';
import type { NatGateway } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';

/** Of its making; afterwards it is at once what it was asked to be, as routes are. */
type State = 'pending' | 'available' | 'deleted';
const TOKENS = 'CreateNatGateway';
const stateOf = ({ deletedAt }: NatGateway): State => (deletedAt === undefined ? 'available' : 'deleted');

const shape = (one: NatGateway, state = stateOf(one)): Sdk.NatGateway => ({
  NatGatewayId: one.id, VpcId: one.vpcId, SubnetId: one.subnetId, State: state, ConnectivityType: 'public', CreateTime: new Date(one.createdAt), Tags: toTags(one.tags),
  ...(one.deletedAt !== undefined && { DeleteTime: new Date(one.deletedAt) }),
  NatGatewayAddresses: [{
    AllocationId: one.public.allocationId, AssociationId: one.public.associationId, NetworkInterfaceId: one.networkInterfaceId, PublicIp: one.public.address, PrivateIp: one.privateAddress,
    IsPrimary: true, Status: 'succeeded',
  }],
});

/** What its translation here does not know. */
function refuseWhatIsNotThere(input: Sdk.CreateNatGatewayRequest): void {
  if (input.ConnectivityType === 'private') throw unsupported('Private NAT gateways: not implemented by Gantry.');
  if (input.AvailabilityMode === 'regional' || input.AvailabilityZoneAddresses?.length) throw unsupported('Regional NAT gateways: not implemented by Gantry.');
  if (input.SecondaryAllocationIds?.length || input.SecondaryPrivateIpAddresses?.length || input.SecondaryPrivateIpAddressCount) throw unsupported('Secondary addresses of NAT gateways: not implemented by Gantry.');
}

async function create(context: RequestContext, input: Sdk.CreateNatGatewayRequest): Promise<NatGateway> {
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  return transact(context, async () => {
    const use = input.ClientToken ? (await clientTokens.get(context.store, context, TOKENS, input.ClientToken))?.value : undefined;
    if (use && use.fingerprint !== fingerprint) throw idempotentParameterMismatch();
    if (use) return { changes: [], result: (await find(context, context, kinds.natGateway, use.ids[0] ?? '')).value };
    const { value: subnet } = await find(context, context, kinds.subnet, input.SubnetId ?? '');
    const elastic = await find(context, context, kinds.address, input.AllocationId ?? '');
    if (elastic.value.networkInterfaceId !== undefined) throw alreadyAssociated(`Elastic IP address [${elastic.value.id}] is already associated`);
    const id = newId(context, 'nat');
    const shown = { address: elastic.value.address, allocationId: elastic.value.id, associationId: newId(context, 'eipassoc') };
    const { record: own, changes } = newInterface(context, context, {
      subnet, groupIds: [], description: `Interface for NAT Gateway ${id}`, interfaceType: 'nat_gateway', requesterId: 'ec2.amazonaws.com', elastic: shown,
      attachment: { owner: id, deviceIndex: 1 }, deleteOnTermination: false, ...(input.PrivateIpAddress !== undefined && { address: input.PrivateIpAddress }),
    }, { private: await subnetPool(context, context, subnet) });
    const record: NatGateway = {
      id, vpcId: subnet.vpcId, subnetId: subnet.id, networkInterfaceId: own.id, privateAddress: own.address, public: shown, createdAt: context.now().toISOString(),
      tags: tagsFor('natgateway', input.TagSpecifications),
    };
    return {
      changes: [
        ...changes, natGateways.put(natGateways.key(context, id), record, 0), addresses.put(elastic.key, { ...elastic.value, networkInterfaceId: own.id }, elastic.revision),
        ...(input.ClientToken ? [clientTokens.put(clientTokens.key(context, TOKENS, input.ClientToken), { fingerprint, ids: [id] }, 0)] : []),
      ],
      result: record,
    };
  });
}

export const natGatewayOperations = {
  CreateNatGateway: async (input, context) => {
    refuseWhatIsNotThere(input);
    if (input.SubnetId === undefined) throw missingParameter('subnetId');
    if (input.AllocationId === undefined) throw missingParameter('allocationId');
    return { NatGateway: shape(await create(context, input), 'pending'), ClientToken: input.ClientToken };
  },

  DescribeNatGateways: async (input, context) => {
    const found = applyFilters(await select(context, context, kinds.natGateway, input.NatGatewayIds), input.Filter, {
      'nat-gateway-id': ({ id }) => id, state: stateOf, 'subnet-id': ({ subnetId }) => subnetId, 'vpc-id': ({ vpcId }) => vpcId,
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { NatGateways: items.map((one) => shape(one)), NextToken };
  },

  /** Its address is the customer's again at once; routes to it become black holes. */
  DeleteNatGateway: async ({ NatGatewayId: id = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.natGateway, id);
      if (value.deletedAt !== undefined) throw notFound('NatGatewayNotFound', kinds.natGateway.words(id));
      const own = await networkInterfaces.get(context.store, context, value.networkInterfaceId);
      return {
        changes: [natGateways.put(key, { ...value, deletedAt: context.now().toISOString() }, revision), ...(own ? await removal(context, context, own) : [])],
        result: undefined,
      };
    });
    return { NatGatewayId: id };
  },
} satisfies Ec2Operations;
