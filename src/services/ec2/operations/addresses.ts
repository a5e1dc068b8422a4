import type * as Sdk from '@aws-sdk/client-ec2';
import { omit } from '../../../control/omit.ts';
import type { RequestContext } from '../../../control/service.ts';
import type { Change, Entry } from '../../../store/store.ts';
import { addressNotFound, alreadyAssociated, authFailure, invalidParameterValue, missingParameter, notFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { publicPool } from '../network/allocate.ts';
import { publicRemoval } from '../network-interfaces.ts';
import { page } from '../paging.ts';
import { addresses, networkInterfaces, publicAddresses } from '../records.ts';
import type { Address, NetworkInterface } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';

interface Placed {
  address: Address;
  on: NetworkInterface | undefined;
}

async function placed(context: RequestContext, address: Address): Promise<Placed> {
  const on = address.networkInterfaceId === undefined ? undefined : (await networkInterfaces.get(context.store, context, address.networkInterfaceId))?.value;
  return { address, on };
}

const shape = ({ address, on }: Placed, { account, region }: RequestContext): Sdk.Address => ({
  AllocationId: address.id, PublicIp: address.address, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: region, Tags: toTags(address.tags),
  ...(on && {
    AssociationId: on.public?.associationId, NetworkInterfaceId: on.id, NetworkInterfaceOwnerId: account, PrivateIpAddress: on.address, InstanceId: on.attachment?.instanceId ?? '',
  }),
});

/** By allocation id, or by the address itself. */
export async function byAllocationOrAddress(context: RequestContext, { AllocationId: id, PublicIp: address }: { AllocationId?: string | undefined; PublicIp?: string | undefined }): Promise<Entry<Address>> {
  if (id !== undefined) return find(context, context, kinds.address, id);
  if (address === undefined) throw missingParameter('AllocationId');
  const entry = (await addresses.list(context.store, context)).find(({ value }) => value.address === address);
  if (!entry) throw addressNotFound(address);
  return entry;
}

async function targetInterface(context: RequestContext, input: Sdk.AssociateAddressRequest): Promise<Entry<NetworkInterface>> {
  if (input.NetworkInterfaceId !== undefined) return find(context, context, kinds.networkInterface, input.NetworkInterfaceId);
  if (input.InstanceId === undefined) throw missingParameter('InstanceId or NetworkInterfaceId');
  const { value } = await find(context, context, kinds.instance, input.InstanceId);
  const id = value.interfaces[0];
  if (id === undefined) throw notFound('InvalidInstanceID', `The instance '${value.id}' is not in a valid state for this operation.`);
  return find(context, context, kinds.networkInterface, id);
}

/** An address of what a service keeps, a NAT gateway say, goes with that alone. */
function refuseManaged(on: NetworkInterface | undefined): void {
  if (on?.requesterId !== undefined) throw authFailure('You do not have permission to access the specified resource.');
}

/** Takes the elastic address off an interface and out of its record. */
async function dissociation(context: RequestContext, elastic: Entry<Address>): Promise<Change[]> {
  const { networkInterfaceId, ...rest } = elastic.value;
  const on = networkInterfaceId === undefined ? undefined : await networkInterfaces.get(context.store, context, networkInterfaceId);
  refuseManaged(on?.value);
  const changes = [addresses.put(elastic.key, rest, elastic.revision)];
  if (on) changes.push(networkInterfaces.put(on.key, withoutPublic(on.value), on.revision));
  return changes;
}

const withoutPublic = (one: NetworkInterface): NetworkInterface => omit(one, 'public');

export const addressOperations = {
  AllocateAddress: async (input, context) => {
    const record = await transact(context, async () => {
      const id = newId(context, 'eipalloc');
      const { address, change } = (await publicPool(context, context)).take(id);
      const made: Address = { id, address, tags: tagsFor('elastic-ip', input.TagSpecifications) };
      return { changes: [change, addresses.put(addresses.key(context, id), made, 0)], result: made };
    });
    return { AllocationId: record.id, PublicIp: record.address, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: context.region };
  },

  DescribeAddresses: async (input, context) => {
    const all = (await addresses.list(context.store, context)).map(({ value }) => value);
    for (const id of input.AllocationIds ?? []) await find(context, context, kinds.address, id);
    for (const address of input.PublicIps ?? []) if (!all.some((one) => one.address === address)) throw addressNotFound(address);
    const asked = all.filter((one) => (!input.AllocationIds?.length || input.AllocationIds.includes(one.id)) && (!input.PublicIps?.length || input.PublicIps.includes(one.address)));
    const found = applyFilters(await Promise.all(asked.map((one) => placed(context, one))), input.Filters, {
      'allocation-id': ({ address }) => address.id, 'public-ip': ({ address }) => address.address, domain: () => 'vpc', 'network-border-group': () => context.region,
      'association-id': ({ on }) => on?.public?.associationId, 'network-interface-id': ({ on }) => on?.id, 'instance-id': ({ on }) => on?.attachment?.instanceId,
      'private-ip-address': ({ on }) => on?.address, 'network-interface-owner-id': ({ on }) => on && context.account,
    }, ({ address }) => address.tags);
    return { Addresses: found.map((one) => shape(one, context)) };
  },

  /** None has a reverse name of its own. */
  DescribeAddressesAttribute: async ({ AllocationIds: ids, MaxResults, NextToken: token }, context) => {
    const all = await select(context, context, kinds.address, ids);
    const { items, NextToken } = page(all, { MaxResults, NextToken: token }, ({ id }) => id);
    return { Addresses: items.map(({ id, address }) => ({ AllocationId: id, PublicIp: address })), NextToken };
  },

  AssociateAddress: async (input, context) => {
    const associationId = newId(context, 'eipassoc');
    return transact(context, async () => {
      const elastic = await byAllocationOrAddress(context, input);
      const onto = await targetInterface(context, input);
      if (input.PrivateIpAddress !== undefined && input.PrivateIpAddress !== onto.value.address) throw invalidParameterValue(`Invalid value '${input.PrivateIpAddress}' for PrivateIpAddress. Address does not belong to the network interface '${onto.value.id}'.`);
      if (elastic.value.networkInterfaceId === onto.value.id) return { changes: [], result: { AssociationId: onto.value.public?.associationId } };
      const taken = elastic.value.networkInterfaceId ?? (onto.value.public?.allocationId === undefined ? undefined : onto.value.id);
      if (taken !== undefined && input.AllowReassociation === false) throw alreadyAssociated(`resource ${elastic.value.id} is already associated with associate-id ${onto.value.public?.associationId ?? taken}`);
      const changes: Change[] = [
        addresses.put(elastic.key, { ...elastic.value, networkInterfaceId: onto.value.id }, elastic.revision),
        networkInterfaces.put(onto.key, { ...onto.value, public: { address: elastic.value.address, allocationId: elastic.value.id, associationId } }, onto.revision),
      ];
      const before = elastic.value.networkInterfaceId === undefined ? undefined : await networkInterfaces.get(context.store, context, elastic.value.networkInterfaceId);
      refuseManaged(before?.value);
      refuseManaged(onto.value);
      if (before) changes.push(networkInterfaces.put(before.key, withoutPublic(before.value), before.revision));
      changes.push(...(await publicRemoval(context, context, onto.value)));
      return { changes, result: { AssociationId: associationId } };
    });
  },

  DisassociateAddress: async (input, context) => {
    await transact(context, async () => {
      const all = await addresses.list(context.store, context);
      const withInterfaces = await Promise.all(all.map(async (entry) => ({ entry, ...(await placed(context, entry.value)) })));
      const one = withInterfaces.find(({ address, on }) => (input.AssociationId === undefined ? address.address === input.PublicIp : on?.public?.associationId === input.AssociationId));
      if (!one) throw input.AssociationId === undefined ? addressNotFound(input.PublicIp ?? '') : notFound('InvalidAssociationID.NotFound', `The association ID '${input.AssociationId}' does not exist`);
      return { changes: await dissociation(context, one.entry), result: undefined };
    });
    return {};
  },

  ReleaseAddress: async (input, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await byAllocationOrAddress(context, input);
      if (value.networkInterfaceId !== undefined) throw notFound('InvalidIPAddress.InUse', `Address ${value.address} is in use.`);
      return { changes: [{ delete: key, expect: revision }, { delete: publicAddresses.key(context, value.address) }], result: undefined };
    });
    return {};
  },
} satisfies Ec2Operations;
