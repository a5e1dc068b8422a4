import { asService } from '../../../../control/as-service.ts';
import { AwsError } from '../../../../control/error.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import { deleteSecurityGroup, ec2Operations, keepSecurityGroup } from '../../../ec2/index.ts';
import type { Cluster } from '../../records.ts';
import { hashOf } from './plan.ts';
import type { BalancerPlan } from './plan.ts';

/**
 * Two groups a balancer, as the AWS Load Balancer Controller does it: one of its own, which lets clients reach its listeners, and one
 * that all balancers of the cluster share, from which the cluster's security group lets everything in.
 */

const EVERYTHING_OUT = { egress: true, protocol: '-1', peer: { cidr: '0.0.0.0/0' } };
const sharedName = (cluster: Cluster) => `k8s-traffic-${cluster.name.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 20)}-${hashOf(cluster.arn, cluster.id)}`;
const tagsOf = (cluster: Cluster, resource: string) => ({ 'elbv2.k8s.aws/cluster': cluster.name, 'elbv2.k8s.aws/resource': resource });

export async function keepSecurityGroups(env: Env, scope: Scope, cluster: Cluster, plan: BalancerPlan, stackTags: Record<string, string>): Promise<string[]> {
  const { vpcId } = cluster;
  const own = await keepSecurityGroup(env, scope, {
    vpcId, name: plan.name, description: '[k8s] Managed SecurityGroup for LoadBalancer', tags: { ...tagsOf(cluster, 'ManagedLBSecurityGroup'), ...stackTags },
    rules: [...plan.listeners.flatMap(({ port }) => plan.inboundCidrs.map((cidr) => ({ egress: false, protocol: 'tcp', fromPort: port, toPort: port, peer: { cidr } }))), EVERYTHING_OUT],
  });
  const shared = await keepSecurityGroup(env, scope, { vpcId, name: sharedName(cluster), description: '[k8s] Shared Backend SecurityGroup for LoadBalancer', tags: tagsOf(cluster, 'backend-sg'), rules: [EVERYTHING_OUT] });
  await letIn(env, scope, cluster, shared);
  return [own, shared];
}

const permission = (shared: string) => ({ IpProtocol: 'tcp', FromPort: 0, ToPort: 65535, UserIdGroupPairs: [{ GroupId: shared, Description: 'elbv2.k8s.aws/targetGroupBinding=shared' }] });

async function unless(code: string, done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    if (!(error instanceof AwsError && error.code === code)) throw error;
  });
}

async function letIn(env: Env, scope: Scope, cluster: Cluster, shared: string): Promise<void> {
  const ec2 = asService(ec2Operations, env, scope, 'eks.amazonaws.com');
  if (cluster.clusterSecurityGroupId === undefined) return;
  await unless('InvalidPermission.Duplicate', ec2('AuthorizeSecurityGroupIngress', { GroupId: cluster.clusterSecurityGroupId, IpPermissions: [permission(shared)] }));
}

/** The stack's own group, and the shared one with the last of the cluster's stacks. False while interfaces still carry one of them. */
export async function dropSecurityGroups(env: Env, scope: Scope, cluster: Cluster, stackTags: Record<string, string>): Promise<boolean> {
  const ec2 = asService(ec2Operations, env, scope, 'eks.amazonaws.com');
  const tagged = async (tags: Record<string, string>) => {
    const filters = Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
    return ((await ec2('DescribeSecurityGroups', { Filters: [...filters, { Name: 'vpc-id', Values: [cluster.vpcId] }] })).SecurityGroups ?? []).map(({ GroupId = '' }) => GroupId);
  };
  for (const id of await tagged(stackTags)) if (!(await deleteSecurityGroup(env, scope, id))) return false;
  if ((await tagged(tagsOf(cluster, 'ManagedLBSecurityGroup'))).length) return true;
  for (const shared of await tagged(tagsOf(cluster, 'backend-sg'))) {
    if (cluster.clusterSecurityGroupId !== undefined) await unless('InvalidPermission.NotFound', ec2('RevokeSecurityGroupIngress', { GroupId: cluster.clusterSecurityGroupId, IpPermissions: [permission(shared)] }));
    if (!(await deleteSecurityGroup(env, scope, shared))) return false;
  }
  return true;
}
