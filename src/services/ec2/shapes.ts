import type * as Sdk from '@aws-sdk/client-ec2';
import type { Env, RequestContext, Scope } from '../../control/service.ts';
import { imageById } from './catalogue/images.ts';
import { instanceTypes } from './catalogue/instance-types.ts';
import { privateDnsName, publicDnsName } from './network/dns-names.ts';
import { securityGroups } from './records.ts';
import type { Instance, InstanceStateName, NetworkInterface } from './records.ts';
import { toTags } from './tagging.ts';
import { zoneId } from './zones.ts';

/** Instances and interfaces as EC2 shows them. */

export type GroupNames = ReadonlyMap<string, string>;

export async function groupNames(context: RequestContext): Promise<GroupNames> {
  return new Map((await securityGroups.list(context.store, context)).map(({ value }) => [value.id, value.name]));
}

const groupsOf = (one: NetworkInterface, known: GroupNames) => one.groupIds.map((id) => ({ GroupId: id, GroupName: known.get(id) }));

function associationOf(one: NetworkInterface, env: Env & Scope) {
  if (!one.public) return undefined;
  return {
    PublicIp: one.public.address, PublicDnsName: publicDnsName(env.installation, one.public.address), IpOwnerId: one.public.allocationId ? env.account : 'amazon',
    ...(one.public.allocationId && { AllocationId: one.public.allocationId, AssociationId: one.public.associationId }),
  };
}

export function interfaceShape(one: NetworkInterface, env: Env & Scope, known: GroupNames): Sdk.NetworkInterface {
  const { attachment } = one;
  const association = associationOf(one, env);
  const dns = privateDnsName(env.region, one.address);
  return {
    NetworkInterfaceId: one.id, SubnetId: one.subnetId, VpcId: one.vpcId, AvailabilityZone: one.zone, AvailabilityZoneId: zoneId(one.zone), OwnerId: env.account,
    Description: one.description, InterfaceType: one.interfaceType as Sdk.NetworkInterfaceType, MacAddress: one.mac, Groups: groupsOf(one, known), Status: attachment ? 'in-use' : 'available',
    PrivateIpAddress: one.address, PrivateDnsName: dns, SourceDestCheck: one.sourceDestCheck, Ipv6Addresses: [], TagSet: toTags(one.tags),
    RequesterManaged: one.requesterId !== undefined, RequesterId: one.requesterId, Association: association,
    PrivateIpAddresses: [
      { Primary: true, PrivateIpAddress: one.address, PrivateDnsName: dns, Association: association },
      ...(one.secondary ?? []).map((address) => ({ Primary: false, PrivateIpAddress: address, PrivateDnsName: privateDnsName(env.region, address) })),
    ],
    ...(one.prefixes && { Ipv4Prefixes: one.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })) }),
    ...(attachment && {
      Attachment: {
        AttachmentId: attachment.id, AttachTime: new Date(attachment.attachTime), DeleteOnTermination: attachment.deleteOnTermination, DeviceIndex: attachment.deviceIndex,
        NetworkCardIndex: 0, Status: 'attached', InstanceId: attachment.instanceId, InstanceOwnerId: attachment.instanceId ? env.account : 'amazon-aws',
      },
    }),
  };
}

const CODES: Record<InstanceStateName, number> = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 };
export const stateOf = (name: InstanceStateName): Sdk.InstanceState => ({ Name: name, Code: CODES[name] });

/** `interfaces` in order of device index. */
export function instanceShape(instance: Instance, interfaces: NetworkInterface[], env: Env & Scope, known: GroupNames, devices: Sdk.InstanceBlockDeviceMapping[] = []): Sdk.Instance {
  const [primary] = interfaces;
  const type = instanceTypes.get(instance.instanceType);
  const shown = primary?.public;
  return {
    InstanceId: instance.id, ImageId: instance.imageId, InstanceType: instance.instanceType as Sdk._InstanceType, State: stateOf(instance.state),
    StateTransitionReason: instance.stateTransitionReason, ...(instance.stateReason && { StateReason: { Code: instance.stateReason.code, Message: instance.stateReason.message } }),
    AmiLaunchIndex: instance.launchIndex, LaunchTime: new Date(instance.launchTime), ClientToken: instance.clientToken ?? '', KeyName: instance.keyName,
    Placement: { AvailabilityZone: instance.zone, AvailabilityZoneId: zoneId(instance.zone), GroupName: '', Tenancy: 'default' },
    Monitoring: { State: instance.monitoring ? 'enabled' : 'disabled' }, EbsOptimized: instance.ebsOptimized,
    Architecture: imageById(instance.imageId)?.architecture ?? 'x86_64', RootDeviceType: 'ebs', RootDeviceName: '/dev/xvda', BlockDeviceMappings: devices,
    VirtualizationType: 'hvm', PlatformDetails: 'Linux/UNIX', UsageOperation: 'RunInstances', ProductCodes: [], Tags: toTags(instance.tags),
    CpuOptions: { CoreCount: Math.max(1, (type?.vcpus ?? 1) / (type?.threadsPerCore ?? 1)), ThreadsPerCore: type?.threadsPerCore ?? 1 },
    MetadataOptions: { State: 'applied', HttpTokens: instance.metadataOptions.httpTokens, HttpPutResponseHopLimit: instance.metadataOptions.httpPutResponseHopLimit, HttpEndpoint: instance.metadataOptions.httpEndpoint, HttpProtocolIpv6: 'disabled', InstanceMetadataTags: instance.metadataOptions.instanceMetadataTags },
    PrivateDnsNameOptions: { HostnameType: 'ip-name', EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
    PrivateDnsName: primary ? privateDnsName(env.region, primary.address) : '', PublicDnsName: shown ? publicDnsName(env.installation, shown.address) : '',
    NetworkInterfaces: interfaces.map((one) => nested(one, env, known)),
    ...(instance.instanceProfile && { IamInstanceProfile: { Arn: instance.instanceProfile.arn, Id: instance.instanceProfile.id } }),
    // A terminated instance has no place in a network any more.
    ...(primary && {
      VpcId: instance.vpcId, SubnetId: instance.subnetId, PrivateIpAddress: primary.address, PublicIpAddress: shown?.address,
      SecurityGroups: groupsOf(primary, known), SourceDestCheck: primary.sourceDestCheck,
    }),
  };
}

function nested(one: NetworkInterface, env: Env & Scope, known: GroupNames): Sdk.InstanceNetworkInterface {
  const { Attachment, NetworkInterfaceId, SubnetId, VpcId, OwnerId, Description, InterfaceType, MacAddress, Groups, Status, PrivateIpAddress, PrivateDnsName, SourceDestCheck, Association, PrivateIpAddresses, Ipv4Prefixes } = interfaceShape(one, env, known);
  return {
    NetworkInterfaceId, SubnetId, VpcId, OwnerId, Description, InterfaceType, MacAddress, Groups, Status, PrivateIpAddress, PrivateDnsName, SourceDestCheck, Association, PrivateIpAddresses, Ipv4Prefixes, Ipv6Addresses: [],
    ...(Attachment && { Attachment: { AttachmentId: Attachment.AttachmentId, AttachTime: Attachment.AttachTime, DeleteOnTermination: Attachment.DeleteOnTermination, DeviceIndex: Attachment.DeviceIndex, NetworkCardIndex: 0, Status: 'attached' } }),
  };
}
