import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { instanceTypes } from '../catalogue/instance-types.ts';
import { createOnce } from '../client-token.ts';
import { authFailure, interfaceInUse, invalidParameterCombination, invalidParameterValue, missingParameter, notFound, operationNotPermitted } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import type { Fields } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { detached, freeDevice, groupsIn, planNetworkInterface, removal, withInterface, withoutInterface } from '../network-interfaces.ts';
import { privateDnsName, publicDnsName } from '../network/dns-names.ts';
import { addressesAsked, checkAddressLimit } from '../network/interface-addresses.ts';
import { page } from '../paging.ts';
import { instances, networkInterfaces } from '../records.ts';
import type { NetworkInterface } from '../records.ts';
import { groupNames, interfaceShape } from '../shapes.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor } from '../tagging.ts';
import { zoneId } from '../zones.ts';
import { transact } from '../../../control/transact.ts';

/** A customer's own: what a service made, only that service may change. */
export async function findOwn(context: RequestContext, id: string): Promise<Entry<NetworkInterface>> {
  const entry = await find(context, context, kinds.networkInterface, id);
  if (entry.value.requesterId !== undefined) throw authFailure('You do not have permission to access the specified resource.');
  return entry;
}

/** What DescribeNetworkInterfaces filters by; DescribeInstances does by the same of its interfaces. `known`: names of security groups. */
export function interfaceFields(context: RequestContext, known: ReadonlyMap<string, string>): Fields<NetworkInterface> {
  const publicName = ({ public: given }: NetworkInterface) => given && publicDnsName(context.installation, given.address);
  const owner = ({ public: given }: NetworkInterface) => given && (given.allocationId ? context.account : 'amazon');
  const names = ({ address, secondary = [] }: NetworkInterface) => [address, ...secondary].map((one) => privateDnsName(context.region, one));
  return {
    'network-interface-id': ({ id }) => id, 'subnet-id': ({ subnetId }) => subnetId, 'vpc-id': ({ vpcId }) => vpcId, 'availability-zone': ({ zone }) => zone,
    'group-id': ({ groupIds }) => groupIds, description: ({ description }) => description, 'mac-address': ({ mac }) => mac, 'interface-type': ({ interfaceType }) => interfaceType,
    status: ({ attachment }) => (attachment ? 'in-use' : 'available'), 'owner-id': () => context.account,
    'requester-id': ({ requesterId }) => requesterId, 'requester-managed': ({ requesterId }) => requesterId !== undefined, 'source-dest-check': ({ sourceDestCheck }) => sourceDestCheck,
    'private-ip-address': ({ address }) => address, 'addresses.private-ip-address': ({ address, secondary = [] }) => [address, ...secondary], 'addresses.primary': () => true,
    'association.public-ip': (one) => one.public?.address, 'addresses.association.public-ip': (one) => one.public?.address,
    'association.allocation-id': (one) => one.public?.allocationId, 'association.association-id': (one) => one.public?.associationId,
    'attachment.attachment-id': ({ attachment }) => attachment?.id, 'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
    'attachment.device-index': ({ attachment }) => attachment?.deviceIndex, 'attachment.delete-on-termination': ({ attachment }) => attachment?.deleteOnTermination,
    'attachment.status': ({ attachment }) => attachment && 'attached', 'attachment.instance-owner-id': ({ attachment }) => attachment && context.account,
    'group-name': ({ groupIds }) => groupIds.map((id) => known.get(id)), 'availability-zone-id': ({ zone }) => zoneId(zone), 'attachment.attach-time': ({ attachment }) => attachment?.attachTime,
    'private-dns-name': (one) => names(one)[0], 'addresses.private-dns-name': names, 'ipv4-prefixes.ipv4-prefix': ({ prefixes }) => prefixes,
    'association.public-dns-name': publicName, 'addresses.association.public-dns-name': publicName, 'association.ip-owner-id': owner, 'addresses.association.owner-id': owner,
    'addresses.association.allocation-id': (one) => one.public?.allocationId, 'addresses.association.association-id': (one) => one.public?.associationId,
  };
}

