import { CreateListenerCommand, CreateLoadBalancerCommand, CreateRuleCommand, CreateTargetGroupCommand, DescribeListenersCommand, DescribeLoadBalancersCommand, DescribeTargetGroupsCommand, ElasticLoadBalancingV2Client, ModifyTargetGroupAttributesCommand, type TargetTypeEnum } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Network } from './fleet.ts';
import { unless } from './steps.ts';

/** One application load balancer; each service is a rule of it, by path, and the storefront by host as well. */
export interface Balancer {
  /** Its DNS name. */
  host: string;
  listenerArn: string;
}

const elb = new ElasticLoadBalancingV2Client({});

export async function ensureBalancer({ subnetIds, publicGroup }: Network): Promise<Balancer> {
  await unless('DuplicateLoadBalancerNameException', () => elb.send(new CreateLoadBalancerCommand({ Name: 'shop', Subnets: subnetIds, SecurityGroups: [publicGroup] })));
  const balancer = (await elb.send(new DescribeLoadBalancersCommand({ Names: ['shop'] }))).LoadBalancers![0]!;
  const { Listeners } = await elb.send(new DescribeListenersCommand({ LoadBalancerArn: balancer.LoadBalancerArn! }));
  const listener = Listeners![0] ?? (await elb.send(new CreateListenerCommand({
    LoadBalancerArn: balancer.LoadBalancerArn!, Protocol: 'HTTP', Port: 80,
    DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', ContentType: 'text/plain', MessageBody: 'The shop has no such page.' } }],
  }))).Listeners![0]!;
  return { host: balancer.DNSName!, listenerArn: listener.ListenerArn! };
}

/** A target group for a service and its rule; answers the target group's ARN. */
export async function ensureTargetGroup(name: string, { vpcId }: Network, { listenerArn }: Balancer, { type, priority, paths, hosts }: { type: TargetTypeEnum; priority: number; paths: string[]; hosts?: string[] }): Promise<string> {
  const existing = await unless('TargetGroupNotFoundException', () => elb.send(new DescribeTargetGroupsCommand({ Names: [`shop-${name}`] })));
  if (existing) return existing.TargetGroups![0]!.TargetGroupArn!;
  const created = await elb.send(new CreateTargetGroupCommand({
    Name: `shop-${name}`, Protocol: 'HTTP', Port: 8080, VpcId: vpcId, TargetType: type,
    HealthCheckPath: '/health', HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 3, HealthyThresholdCount: 2,
  }));
  const arn = created.TargetGroups![0]!.TargetGroupArn!;
  await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '5' }] }));
  const conditions = [{ Field: 'path-pattern', Values: paths }, ...(hosts ? [{ Field: 'host-header', Values: hosts }] : [])];
  await elb.send(new CreateRuleCommand({ ListenerArn: listenerArn, Priority: priority, Conditions: conditions, Actions: [{ Type: 'forward', TargetGroupArn: arn }] }));
  return arn;
}
