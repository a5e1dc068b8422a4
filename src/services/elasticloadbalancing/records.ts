import { collection } from '../../control/collection.ts';
import type { BalancerCondition } from '../../wire/host.ts';

/** What Elastic Load Balancing keeps. AWS's shapes are made from these when answering. */

export type Tags = Record<string, string>;

export interface LoadBalancer {
  arn: string;
  name: string;
  /** `lb-<16 hexadecimal digits>`: its id on hosts, and the owner of its network interfaces. */
  id: string;
  type: 'application' | 'network';
  dnsName: string;
  scheme: 'internet-facing' | 'internal';
  vpcId: string;
  /** One a zone. */
  subnets: { id: string; zone: string; privateAddress?: string }[];
  /** None: a network load balancer that lets everything in. */
  securityGroupIds: string[];
  createdAt: string;
  /** Those that were set; the others have their default. */
  attributes: Record<string, string>;
  /** The listener of each port. Changed in one commit with the listeners, so that no port is taken twice. */
  listeners: Record<string, string>;
  /** Where its HAProxy runs, once a host was found. */
  hostId?: string;
  tags: Tags;
}

export interface Listener {
  arn: string;
  loadBalancerArn: string;
  port: number;
  protocol: 'HTTP' | 'TCP';
  defaultActions: Action[];
  /** `.../<id>` */
  defaultRuleArn: string;
  /** In order of priority. Kept in the listener, so that one compare-and-set keeps priorities apart. */
  rules: Rule[];
  tags: Tags;
}

export interface Rule {
  arn: string;
  priority: number;
  conditions: Condition[];
  actions: Action[];
  tags: Tags;
}

export type Condition = BalancerCondition;

/** One a rule: ELB's other types authenticate, which HTTP listeners cannot. `stickiness` between groups is never on; its time is kept as it was given. */
export type Action =
  | { type: 'forward'; order?: number; targetGroups: { arn: string; weight: number }[]; stickiness?: { seconds: number } }
  | { type: 'fixed-response'; order?: number; statusCode: string; contentType?: string; body?: string }
  | { type: 'redirect'; order?: number; protocol: string; host: string; port: string; path: string; query: string; statusCode: 'HTTP_301' | 'HTTP_302' };

export interface TargetGroup {
  arn: string;
  name: string;
  /** Its id on hosts: `<name>-<16 hexadecimal digits>`. */
  id: string;
  targetType: 'instance' | 'ip';
  protocol: 'HTTP' | 'TCP';
  port: number;
  vpcId: string;
  healthCheck: HealthCheck;
  createdAt: string;
  attributes: Record<string, string>;
  tags: Tags;
}

export interface HealthCheck {
  enabled: boolean;
  protocol: 'HTTP' | 'HTTPS' | 'TCP';
  /** Path and matcher are empty for TCP. */
  path: string;
  /** `traffic-port` or a number. */
  port: string;
  intervalSeconds: number;
  timeoutSeconds: number;
  healthyThreshold: number;
  unhealthyThreshold: number;
  matcher: string;
}

/** A registration. It stays while it drains, then it is deleted. */
export interface Target {
  /** An instance's id, or an address. */
  id: string;
  port: number;
  /** As given with an address. */
  zone?: string;
  registeredAt: string;
  /** When it was deregistered. */
  drainingSince?: string;
}

/** A target's state as last seen, by `<id>:<port>`: written when it changes, to wake those who watch. */
export type HealthSummary = Record<string, string>;

export const loadBalancers = collection<LoadBalancer>('elasticloadbalancing/load-balancer');
/** By the balancer's name, then by the listener's id. */
export const listeners = collection<Listener>('elasticloadbalancing/listener');
export const targetGroups = collection<TargetGroup>('elasticloadbalancing/target-group');
/** By the group's id, then by `<id>:<port>`. */
export const targets = collection<Target>('elasticloadbalancing/target');
/** By the group's name, then by the id in its ARN. */
export const healthSummaries = collection<HealthSummary>('elasticloadbalancing/health');

export const targetName = (target: Pick<Target, 'id' | 'port'>) => `${target.id}:${target.port}`;
