import { collection } from '../../control/collection.ts';

/** What EC2 keeps. Shapes of AWS are made from these when answering; ids are AWS's (`vpc-` and 17 hexadecimal digits). */

export type Tags = Record<string, string>;

export interface Vpc {
  id: string;
  /** The first is the primary one. */
  cidrBlocks: { associationId: string; cidrBlock: string }[];
  isDefault: boolean;
  dhcpOptionsId: string;
  enableDnsSupport: boolean;
  enableDnsHostnames: boolean;
  tags: Tags;
}

export interface Subnet {
  id: string;
  vpcId: string;
  cidrBlock: string;
  zone: string;
  defaultForAz: boolean;
  mapPublicIpOnLaunch: boolean;
  /** Absent: its VPC's default one, as from the start. */
  networkAcl?: { id: string; associationId: string };
  tags: Tags;
}

export interface InternetGateway {
  id: string;
  vpcId?: string;
  tags: Tags;
}

export type RouteTarget = { gatewayId: string } | { networkInterfaceId: string } | { natGatewayId: string };

export interface RouteTable {
  id: string;
  vpcId: string;
  /** An association without a subnet makes it the main table of its VPC. */
  associations: { id: string; subnetId?: string }[];
  routes: { destination: string; target: RouteTarget; origin: 'CreateRouteTable' | 'CreateRoute' }[];
  tags: Tags;
}

/** A public one, of one zone. */
export interface NatGateway {
  id: string;
  vpcId: string;
  subnetId: string;
  networkInterfaceId: string;
  privateAddress: string;
  /** An elastic IP's, from the making to the deletion. */
  public: { address: string; allocationId: string; associationId: string };
  createdAt: string;
  /** It translates no more; told of for an hour. */
  deletedAt?: string;
  tags: Tags;
}

export interface NetworkAcl {
  id: string;
  vpcId: string;
  isDefault: boolean;
  /** Absent: everything may pass, as in a default one that nobody changed (`network/acls.ts`). */
  entries?: AclEntry[];
  tags: Tags;
}

export interface AclEntry {
  egress: boolean;
  ruleNumber: number;
  allow: boolean;
  /** `-1` or a number. */
  protocol: string;
  peer: { cidr: string } | { cidr6: string };
  /** Ports, or ICMP's type and code. */
  fromPort?: number;
  toPort?: number;
}

export interface DhcpOptions {
  id: string;
  configurations: Record<string, string[]>;
  tags: Tags;
}

export interface SecurityGroup {
  id: string;
  vpcId: string;
  name: string;
  description: string;
  rules: GroupRule[];
  tags: Tags;
}

export interface GroupRule {
  /** `sgr-…` */
  id: string;
  egress: boolean;
  /** `-1`, `tcp`, `udp`, `icmp`, `icmpv6` or a number. */
  protocol: string;
  /** Ports, or icmp's type and code; -1 for any. Absent for protocol `-1`. */
  fromPort?: number;
  toPort?: number;
  peer: { cidr: string } | { cidr6: string } | { prefixListId: string } | { groupId: string };
  description?: string;
  tags: Tags;
}

export interface NetworkInterface {
  id: string;
  vpcId: string;
  subnetId: string;
  zone: string;
  description: string;
  /** `interface`, or `load_balancer` and the like for those that a service made. */
  interfaceType: string;
  /** The service that made it; such an interface only that service may change. */
  requesterId?: string;
  /** Customers are not told of it: a machine's that a service runs out of their sight. */
  hidden?: true;
  mac: string;
  address: string;
  /** Private addresses beside the primary one. */
  secondary?: string[];
  /** Delegated to it: `a.b.c.d/28`. */
  prefixes?: string[];
  /** Given with the launch (no allocation), or an elastic IP's. */
  public?: { address: string; allocationId?: string; associationId?: string };
  /** A public address that customers do not see: the provider's edge, reached without an internet gateway. */
  edgeAddress?: string;
  /** Its instance loses the public address when it stops and gets another one when it starts. */
  publicOnStart?: boolean;
  groupIds: string[];
  sourceDestCheck: boolean;
  /** Which machine its veth is on; absent while it is attached to nothing. */
  hostId?: string;
  attachment?: {
    /** `eni-attach-…` */
    id: string;
    /** The instance or the balancer in whose namespace it is. */
    owner: string;
    /** Only where the owner is an instance. */
    instanceId?: string;
    deviceIndex: number;
    deleteOnTermination: boolean;
    attachTime: string;
  };
  createdAt: string;
  tags: Tags;
}

export interface Address {
  /** `eipalloc-…` */
  id: string;
  address: string;
  /** The interface tells with what it is associated. */
  networkInterfaceId?: string;
  tags: Tags;
}

export interface KeyPair {
  /** `key-…` */
  id: string;
  name: string;
  type: 'rsa' | 'ed25519';
  fingerprint: string;
  /** OpenSSH's line. */
  publicKey: string;
  createdAt: string;
  tags: Tags;
}

export interface LaunchTemplate {
  /** `lt-…` */
  id: string;
  name: string;
  createdBy: string;
  createdAt: string;
  defaultVersion: number;
  latestVersion: number;
  tags: Tags;
}

