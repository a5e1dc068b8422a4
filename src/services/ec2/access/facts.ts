import type { Conditions, Scope } from '../../../control/service.ts';
import type { Kind, kinds } from '../kinds.ts';
import { arn } from '../scope.ts';

/** The kinds of resource that EC2's policies speak of: those with records, images (which are the house's), and rules inside of groups. */
export type KindName = keyof typeof kinds | 'image' | 'securityGroupRule';
type RecordOf<K extends KindName> = K extends keyof typeof kinds ? ((typeof kinds)[K] extends Kind<infer T> ? T : never) : { id: string };
/** A record, or what a request says of one that it makes. */
export type Known<K extends KindName> = { [P in keyof RecordOf<K>]?: RecordOf<K>[P] | undefined };

const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
const owned = (scope: Scope, type: string, id: string | undefined) => (id === undefined ? undefined : arn(scope, type, id));

/**
 * The condition keys of each kind, but for its tags.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-resources-for-iam-policies
 */
export const facts: { [K in KindName]: (record: Known<K>, scope: Scope) => Conditions } = {
  instance: (one) => ({
    'ec2:InstanceID': one.id, 'ec2:InstanceType': one.instanceType, 'ec2:AvailabilityZone': one.zone, 'ec2:InstanceProfile': one.instanceProfile?.arn,
    'ec2:EbsOptimized': one.ebsOptimized === undefined ? undefined : String(one.ebsOptimized), 'ec2:RootDeviceType': 'ebs', 'ec2:Tenancy': 'default',
    'ec2:MetadataHttpTokens': one.metadataOptions?.httpTokens, 'ec2:MetadataHttpEndpoint': one.metadataOptions?.httpEndpoint,
    'ec2:MetadataHttpPutResponseHopLimit': text(one.metadataOptions?.httpPutResponseHopLimit),
  }),
  vpc: (one) => ({ 'ec2:VpcID': one.id, 'ec2:Tenancy': 'default' }),
  subnet: (one, scope) => ({ 'ec2:SubnetID': one.id, 'ec2:Vpc': owned(scope, 'vpc', one.vpcId), 'ec2:AvailabilityZone': one.zone }),
  internetGateway: (one) => ({ 'ec2:InternetGatewayID': one.id }),
  routeTable: (one, scope) => ({ 'ec2:RouteTableID': one.id, 'ec2:Vpc': owned(scope, 'vpc', one.vpcId) }),
  natGateway: (one, scope) => ({ 'ec2:Vpc': owned(scope, 'vpc', one.vpcId) }),
  networkAcl: (one, scope) => ({ 'ec2:NetworkAclID': one.id, 'ec2:Vpc': owned(scope, 'vpc', one.vpcId) }),
  dhcpOptions: (one) => ({ 'ec2:DhcpOptionsID': one.id }),
  securityGroup: (one, scope) => ({ 'ec2:SecurityGroupID': one.id, 'ec2:Vpc': owned(scope, 'vpc', one.vpcId) }),
  securityGroupRule: () => ({}),
  networkInterface: (one, scope) => ({
    'ec2:NetworkInterfaceID': one.id, 'ec2:Vpc': owned(scope, 'vpc', one.vpcId), 'ec2:Subnet': owned(scope, 'subnet', one.subnetId), 'ec2:AvailabilityZone': one.zone,
  }),
  address: (one) => ({ 'ec2:AllocationId': one.id, 'ec2:PublicIpAddress': one.address, 'ec2:Domain': 'vpc' }),
  keyPair: (one) => ({ 'ec2:KeyPairName': one.name, 'ec2:KeyPairType': one.type }),
  volume: (one) => ({
    'ec2:VolumeID': one.id, 'ec2:AvailabilityZone': one.zone, 'ec2:VolumeType': one.type, 'ec2:VolumeSize': text(one.sizeGiB), 'ec2:VolumeIops': text(one.iops),
    'ec2:VolumeThroughput': text(one.throughput), 'ec2:ParentSnapshot': one.snapshotId, 'ec2:Encrypted': 'false',
  }),
  snapshot: (one, scope) => ({
    'ec2:SnapshotID': one.id, 'ec2:Owner': scope.account, 'ec2:ParentVolume': owned(scope, 'volume', one.volumeId), 'ec2:VolumeSize': text(one.sizeGiB),
    'ec2:SnapshotTime': one.startTime, 'ec2:Encrypted': 'false',
  }),
  launchTemplate: () => ({}),
  image: (one) => ({ 'ec2:ImageID': one.id, 'ec2:ImageType': 'machine', 'ec2:Owner': 'amazon', 'ec2:Public': 'true', 'ec2:RootDeviceType': 'ebs' }),
};
