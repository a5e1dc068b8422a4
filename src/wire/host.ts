/**
 * The host wire: what the control plane wants of a machine, and what the machine's agent reports. Both are records in the store
 * (`src/control/hosts.ts`); the agent reads and writes them over HTTP alone (`src/gateway/hosts.ts`).
 *
 * A desired record that is gone means: take the thing away. An observed record is deleted once nothing of the thing is left.
 * All of it is IPv4 today; addresses are dotted strings, CIDRs `a.b.c.d/n`.
 */

/** A VPC: one router namespace on each host. */
export interface DesiredNetwork {
  cidrBlocks: string[];
  subnets: {
    id: string;
    cidrBlock: string;
    zone: string;
    /** Its route table sends 0.0.0.0/0 to an internet gateway: interfaces with a public address reach out and are reached. */
    internet: boolean;
    /** It sends it to a NAT gateway: what leaves has this public address, and nothing comes in by it. */
    natAddress?: string;
    /** What its network ACL lets in and out, where that is not everything: the first rule that matches decides; where none does, nothing passes. */
    acl?: { ingress: AclRule[]; egress: AclRule[] };
  }[];
}

/** An ENI: a routed veth with an address of its own. */
export interface DesiredInterface {
  networkId: string;
  subnetId: string;
  mac: string;
  address: string;
  /** Private addresses beside that, and prefixes (`a.b.c.d/28`): routed to it, its own for security groups. */
  secondaryAddresses?: string[];
  prefixes?: string[];
  /** From the installation's public CIDR; 1:1 NAT on the router, as an internet gateway does. */
  publicAddress?: string;
  /** The public address is the provider's edge, not the VPC's: it is reached whatever the subnet's routes say, as an EKS endpoint is. */
  atEdge?: true;
  securityGroupIds: string[];
  /** No groups at all, and everything passes: a network load balancer's without groups. */
  unfiltered?: true;
  sourceDestCheck: boolean;
  /** Whose namespace it is in: the instance's or balancer's id; `device` is its name there, `eth0` and on. */
  attachment?: { owner: string; device: string };
}

export interface DesiredSecurityGroup {
  networkId: string;
  ingress: SecurityGroupRule[];
  egress: SecurityGroupRule[];
  /** Private addresses and prefixes of all interfaces that carry the group, on whichever host. */
  members: string[];
}

/** Stateless: replies want a rule of their own. Ports are the destination's, whichever the direction. */
export interface AclRule extends Omit<SecurityGroupRule, 'source'> {
  allow: boolean;
  cidr: string;
}

export interface SecurityGroupRule {
  /** `-1` for all, `tcp`, `udp`, `icmp`, or a protocol number. */
  protocol: string;
  /** Ports; for icmp the type and code, -1 for any. Absent: all. */
  fromPort?: number;
  toPort?: number;
  source: { cidr: string } | { groupId: string };
}

export interface DesiredInstance {
  imageId: string;
  /** Counts starts: an instance that stopped by itself is started again only when this grows (or when the host itself rebooted). */
  generation: number;
  power: 'on' | 'off';
  vcpus: number;
  memoryMiB: number;
  /** In order of device index. */
  interfaceIds: string[];
  /** `ip-172-31-0-5.ec2.internal` */
  hostName: string;
  /** Base64, as RunInstances takes it. */
  userData?: string;
  metadata: InstanceMetadata;
  /** Laid into its root before each start, and again when they change while it runs. What is no longer listed stays. */
  files?: DesiredFile[];
}

export interface DesiredFile {
  /** Absolute; its folders are made. A path over a symbolic link is refused. */
  path: string;
  /** Base64. */
  content: string;
  /** Permission bits: 0o600. */
  mode: number;
}

/** What the instance metadata service tells beside the instance's own addresses. */
export interface InstanceMetadata {
  instanceType: string;
  zone: string;
  zoneId: string;
  launchTime: string;
  reservationId: string;
  launchIndex: number;
  securityGroupNames: string[];
  keyName?: string;
  instanceProfile?: { arn: string; id: string; roleName: string };
  /** Only where InstanceMetadataTags is enabled. */
  tags?: Record<string, string>;
  httpTokens: 'optional' | 'required';
  httpPutResponseHopLimit: number;
  httpEndpoint: 'enabled' | 'disabled';
}

export interface ObservedInstance {
  generation: number;
  state: 'pending' | 'running' | 'stopping' | 'stopped';
  /** Why it is not running: `Server.InternalError: …`, `Client.InstanceInitiatedShutdown: …` */
  reason?: string;
  startedAt?: string;
  /** Process id of its init on the host. */
  pid?: number;
}

/** An application or a network load balancer: one HAProxy in a namespace of its own, with an interface a subnet. */
export interface DesiredBalancer {
  networkId: string;
  interfaceIds: string[];
  listeners: BalancerListener[];
  targetGroups: Record<string, BalancerTargetGroup>;
  /** Seconds. */
  idleTimeout: number;
  /** What becomes of a request's header fields, where that is not what an ALB does by itself. */
  headers?: BalancerHeaders;
}

export interface BalancerHeaders {
  /** Fields whose names have other characters than letters, digits and hyphens. */
  dropInvalid?: true;
  /** X-Forwarded-For as it came, or none; otherwise the client's address is added to it. */
  forwardedFor?: 'preserve' | 'remove';
  /** With the client's port beside its address. */
  clientPort?: true;
}

export interface BalancerListener {
  id: string;
  port: number;
  /** A TCP listener has one rule, which forwards to one target group. */
  protocol: 'HTTP' | 'TCP';
  /** In order of priority; the default rule, without conditions, comes last. */
  rules: { conditions: BalancerCondition[]; action: BalancerAction }[];
}