export interface LaunchTemplateVersion {
  templateId: string;
  version: number;
  description?: string;
  createdBy: string;
  createdAt: string;
  /** RequestLaunchTemplateData as it came. */
  data: Record<string, unknown>;
}

/**
 * `pending`, `stopping` and `shutting-down` are wishes under way; `running`, `stopped` and `terminated` were observed (or, for
 * `terminated` on a lost host, given up on).
 */
export type InstanceStateName = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export interface Instance {
  id: string;
  reservationId: string;
  launchIndex: number;
  /** The service that asked for it: `autoscaling.amazonaws.com`. */
  requesterId?: string;
  imageId: string;
  instanceType: string;
  zone: string;
  vpcId: string;
  subnetId: string;
  hostId: string;
  /** Of the primary interface; stays for its life. */
  privateAddress: string;
  /** Interface ids by device index; kept in step with the interfaces' attachments, in one commit. */
  interfaces: Record<string, string>;
  state: InstanceStateName;
  stateReason?: { code: string; message: string };
  /** `User initiated (2026-01-01 00:00:00 GMT)` */
  stateTransitionReason: string;
  /** Counts starts; the host starts it when this grows. */
  generation: number;
  /** Of the last start. */
  launchTime: string;
  terminatedAt?: string;
  keyName?: string;
  /** Base64. */
  userData?: string;
  instanceProfile?: { arn: string; id: string; associationId: string };
  shutdownBehavior: 'stop' | 'terminate';
  metadataOptions: {
    httpTokens: 'optional' | 'required';
    httpPutResponseHopLimit: number;
    httpEndpoint: 'enabled' | 'disabled';
    instanceMetadataTags: 'enabled' | 'disabled';
  };
  disableApiTermination: boolean;
  disableApiStop: boolean;
  monitoring: boolean;
  ebsOptimized: boolean;
  clientToken?: string;
  tags: Tags;
}

/** An EBS volume: a file on its host, which it never leaves. */
export interface Volume {
  id: string;
  zone: string;
  hostId: string;
  type: 'gp2' | 'gp3' | 'io1' | 'io2' | 'st1' | 'sc1' | 'standard';
  sizeGiB: number;
  iops?: number;
  /** MiB/s */
  throughput?: number;
  snapshotId?: string;
  createdAt: string;
  /** Kept until the host has let go of it. */
  attachment?: { instanceId: string; device: string; attachTime: string; deleteOnTermination: boolean; detaching?: true };
  /** The last ModifyVolume. */
  modification?: { startTime: string; from: Pick<Volume, 'type' | 'sizeGiB' | 'iops' | 'throughput'> };
  deleting?: true;
  tags: Tags;
}

export interface Snapshot {
  id: string;
  volumeId: string;
  /** Where the copy is. */
  hostId: string;
  sizeGiB: number;
  description: string;
  startTime: string;
  tags: Tags;
}

/** Memory given out on a host: one record a host, so that a compare-and-set keeps two launches from taking the same memory. */
export interface HostPlacement {
  /** MiB by instance id. */
  memoryMiB: Record<string, number>;
}

/** What a ClientToken was used for. */
export interface TokenUse {
  /** SHA-256 of the request. */
  fingerprint: string;
  /** Ids of what was made. */
  ids: string[];
}

export const vpcs = collection<Vpc>('ec2/vpc');
export const subnets = collection<Subnet>('ec2/subnet');
export const internetGateways = collection<InternetGateway>('ec2/internet-gateway');
export const routeTables = collection<RouteTable>('ec2/route-table');
export const natGateways = collection<NatGateway>('ec2/nat-gateway');
export const networkAcls = collection<NetworkAcl>('ec2/network-acl');
export const dhcpOptions = collection<DhcpOptions>('ec2/dhcp-options');
export const securityGroups = collection<SecurityGroup>('ec2/security-group');
export const networkInterfaces = collection<NetworkInterface>('ec2/network-interface');
export const addresses = collection<Address>('ec2/elastic-ip');
export const keyPairs = collection<KeyPair>('ec2/key-pair');
export const launchTemplates = collection<LaunchTemplate>('ec2/launch-template');
/** By template id, then by version (ten digits, so that key order is version order). */
export const launchTemplateVersions = collection<LaunchTemplateVersion>('ec2/launch-template-version');
export const volumes = collection<Volume>('ec2/volume');
export const snapshots = collection<Snapshot>('ec2/snapshot');
export const instances = collection<Instance>('ec2/instance');
/** By subnet, then by address or `/28` prefix: who has it. Made with `expect: 0`, so no address is given out twice. */
export const subnetAddresses = collection<string>('ec2/subnet-address');
/** By address of the installation's public CIDR: the interface or allocation that has it. */
export const publicAddresses = collection<string>('ec2/public-address');
/** By operation and token. */
export const clientTokens = collection<TokenUse>('ec2/client-token');
/** By name: unique in a region (key pairs, launch templates) or VPC (security groups); the value is the id. */
export const names = collection<string>('ec2/name');
export const hostPlacements = collection<HostPlacement>('ec2/host-placement');
