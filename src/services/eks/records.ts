import { collection } from '../../control/collection.ts';

/** What EKS keeps. Shapes of AWS are made from these when answering. All of a cluster's are deleted with it. */

export type Tags = Record<string, string>;

/** AWS's codes of health issues: `ClusterUnreachable`, `IamRoleNotFound`, `AsgInstanceLaunchFailures`, `NodeCreationFailure` … */
export interface Issue {
  code: string;
  message: string;
  resourceIds?: string[];
}

export type LogType = 'api' | 'audit' | 'authenticator' | 'controllerManager' | 'scheduler';

export interface Cluster {
  name: string;
  arn: string;
  /** 32 hexadecimal digits: part of the endpoint's name and of the OIDC issuer. */
  id: string;
  /** `1.36` */
  version: string;
  roleArn: string;
  createdAt: string;
  status: 'CREATING' | 'ACTIVE' | 'DELETING' | 'FAILED' | 'UPDATING';
  vpcId: string;
  subnetIds: string[];
  /** The customer's additional groups. */
  securityGroupIds: string[];
  /** `eks-cluster-sg-<name>-<digits>`; its absence means that the controller has not made it yet. */
  clusterSecurityGroupId?: string;
  /** In front of the endpoint's interfaces: who may reach it. */
  endpointSecurityGroupId?: string;
  endpointPublicAccess: boolean;
  endpointPrivateAccess: boolean;
  publicAccessCidrs: string[];
  /** `10.100.0.0/16` */
  serviceCidr: string;
  authenticationMode: 'API' | 'API_AND_CONFIG_MAP' | 'CONFIG_MAP';
  bootstrapClusterCreatorAdminPermissions: boolean;
  /** ARN of the identity that created the cluster. */
  creatorArn: string;
  /** CoreDNS, kube-proxy's objects and the like are laid into the cluster once it is up. */
  bootstrapSelfManagedAddons: boolean;
  logging: LogType[];
  supportType: 'STANDARD' | 'EXTENDED';
  deletionProtection: boolean;
  /** `<32 hex>.gr7.<region>.eks.<domain>`, without `https://`. */
  endpointName: string;
  /** `lb-<17 hex>`: the balancer in front of the members, on `hostId`. */
  balancerId: string;
  hostId?: string;
  /** Where Gantry itself reaches the endpoint, whatever public access says; there once the balancer has its interfaces. */
  endpointAddresses?: string[];
  /** The default objects are in the cluster. */
  bootstrapped?: boolean;
  /** The first members have founded the etcd cluster: later ones join it. */
  founded?: boolean;
  issues: Issue[];
  tags: Tags;
  clientRequestToken?: string;
}

/** One virtual instance of a control plane, which customers do not see. It comes to be step by step: record, interface, certificates. */
export interface Member {
  /** `i-<17 hex>` */
  id: string;
  cluster: string;
  zone: string;
  subnetId: string;
  hostId: string;
  /** Once it has its interface. */
  network?: { interfaceId: string; address: string };
  /** Fixed when it joins: the first members found the etcd cluster together (`new`), a later one replaces another (`existing`). */
  etcd?: { state: 'new' | 'existing'; initialCluster: string };
  generation: number;
  createdAt: string;
  /** It was seen running at least once. */
  seenRunning?: boolean;
  /** It is not wished any more; the record goes once nothing of it is left. */
  retired?: boolean;
}

/** A member's own certificates, by the names that kubeadm gives their files. */
export interface MemberPki {
  apiserver: KeyPair;
  kubeletClient: KeyPair;
  etcdClient: KeyPair;
  frontProxyClient: KeyPair;
  etcdServer: KeyPair;
  etcdPeer: KeyPair;
  controllerManager: KeyPair;
  scheduler: KeyPair;
}

/** PEM. */
export interface KeyPair {
  certificate: string;
  privateKey: string;
}

/** A cluster's secrets: what signs its certificates, and Gantry's own client certificates. */
export interface Pki {
  /** Signs the API server's serving certificate and client certificates. */
  clusterCa: KeyPair;
  etcdCa: KeyPair;
  frontProxyCa: KeyPair;
  /** Signs service accounts' tokens. */
  serviceAccount: { publicKey: string; privateKey: string };
  /** Gantry's own: O=system:masters, CN=gantry. */
  admin: KeyPair;
  /** Gantry's own at etcd. */
  etcdClient: KeyPair;
  /** Bearer of the members at the gateway, where their logs go. */
  token: string;
}

/** What the issuers of all clusters are served with. */
export interface IssuerCertificates {
  authority: KeyPair;
  server: KeyPair;
}

