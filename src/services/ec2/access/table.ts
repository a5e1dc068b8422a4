import type * as Sdk from '@aws-sdk/client-ec2';
import type { Input, OperationName, RequestContext } from '../../../control/service.ts';
import { defaultVpc } from '../lookups.ts';
import { instances, networkInterfaces, routeTables, subnets, volumes, vpcs } from '../records.ts';
import { associationOf } from '../network/acls.ts';
import { launched } from './launch.ts';
import { addressId, groupId, keyPairId, templateId } from './names.ts';
import { kindNamed, made, named, one, these } from './resources.ts';
import type { Touched } from './resources.ts';

/**
 * What each operation touches, which is what IAM is asked about: the resource types of the Service Authorization Reference,
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-actions-as-permissions; of those
 * that an action may have, the ones that the request names. An operation that is not here has `*`, as all that only list do.
 */
export const touches: { [N in OperationName<typeof Sdk>]?: (input: Input<typeof Sdk, N>, context: RequestContext) => Touched[] | Promise<Touched[]> } = {
  CreateVpc: (input) => made('vpc', input),
  DeleteVpc: ({ VpcId: id }) => one('vpc', id),
  ModifyVpcAttribute: ({ VpcId: id }) => one('vpc', id),
  DescribeVpcAttribute: ({ VpcId: id }) => one('vpc', id),
  AssociateVpcCidrBlock: ({ VpcId: id }) => one('vpc', id),
  DisassociateVpcCidrBlock: async ({ AssociationId: id }, context) =>
    one('vpc', (await vpcs.list(context.store, context)).find(({ value }) => value.cidrBlocks.some(({ associationId }) => associationId === id))?.value.id),

  CreateSubnet: (input) => [...made('subnet', input, { vpcId: input.VpcId, zone: input.AvailabilityZone }), ...one('vpc', input.VpcId)],
  ModifySubnetAttribute: ({ SubnetId: id }) => one('subnet', id),
  DeleteSubnet: ({ SubnetId: id }) => one('subnet', id),

  CreateInternetGateway: (input) => made('internetGateway', input),
  AttachInternetGateway: (input) => [...one('internetGateway', input.InternetGatewayId), ...one('vpc', input.VpcId)],
  DetachInternetGateway: (input) => [...one('internetGateway', input.InternetGatewayId), ...one('vpc', input.VpcId)],
  DeleteInternetGateway: ({ InternetGatewayId: id }) => one('internetGateway', id),

  CreateNetworkAcl: (input) => [...made('networkAcl', input, { vpcId: input.VpcId }), ...one('vpc', input.VpcId)],
  DeleteNetworkAcl: ({ NetworkAclId: id }) => one('networkAcl', id),
  CreateNetworkAclEntry: ({ NetworkAclId: id }) => one('networkAcl', id),
  ReplaceNetworkAclEntry: ({ NetworkAclId: id }) => one('networkAcl', id),
  DeleteNetworkAclEntry: ({ NetworkAclId: id }) => one('networkAcl', id),
  ReplaceNetworkAclAssociation: async (input, context) => {
    const subnet = (await subnets.list(context.store, context)).find(({ value }) => associationOf(value) === input.AssociationId)?.value;
    return [...one('networkAcl', input.NetworkAclId), ...named('subnet', subnet?.id)];
  },

  CreateNatGateway: (input) => [...made('natGateway', input), ...named('address', input.AllocationId), ...named('subnet', input.SubnetId)],
  DeleteNatGateway: ({ NatGatewayId: id }) => one('natGateway', id),

  CreateRouteTable: (input) => [...made('routeTable', input, { vpcId: input.VpcId }), ...one('vpc', input.VpcId)],
  DeleteRouteTable: ({ RouteTableId: id }) => one('routeTable', id),
  CreateRoute: ({ RouteTableId: id }) => one('routeTable', id),
  ReplaceRoute: ({ RouteTableId: id }) => one('routeTable', id),
  DeleteRoute: ({ RouteTableId: id }) => one('routeTable', id),
  AssociateRouteTable: (input) => [...one('routeTable', input.RouteTableId), ...named('subnet', input.SubnetId)],
  DisassociateRouteTable: ({ AssociationId: id }, context) => routed(context, id),
  ReplaceRouteTableAssociation: async (input, context) => {
    const [from, ...subnet] = await routed(context, input.AssociationId);
    return [...one('routeTable', input.RouteTableId), ...(from?.id === undefined || from.id === input.RouteTableId ? [] : [from]), ...subnet];
  },

  CreateSecurityGroup: async (input, context) => {
    const vpcId = input.VpcId ?? (await defaultVpc(context, context))?.id;
    return [...made('securityGroup', input, { vpcId }), ...named('vpc', vpcId)];
  },
  DeleteSecurityGroup: group,
  AuthorizeSecurityGroupIngress: async (input, context) => [...await group(input, context), ...ruled(input)],
  AuthorizeSecurityGroupEgress: async (input, context) => [...await group(input, context), ...ruled(input)],
  RevokeSecurityGroupIngress: group,
  RevokeSecurityGroupEgress: group,
  UpdateSecurityGroupRuleDescriptionsIngress: group,
  UpdateSecurityGroupRuleDescriptionsEgress: group,
  ModifySecurityGroupRules: (input) => [...one('securityGroup', input.GroupId), ...these('securityGroupRule', input.SecurityGroupRules?.map(({ SecurityGroupRuleId: id }) => id))],

  CreateNetworkInterface: async (input, context) => {
    const subnet = (await subnets.get(context.store, context, input.SubnetId ?? ''))?.value;
    return [...made('networkInterface', input, { subnetId: input.SubnetId, vpcId: subnet?.vpcId, zone: subnet?.zone }), ...one('subnet', input.SubnetId), ...these('securityGroup', input.Groups)];
  },
  DeleteNetworkInterface: ({ NetworkInterfaceId: id }) => one('networkInterface', id),
  AttachNetworkInterface: (input) => [...one('instance', input.InstanceId), ...one('networkInterface', input.NetworkInterfaceId)],
  DetachNetworkInterface: async ({ AttachmentId: id }, context) => {
    const found = (await networkInterfaces.list(context.store, context)).find(({ value }) => value.attachment?.id === id)?.value;
    return [...one('instance', found?.attachment?.instanceId), ...one('networkInterface', found?.id)];
  },
  ModifyNetworkInterfaceAttribute: (input) => [...one('networkInterface', input.NetworkInterfaceId), ...these('securityGroup', input.Groups)],
  AssignPrivateIpAddresses: ({ NetworkInterfaceId: id }) => one('networkInterface', id),
  UnassignPrivateIpAddresses: ({ NetworkInterfaceId: id }) => one('networkInterface', id),

  AllocateAddress: (input) => made('address', input),
  AssociateAddress: async (input, context) => [
    ...one('address', await addressId(context, input)), ...named('instance', input.InstanceId), ...named('networkInterface', input.NetworkInterfaceId),
  ],
  DisassociateAddress: async (input, context) => {
    const on = (await networkInterfaces.list(context.store, context)).find(({ value }) => value.public && (input.AssociationId === undefined ? value.public.address === input.PublicIp : value.public.associationId === input.AssociationId))?.value;
    return [...one('address', on?.public?.allocationId), ...named('networkInterface', on?.id)];
  },
  ReleaseAddress: async (input, context) => one('address', await addressId(context, input)),

  CreateKeyPair: (input) => made('keyPair', input, { name: input.KeyName }),
  ImportKeyPair: (input) => made('keyPair', input, { name: input.KeyName }),
  DeleteKeyPair: async (input, context) => one('keyPair', await keyPairId(context, input)),

  CreateLaunchTemplate: (input) => made('launchTemplate', input),
  CreateLaunchTemplateVersion: template,
  ModifyLaunchTemplate: template,
  DeleteLaunchTemplate: template,
  DeleteLaunchTemplateVersions: template,

  RunInstances: launched,
  TerminateInstances: ({ InstanceIds: ids }) => these('instance', ids),
  StopInstances: ({ InstanceIds: ids }) => these('instance', ids),
  StartInstances: ({ InstanceIds: ids }) => these('instance', ids),
  RebootInstances: ({ InstanceIds: ids }) => these('instance', ids),
  GetConsoleOutput: ({ InstanceId: id }) => one('instance', id),
  ModifyInstanceAttribute: (input) => [...one('instance', input.InstanceId), ...these('securityGroup', input.Groups)],
  DescribeInstanceAttribute: ({ InstanceId: id }) => one('instance', id),
  ModifyInstanceMetadataOptions: ({ InstanceId: id }) => one('instance', id),
  AssociateIamInstanceProfile: ({ InstanceId: id }) => one('instance', id),
  ReplaceIamInstanceProfileAssociation: profiled,
  DisassociateIamInstanceProfile: profiled,

  CreateVolume: (input) => [
    ...made('volume', input, { zone: input.AvailabilityZone, type: input.VolumeType ?? 'gp2', sizeGiB: input.Size, iops: input.Iops, throughput: input.Throughput, snapshotId: input.SnapshotId }),
    ...named('snapshot', input.SnapshotId),
  ],
  AttachVolume: (input) => [...one('instance', input.InstanceId), ...one('volume', input.VolumeId)],
  DetachVolume: async (input, context) => {
    const holder = input.InstanceId ?? (await volumes.get(context.store, context, input.VolumeId ?? ''))?.value.attachment?.instanceId;
    return [...named('instance', holder), ...one('volume', input.VolumeId)];
  },
  DeleteVolume: ({ VolumeId: id }) => one('volume', id),
  ModifyVolume: ({ VolumeId: id }) => one('volume', id),
  CreateSnapshot: (input) => [...made('snapshot', input, { volumeId: input.VolumeId }), ...one('volume', input.VolumeId)],
  DeleteSnapshot: ({ SnapshotId: id }) => one('snapshot', id),
  DescribeSnapshotAttribute: ({ SnapshotId: id }) => one('snapshot', id),

  CreateTags: (input) => retagged(input),
  DeleteTags: (input) => retagged(input),
};

