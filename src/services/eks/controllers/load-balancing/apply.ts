import type * as Elb from '@aws-sdk/client-elastic-load-balancing-v2';
import { asService } from '../../../../control/as-service.ts';
import type { Caller } from '../../../../control/as-service.ts';
import { AwsError } from '../../../../control/error.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import { elasticloadbalancingOperations } from '../../../elasticloadbalancing/index.ts';
import type { Cluster } from '../../records.ts';
import type { ActionPlan, BalancerPlan, GroupPlan } from './plan.ts';
import { applyListeners } from './listeners.ts';
import { dropSecurityGroups, keepSecurityGroups } from './security-groups.ts';
import { discoverSubnets } from './subnets.ts';
import type { Target } from './targets.ts';

/** Makes Elastic Load Balancing what a plan says, by its own API; finds what it made by the controller's tags. */

export type ElbCaller = Caller<typeof elasticloadbalancingOperations>;
export const elbOf = (env: Env, scope: Scope): ElbCaller => asService(elasticloadbalancingOperations, env, scope, 'eks.amazonaws.com');

/** Whose the balancer is: `service` with `<namespace>/<name>`, `ingress` with the group's name. */
export interface Stack {
  kind: 'service' | 'ingress';
  id: string;
}

const CLUSTER_TAG = 'elbv2.k8s.aws/cluster';
const stackTags = (cluster: Cluster, { kind, id }: Stack) => ({ [CLUSTER_TAG]: cluster.name, [`${kind}.k8s.aws/stack`]: id });
const tagList = (tags: Record<string, string>): Elb.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Answers the balancer's DNS name. */
export async function applyPlan(env: Env, scope: Scope, cluster: Cluster, stack: Stack, plan: BalancerPlan, targets: (group: GroupPlan) => Target[]): Promise<string> {
  const elb = elbOf(env, scope);
  const tags = { ...plan.tags, ...stackTags(cluster, stack) };
  const own = await ownedBy(elb, cluster, stack);
  const arns = new Map<string, string>();
  for (const group of plan.groups) arns.set(group.name, await applyGroup(elb, cluster, group, tags));
  const securityGroups = plan.securityGroupIds ?? await keepSecurityGroups(env, scope, cluster, plan, stackTags(cluster, stack));
  const balancer = await applyBalancer(env, scope, { elb, cluster, plan, securityGroups, tags, own: own.balancers });
  // A group serves one balancer: that of another scheme, say, goes before this one listens.
  for (const one of own.balancers) if (one !== balancer.LoadBalancerArn) await elb('DeleteLoadBalancer', { LoadBalancerArn: one });
  await applyListeners(elb, balancer.LoadBalancerArn ?? '', plan.listeners, (action) => actionOf(action, arns));
  for (const group of plan.groups) await applyTargets(elb, arns.get(group.name) ?? '', targets(group));
  const wanted = new Set(arns.values());
  for (const one of own.groups) if (!wanted.has(one)) await elb('DeleteTargetGroup', { TargetGroupArn: one });
  return balancer.DNSName ?? '';
}

/** Takes everything of a stack away. False while some of it still hangs on something. */
export async function removeStack(env: Env, scope: Scope, cluster: Cluster, stack: Stack): Promise<boolean> {
  const elb = elbOf(env, scope);
  const own = await ownedBy(elb, cluster, stack);
  for (const LoadBalancerArn of own.balancers) await elb('DeleteLoadBalancer', { LoadBalancerArn });
  for (const TargetGroupArn of own.groups) await elb('DeleteTargetGroup', { TargetGroupArn });
  return dropSecurityGroups(env, scope, cluster, stackTags(cluster, stack));
}

/** ARNs of what carries the stack's tags. */
async function ownedBy(elb: ElbCaller, cluster: Cluster, stack: Stack): Promise<{ balancers: string[]; groups: string[] }> {
  const balancers = ((await elb('DescribeLoadBalancers', {})).LoadBalancers ?? []).map(({ LoadBalancerArn = '' }) => LoadBalancerArn);
  const groups = ((await elb('DescribeTargetGroups', {})).TargetGroups ?? []).map(({ TargetGroupArn = '' }) => TargetGroupArn);
  const all = [...balancers, ...groups];
  const described = all.length ? (await elb('DescribeTags', { ResourceArns: all })).TagDescriptions ?? [] : [];
  const wanted = Object.entries(stackTags(cluster, stack));
  const own = new Set(described.filter(({ Tags = [] }) => wanted.every(([key, value]) => Tags.some((tag) => tag.Key === key && tag.Value === value))).map(({ ResourceArn }) => ResourceArn));
  return { balancers: balancers.filter((arn) => own.has(arn)), groups: groups.filter((arn) => own.has(arn)) };
}

/** Undefined where the code says that it is not there. */
async function unlessMissing<T>(code: string, asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof AwsError && error.code.startsWith(code)) return undefined;
    throw error;
  });
}

interface Placing {
  elb: ElbCaller;
  cluster: Cluster;
  plan: BalancerPlan;
  securityGroups: string[];
  tags: Record<string, string>;
  /** ARNs of the stack's balancers. */
  own: string[];
}

