import { randomBytes } from 'node:crypto';
import { EC2 } from '@aws-sdk/client-ec2';
import { EKS, waitUntilClusterActive, waitUntilClusterDeleted, waitUntilNodegroupActive, waitUntilNodegroupDeleted } from '@aws-sdk/client-eks';
import { IAM } from '@aws-sdk/client-iam';
import type { Progress } from '../../engines/progress.ts';
import type { AdminKey } from '../installation.ts';

/** How AWS's clients reach the installation. */
export interface Connection {
  endpoint: string;
  region: string;
  credentials: AdminKey;
}

/** What the tests run on: a cluster and two nodes, made as any customer of EKS would. */
export interface TestCluster {
  name: string;
  endpoint: string;
  /** Of its certificate authority, PEM in base64. */
  authority: string;
}

const NODES = 2;
/** Two processors, as the smallest machines have that run Gantry; memory is a limit, not taken before it is used. */
const INSTANCE_TYPE = 'm5.large';
const POLICIES = {
  eks: ['AmazonEKSClusterPolicy'],
  ec2: ['AmazonEKSWorkerNodePolicy', 'AmazonEKS_CNI_Policy', 'AmazonEC2ContainerRegistryPullOnly'],
};
const WAIT = { maxWaitTime: 600, minDelay: 1, maxDelay: 2 };

/** A cluster of a name that no other has; of what is made, `made` hears at once what takes it away, so that a failure on the way leaves nothing. */
export async function createTestCluster(connection: Connection, made: (remove: () => Promise<void>) => void, progress: Progress): Promise<TestCluster> {
  const eks = new EKS(connection);
  const iam = new IAM(connection);
  const name = `conformance-${randomBytes(3).toString('hex')}`;
  const role = async (service: keyof typeof POLICIES) => {
    const RoleName = `${name}-${service}`;
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: `${service}.amazonaws.com` }, Action: ['sts:AssumeRole', 'sts:TagSession'] }] };
    const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) });
    made(() => removeRole(iam, RoleName));
    for (const policy of POLICIES[service]) await iam.attachRolePolicy({ RoleName, PolicyArn: `arn:aws:iam::aws:policy/${policy}` });
    return Role?.Arn ?? '';
  };
  const { Subnets = [] } = await new EC2(connection).describeSubnets({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] });
  const subnetIds = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);

  progress({ what: 'control plane' });
  await eks.createCluster({ name, roleArn: await role('eks'), resourcesVpcConfig: { subnetIds, endpointPublicAccess: true, endpointPrivateAccess: true } });
  made(async () => {
    await eks.deleteCluster({ name });
    await waitUntilClusterDeleted({ client: eks, ...WAIT }, { name });
  });
  await waitUntilClusterActive({ client: eks, ...WAIT }, { name });

  progress({ what: 'nodes' });
  const nodes = { clusterName: name, nodegroupName: 'nodes' };
  await eks.createNodegroup({ ...nodes, nodeRole: await role('ec2'), subnets: subnetIds, instanceTypes: [INSTANCE_TYPE], scalingConfig: { minSize: NODES, maxSize: NODES, desiredSize: NODES } });
  made(async () => {
    await eks.deleteNodegroup(nodes);
    await waitUntilNodegroupDeleted({ client: eks, ...WAIT }, nodes);
  });
  await waitUntilNodegroupActive({ client: eks, ...WAIT }, nodes);
  const { cluster } = await eks.describeCluster({ name });
  return { name, endpoint: cluster?.endpoint ?? '', authority: cluster?.certificateAuthority?.data ?? '' };
}

async function removeRole(iam: IAM, RoleName: string): Promise<void> {
  const { AttachedPolicies = [] } = await iam.listAttachedRolePolicies({ RoleName });
  for (const { PolicyArn } of AttachedPolicies) await iam.detachRolePolicy({ RoleName, PolicyArn });
  await iam.deleteRole({ RoleName });
}