export interface Nodegroup {
  name: string;
  cluster: string;
  arn: string;
  /** The uuid at the end of the ARN. */
  id: string;
  version: string;
  releaseVersion: string;
  createdAt: string;
  modifiedAt: string;
  status: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING' | 'CREATE_FAILED' | 'DELETE_FAILED' | 'DEGRADED';
  capacityType: 'ON_DEMAND' | 'SPOT';
  scalingConfig: { minSize: number; maxSize: number; desiredSize: number };
  instanceTypes: string[];
  subnetIds: string[];
  remoteAccess?: { ec2SshKey?: string; sourceSecurityGroups?: string[] };
  amiType: string;
  nodeRole: string;
  labels: Record<string, string>;
  taints: { key: string; value?: string; effect: 'NO_SCHEDULE' | 'NO_EXECUTE' | 'PREFER_NO_SCHEDULE' }[];
  diskSize: number;
  updateConfig: { maxUnavailable?: number; maxUnavailablePercentage?: number; updateStrategy?: 'DEFAULT' | 'MINIMAL' };
  /** The customer's own template, from which the group's is made. */
  launchTemplate?: { id: string; name: string; version: string };
  /** Under way to another version of the template. */
  rollout?: Rollout;
  /** What the controller made for it. */
  ownLaunchTemplateId?: string;
  autoScalingGroupName?: string;
  issues: Issue[];
  tags: Tags;
  clientRequestToken?: string;
}

export interface Rollout {
  /** Nodes leave after some minutes, whatever still runs on them. */
  force: boolean;
  /** It began, or the latest node left. */
  since: string;
  /** Once the group's own template has it: the version that nodes are to be of, and how many nodes there were. */
  target?: { templateVersion: number; size: number };
  /** It could not be finished: what came beyond the group's size goes again. */
  failed?: true;
}

export interface AccessEntry {
  cluster: string;
  principalArn: string;
  arn: string;
  type: 'STANDARD' | 'EC2_LINUX' | 'EC2_WINDOWS' | 'FARGATE_LINUX' | 'EC2' | 'HYBRID_LINUX' | 'HYPERPOD_LINUX';
  /** `{{EC2PrivateDNSName}}` and `{{SessionName}}` are filled in when someone signs in. */
  username: string;
  kubernetesGroups: string[];
  policies: AssociatedPolicy[];
  createdAt: string;
  modifiedAt: string;
  tags: Tags;
  clientRequestToken?: string;
}

export interface AssociatedPolicy {
  /** `arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy` */
  policyArn: string;
  scope: { type: 'cluster' } | { type: 'namespace'; namespaces: string[] };
  associatedAt: string;
  modifiedAt: string;
}

export interface Addon {
  cluster: string;
  name: string;
  arn: string;
  version: string;
  status: 'CREATING' | 'ACTIVE' | 'CREATE_FAILED' | 'UPDATING' | 'DELETING' | 'DELETE_FAILED' | 'DEGRADED' | 'UPDATE_FAILED';
  createdAt: string;
  modifiedAt: string;
  serviceAccountRoleArn?: string;
  /** JSON or YAML, as it was given. */
  configurationValues?: string;
  /** The objects stay in the cluster when the add-on is deleted. */
  preserve?: boolean;
  issues: Issue[];
  tags: Tags;
  clientRequestToken?: string;
}

export interface FargateProfile {
  name: string;
  cluster: string;
  arn: string;
  podExecutionRoleArn: string;
  subnetIds: string[];
  selectors: { namespace: string; labels: Record<string, string> }[];
  status: 'CREATING' | 'ACTIVE' | 'DELETING' | 'CREATE_FAILED' | 'DELETE_FAILED';
  issues: Issue[];
  createdAt: string;
  tags: Tags;
}

/** What an update call started, told by DescribeUpdate. */
export interface Update {
  id: string;
  cluster: string;
  /** Whose update it is, if not the cluster's own. */
  nodegroup?: string;
  addon?: string;
  type: string;
  status: 'InProgress' | 'Failed' | 'Cancelled' | 'Successful';
  params: { type: string; value: string }[];
  createdAt: string;
  clientRequestToken?: string;
  errors: { errorCode: string; errorMessage: string; resourceIds?: string[] }[];
}

/** By cluster name. */
export const clusters = collection<Cluster>('eks/cluster');
/** By cluster name; the same life as the cluster's. */
export const pkis = collection<Pki>('eks/pki');
/** By cluster name and member id. */
export const members = collection<Member>('eks/member');
/** By cluster name and member id. */
export const memberPkis = collection<MemberPki>('eks/member-pki');
/** One an installation. */
export const issuerCertificates = collection<IssuerCertificates>('eks/issuer-certificates');
/** By cluster name and node group name. */
export const nodegroups = collection<Nodegroup>('eks/nodegroup');
/** By cluster name and principal ARN. */
export const accessEntries = collection<AccessEntry>('eks/access-entry');
/** By cluster name and add-on name. */
export const addons = collection<Addon>('eks/addon');
/** By cluster name and profile name. */
export const fargateProfiles = collection<FargateProfile>('eks/fargate-profile');
/** By cluster name and update id. */
export const updates = collection<Update>('eks/update');