async function applyBalancer(env: Env, scope: Scope, { elb, cluster, plan, securityGroups, tags, own }: Placing): Promise<Elb.LoadBalancer> {
  const named = (await unlessMissing('LoadBalancerNotFound', elb('DescribeLoadBalancers', { Names: [plan.name] })))?.LoadBalancers?.[0];
  // A name that somebody else's has: that one is neither taken over nor taken away.
  if (named && !own.includes(named.LoadBalancerArn ?? '')) throw new AwsError('DuplicateLoadBalancerName', 400, `A load balancer with the same name '${plan.name}' exists, which is not this one's`);
  // Its scheme cannot be changed.
  const found = named?.Scheme === plan.scheme ? named : undefined;
  if (named && !found) await elb('DeleteLoadBalancer', { LoadBalancerArn: named.LoadBalancerArn });
  const balancer = found ?? (await elb('CreateLoadBalancer', {
    Name: plan.name, Type: plan.type, Scheme: plan.scheme, Subnets: plan.subnetIds ?? await discoverSubnets(env, scope, cluster, plan.scheme), SecurityGroups: securityGroups, Tags: tagList(tags),
  })).LoadBalancers?.[0];
  if (!balancer) throw new Error(`no load balancer ${plan.name} was made`);
  const LoadBalancerArn = balancer.LoadBalancerArn ?? '';
  if (found && [...securityGroups].sort().join() !== [...(found.SecurityGroups ?? [])].sort().join()) await elb('SetSecurityGroups', { LoadBalancerArn, SecurityGroups: securityGroups });
  const standsIn = (found?.AvailabilityZones ?? []).map(({ SubnetId = '' }) => SubnetId);
  if (found && plan.subnetIds && [...plan.subnetIds].sort().join() !== standsIn.sort().join()) await elb('SetSubnets', { LoadBalancerArn, Subnets: plan.subnetIds });
  const current = Object.keys(plan.attributes).length ? (await elb('DescribeLoadBalancerAttributes', { LoadBalancerArn })).Attributes : [];
  const changed = differing(plan.attributes, current);
  if (changed.length) await elb('ModifyLoadBalancerAttributes', { LoadBalancerArn, Attributes: changed });
  return balancer;
}

const differing = (wanted: Record<string, string>, current: { Key?: string | undefined; Value?: string | undefined }[] | undefined) =>
  Object.entries(wanted).filter(([key, value]) => current?.find(({ Key }) => Key === key)?.Value !== value).map(([Key, Value]) => ({ Key, Value }));

/** The group's ARN. */
async function applyGroup(elb: ElbCaller, cluster: Cluster, plan: GroupPlan, tags: Record<string, string>): Promise<string> {
  const { healthCheck: check } = plan;
  const health = {
    HealthCheckEnabled: true, HealthCheckProtocol: check.protocol, HealthCheckPort: check.port, HealthCheckIntervalSeconds: check.intervalSeconds, HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold, UnhealthyThresholdCount: check.unhealthyThreshold,
    ...(check.path === undefined ? {} : { HealthCheckPath: check.path }), ...(check.matcher === undefined ? {} : { Matcher: { HttpCode: check.matcher } }),
  };
  const found = (await unlessMissing('TargetGroupNotFound', elb('DescribeTargetGroups', { Names: [plan.name] })))?.TargetGroups?.[0];
  const group = found ?? (await elb('CreateTargetGroup', {
    Name: plan.name, Protocol: plan.protocol, Port: plan.port, VpcId: cluster.vpcId, TargetType: plan.targetType, ...health, Tags: tagList({ ...tags, 'elbv2.k8s.aws/resource': `${plan.backend.namespace}/${plan.backend.service}:${plan.backend.port.port}` }),
  })).TargetGroups?.[0];
  const TargetGroupArn = group?.TargetGroupArn ?? '';
  const same = !found || Object.entries(health).every(([key, value]) => JSON.stringify(found[key as keyof Elb.TargetGroup]) === JSON.stringify(value));
  if (!same) await elb('ModifyTargetGroup', { TargetGroupArn, ...health });
  const current = Object.keys(plan.attributes).length ? (await elb('DescribeTargetGroupAttributes', { TargetGroupArn })).Attributes : [];
  const changed = differing(plan.attributes, current);
  if (changed.length) await elb('ModifyTargetGroupAttributes', { TargetGroupArn, Attributes: changed });
  return TargetGroupArn;
}

async function applyTargets(elb: ElbCaller, TargetGroupArn: string, wanted: Target[]): Promise<void> {
  const seen = (await elb('DescribeTargetHealth', { TargetGroupArn })).TargetHealthDescriptions ?? [];
  const registered = seen.filter(({ TargetHealth }) => TargetHealth?.State !== 'draining').map(({ Target }) => ({ id: Target?.Id ?? '', port: Target?.Port ?? 0 }));
  const described = (targets: Target[]) => targets.map(({ id, port }) => ({ Id: id, Port: port }));
  const added = without(wanted, registered);
  const gone = without(registered, wanted);
  if (added.length) await elb('RegisterTargets', { TargetGroupArn, Targets: described(added) });
  if (gone.length) await elb('DeregisterTargets', { TargetGroupArn, Targets: described(gone) });
}

const without = (targets: Target[], others: Target[]) => targets.filter(({ id, port }) => !others.some((other) => other.id === id && other.port === port));

function actionOf(action: ActionPlan, arns: Map<string, string>): Elb.Action {
  switch (action.type) {
    case 'forward': {
      const groups = action.groups.map(({ name, weight }) => ({ TargetGroupArn: arns.get(name) ?? '', Weight: weight }));
      return groups.length === 1 ? { Type: 'forward', TargetGroupArn: groups[0]!.TargetGroupArn } : { Type: 'forward', ForwardConfig: { TargetGroups: groups } };
    }
    case 'fixed-response':
      return { Type: 'fixed-response', FixedResponseConfig: { StatusCode: action.statusCode, ContentType: action.contentType, MessageBody: action.body } };
    case 'redirect':
      return { Type: 'redirect', RedirectConfig: { Protocol: action.protocol, Host: action.host, Port: action.port, Path: action.path, Query: action.query, StatusCode: action.statusCode } };
  }
}