/** Values of one condition are alternatives; conditions of a rule must all hold. `*` and `?` are wildcards. */
export type BalancerCondition =
  | { field: 'host-header' | 'path-pattern' | 'http-request-method' | 'source-ip'; values: string[] }
  | { field: 'http-header'; name: string; values: string[] }
  | { field: 'query-string'; values: { key?: string; value: string }[] };

export type BalancerAction =
  | { type: 'forward'; targetGroups: { id: string; weight: number }[] }
  | { type: 'fixed-response'; statusCode: number; contentType: string; body: string }
  | { type: 'redirect'; protocol: string; host: string; port: string; path: string; query: string; statusCode: 301 | 302 };

export interface BalancerTargetGroup {
  protocol: 'HTTP' | 'TCP';
  algorithm: 'round_robin' | 'least_outstanding_requests';
  healthCheck: {
    enabled: boolean;
    /** Path and matcher are for all but `TCP`, which only connects. Certificates are not looked at. */
    protocol: 'HTTP' | 'HTTPS' | 'TCP';
    path: string;
    port: 'traffic-port' | number;
    intervalSeconds: number;
    timeoutSeconds: number;
    healthyThreshold: number;
    unhealthyThreshold: number;
    /** As AWS writes it: `200`, `200,202`, `200-299`. */
    matcher: string;
  };
  /** By cookie, or for TCP by the client's address. */
  stickinessSeconds?: number;
  /** TCP: a target is told of its client by the PROXY protocol, version 2. */
  proxyProtocol?: true;
  /** TCP: connections to a target end when it leaves the group; otherwise they go on for as long as they will. */
  connectionTermination?: true;
  /**
   * Only who says that it is ready gets connections: a refused one makes a target unhealthy until a check passes, and where all are
   * unhealthy those alone are used that are merely slow. Otherwise all of them are then used ("fail open").
   */
  strict?: true;
  /** By `<address>:<port>`. */
  targets: Record<string, { address: string; port: number; draining: boolean }>;
}

export interface ObservedBalancer {
  state: 'provisioning' | 'active' | 'failed';
  reason?: string;
  /** By target group, then by `<address>:<port>`. */
  health: Record<string, Record<string, ObservedTarget>>;
}

export interface ObservedTarget {
  state: 'initial' | 'healthy' | 'unhealthy' | 'draining';
  /** `Elb.InitialHealthChecking`, `Target.ResponseCodeMismatch`, `Target.Timeout`, `Target.FailedHealthChecks` … */
  reason?: string;
  description?: string;
  activeConnections: number;
}

/** An EBS volume: a sparse file on this machine, on a loop device while it is attached. */
export interface DesiredVolume {
  /** Grows, never shrinks. */
  sizeGiB: number;
  /** What it is a copy of at first. */
  snapshotId?: string;
  /** `device` is its name there: `/dev/sdf`. */
  attachment?: { instanceId: string; device: string };
}

export interface ObservedVolume {
  state: 'creating' | 'available' | 'attached' | 'error';
  sizeGiB: number;
  /** Stays for as long as the device is mounted there, though it is wished away: `busy` then. */
  attachedTo?: { instanceId: string; device: string };
  busy?: true;
  reason?: string;
}

/** A copy of a volume, taken once. */
export interface DesiredSnapshot {
  volumeId: string;
}

export interface ObservedSnapshot {
  state: 'pending' | 'completed' | 'error';
  reason?: string;
}

/** A name that Gantry gave out, resolved on the host (/etc/hosts) and in VPCs (the VPC's DNS server); the record's id is the name. */
export interface DesiredName {
  addresses: string[];
  /** Only inside of this VPC. */
  networkId?: string;
  /** What it is inside of this VPC, where that differs. */
  inNetwork?: { id: string; addresses: string[] };
}

export interface DesiredKinds {
  network: DesiredNetwork;
  interface: DesiredInterface;
  securityGroup: DesiredSecurityGroup;
  instance: DesiredInstance;
  balancer: DesiredBalancer;
  volume: DesiredVolume;
  snapshot: DesiredSnapshot;
  name: DesiredName;
}

export interface ObservedKinds {
  /** The namespace and its links stand. */
  network: { applied: true };
  /** The veth is in its owner's namespace and its groups are in force. */
  interface: { applied: true };
  instance: ObservedInstance;
  /** The end of what the instance of this id wrote to its console (base64, 64 KiB at most), every few seconds while it changes. */
  console: { output: string; at: string };
  balancer: ObservedBalancer;
  volume: ObservedVolume;
  snapshot: ObservedSnapshot;
}

export type DesiredKind = keyof DesiredKinds;
export type ObservedKind = keyof ObservedKinds;

/** One line of the stream that an agent reads: everything first, then what changes. An empty `changes` is a sign of life. */
export type DesiredMessage =
  | { snapshot: DesiredChange[]; revision: number }
  | { changes: DesiredChange[]; revision: number };

/** `value` null: gone. */
export type DesiredChange = { [K in DesiredKind]: { kind: K; id: string; value: DesiredKinds[K] | null } }[DesiredKind];
export type ObservedChange = { [K in ObservedKind]: { kind: K; id: string; value: ObservedKinds[K] | null } }[ObservedKind];

/** What an agent says of its machine at every connection and every 5 s. */
export interface HostStatus {
  vcpus: number;
  memoryMiB: number;
  /** Zones of the region that this machine stands for. */
  zones: string[];
  agentVersion: string;
}

/** Credentials of an instance's role, in the form in which the metadata service answers them. */
export interface InstanceCredentials {
  Code: 'Success';
  LastUpdated: string;
  Type: 'AWS-HMAC';
  AccessKeyId: string;
  SecretAccessKey: string;
  Token: string;
  Expiration: string;
}
