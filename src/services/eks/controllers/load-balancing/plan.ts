import { createHash } from 'node:crypto';
import type { ServicePort } from '../../../../kube/types.ts';

/** What a Service or a group of Ingresses asks of Elastic Load Balancing. Everything is found again by its name, which follows from what cannot be changed. */
export interface BalancerPlan {
  name: string;
  type: 'application' | 'network';
  scheme: 'internet-facing' | 'internal';
  /** One a zone, as named by an annotation; otherwise they are discovered. */
  subnetIds?: string[];
  /** The customer's own; otherwise one is kept that lets `inboundCidrs` reach the listeners. */
  securityGroupIds?: string[];
  inboundCidrs: string[];
  attributes: Record<string, string>;
  listeners: ListenerPlan[];
  groups: GroupPlan[];
  tags: Record<string, string>;
}

export interface ListenerPlan {
  port: number;
  protocol: 'HTTP' | 'TCP';
  defaultAction: ActionPlan;
  /** In order of priority. */
  rules: { conditions: ConditionPlan[]; action: ActionPlan }[];
}

export type ConditionPlan = { field: 'host-header' | 'path-pattern'; values: string[] };

export type ActionPlan =
  | { type: 'forward'; groups: { name: string; weight: number }[] }
  | { type: 'fixed-response'; statusCode: string; contentType: string; body: string }
  | { type: 'redirect'; protocol: string; host: string; port: string; path: string; query: string; statusCode: 'HTTP_301' | 'HTTP_302' };

export interface GroupPlan {
  name: string;
  targetType: 'ip' | 'instance';
  protocol: 'HTTP' | 'TCP';
  port: number;
  healthCheck: HealthCheckPlan;
  attributes: Record<string, string>;
  /** Whose endpoints its targets are. */
  backend: { namespace: string; service: string; port: ServicePort; localOnly: boolean };
}

export interface HealthCheckPlan {
  protocol: 'HTTP' | 'TCP' | 'HTTPS';
  port: string;
  path?: string;
  intervalSeconds: number;
  timeoutSeconds: number;
  healthyThreshold: number;
  unhealthyThreshold: number;
  matcher?: string;
}

/** What is wrong with the object: told as an event of it, and tried again when it changes. */
export class PlanError extends Error {}

/** `k8s-<8>-<8>-<10>`: the AWS Load Balancer Controller's names. The hash tells apart what the two words do not. */
export function resourceName(namespace: string, name: string, ...identity: unknown[]): string {
  const word = (text: string) => text.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 8);
  return `k8s-${word(namespace)}-${word(name)}-${hashOf(...identity)}`;
}

export const hashOf = (...identity: unknown[]) => createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 10);