async function group(input: { GroupId?: string | undefined; GroupName?: string | undefined }, context: RequestContext): Promise<Touched[]> {
  return one('securityGroup', await groupId(context, input));
}

/** A rule is asked about only where the request tags it. */
const ruled = (input: Parameters<typeof made>[1]) => (input.TagSpecifications?.length ? made('securityGroupRule', input) : []);

async function template(input: { LaunchTemplateId?: string | undefined; LaunchTemplateName?: string | undefined }, context: RequestContext): Promise<Touched[]> {
  return one('launchTemplate', await templateId(context, input));
}

/** The table and the subnet of an association. */
async function routed(context: RequestContext, associationId: string | undefined): Promise<Touched[]> {
  const table = (await routeTables.list(context.store, context)).find(({ value }) => value.associations.some(({ id }) => id === associationId))?.value;
  return [...one('routeTable', table?.id), ...named('subnet', table?.associations.find(({ id }) => id === associationId)?.subnetId)];
}

async function profiled({ AssociationId: id }: { AssociationId: string | undefined }, context: RequestContext): Promise<Touched[]> {
  return one('instance', (await instances.list(context.store, context)).find(({ value }) => value.instanceProfile?.associationId === id)?.value.id);
}

function retagged({ Resources: ids = [], Tags: list = [] }: Sdk.CreateTagsRequest | Sdk.DeleteTagsRequest): Touched[] {
  const tags = Object.fromEntries((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  return (ids ?? []).flatMap((id) => {
    const kind = kindNamed(id);
    return kind ? [{ kind, id, tags }] : [];
  });
}