export const networkInterfaceOperations = {
  CreateNetworkInterface: async (input, context) => {
    const wish = {
      subnetId: input.SubnetId ?? '', tags: tagsFor('network-interface', input.TagSpecifications),
      ...(input.Groups && { groupIds: input.Groups }), ...(input.Description !== undefined && { description: input.Description }),
      ...addressesAsked(input),
    };
    const record = await createOnce(context, 'CreateNetworkInterface', input, async (id) => (await networkInterfaces.get(context.store, context, id))?.value, () => planNetworkInterface(context, context, wish));
    return { NetworkInterface: interfaceShape(record, context, await groupNames(context)), ClientToken: input.ClientToken };
  },

  DescribeNetworkInterfaces: async (input, context) => {
    const shown = (await select(context, context, kinds.networkInterface, input.NetworkInterfaceIds)).filter(({ hidden }) => !hidden);
    const known = await groupNames(context);
    const found = applyFilters(shown, input.Filters, interfaceFields(context, known), ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { NetworkInterfaces: items.map((one) => interfaceShape(one, context, known)), NextToken };
  },

  DeleteNetworkInterface: async ({ NetworkInterfaceId: id = '' }, context) => {
    await transact(context, async () => {
      const entry = await findOwn(context, id);
      if (entry.value.attachment) throw interfaceInUse(id);
      return { changes: await removal(context, context, entry), result: undefined };
    });
    return {};
  },

  AttachNetworkInterface: async (input, context) => {
    const attachmentId = newId(context, 'eni-attach');
    await transact(context, async () => {
      const { key, value, revision } = await findOwn(context, input.NetworkInterfaceId ?? '');
      if (value.attachment) throw interfaceInUse(value.id);
      const instance = await find(context, context, kinds.instance, input.InstanceId ?? '');
      if (instance.value.zone !== value.zone) throw invalidParameterCombination(`You may not attach a network interface to an instance if they are not in the same availability zone`);
      checkAddressLimit(instanceTypes.get(instance.value.instanceType), value);
      const deviceIndex = freeDevice(instance.value, input.DeviceIndex);
      const attachment = { id: attachmentId, owner: instance.value.id, instanceId: instance.value.id, deviceIndex, deleteOnTermination: false, attachTime: context.now().toISOString() };
      return {
        changes: [networkInterfaces.put(key, { ...value, attachment, hostId: instance.value.hostId }, revision), withInterface(instance, deviceIndex, value.id)],
        result: undefined,
      };
    });
    return { AttachmentId: attachmentId, NetworkCardIndex: 0 };
  },

  DetachNetworkInterface: async ({ AttachmentId: id = '' }, context) => {
    await transact(context, async () => {
      const entry = (await networkInterfaces.list(context.store, context)).find(({ value }) => value.attachment?.id === id);
      if (!entry) throw notFound('InvalidAttachmentID.NotFound', `The attachment ID '${id}' does not exist`);
      const { value } = await findOwn(context, entry.value.id);
      if (value.attachment?.deviceIndex === 0) throw operationNotPermitted('The network interface at device index 0 cannot be detached.');
      const instance = await instances.get(context.store, context, value.attachment?.instanceId ?? '');
      return {
        changes: [networkInterfaces.put(entry.key, detached(entry.value), entry.revision), ...(instance ? [withoutInterface(instance, value.id)] : [])],
        result: undefined,
      };
    });
    return {};
  },

  ModifyNetworkInterfaceAttribute: async (input, context) => {
    const { key, value } = await findOwn(context, input.NetworkInterfaceId ?? '');
    const groupIds = input.Groups ? await groupsIn(context, context, value.vpcId, input.Groups) : undefined;
    await networkInterfaces.update(context.store, key, (one) => {
      const change = input.Attachment;
      if (change && one.attachment?.id !== change.AttachmentId) throw invalidParameterValue(`The attachment ID '${change.AttachmentId}' does not belong to '${one.id}'`);
      return {
        ...one,
        groupIds: groupIds ?? one.groupIds,
        description: input.Description?.Value ?? one.description,
        sourceDestCheck: input.SourceDestCheck?.Value ?? one.sourceDestCheck,
        ...(one.attachment && { attachment: { ...one.attachment, deleteOnTermination: change?.DeleteOnTermination ?? one.attachment.deleteOnTermination } }),
      };
    });
    return {};
  },

  DescribeNetworkInterfaceAttribute: async ({ NetworkInterfaceId: id = '', Attribute: attribute }, context) => {
    const { value } = await find(context, context, kinds.networkInterface, id);
    const shown = interfaceShape(value, context, await groupNames(context));
    switch (attribute) {
      case 'description': return { NetworkInterfaceId: id, Description: { Value: value.description } };
      case 'groupSet': return { NetworkInterfaceId: id, Groups: shown.Groups };
      case 'sourceDestCheck': return { NetworkInterfaceId: id, SourceDestCheck: { Value: value.sourceDestCheck } };
      case 'attachment': return { NetworkInterfaceId: id, Attachment: shown.Attachment };
      case 'associatePublicIpAddress': case undefined: default: throw missingParameter('attribute');
    }
  },
} satisfies Ec2Operations;
