import type { Scope } from '../../control/service.ts';
import { invalid } from './errors.ts';

/**
 *   loadbalancer/app/<name>/<id>     listener/app/<name>/<id>/<listener>     listener-rule/app/<name>/<id>/<listener>/<rule>     `net` for networks'
 *   targetgroup/<name>/<id>          every id has 16 hexadecimal digits
 */
const KINDS = {
  'loadbalancer': { what: 'load balancer', parts: 2 },
  'listener': { what: 'listener', parts: 3 },
  'listener-rule': { what: 'listener rule', parts: 4 },
  'targetgroup': { what: 'target group', parts: 2 },
} as const;

export type ArnKind = keyof typeof KINDS;

export function arnOf(scope: Scope, kind: 'targetgroup' | 'loadbalancer/app' | 'loadbalancer/net', ...parts: string[]): string {
  return `arn:aws:elasticloadbalancing:${scope.region}:${scope.account}:${[kind, ...parts].join('/')}`;
}

/** Of a listener of a balancer, or a rule of a listener. */
export function arnBelow(arn: string, id: string): string {
  const kind = kindOf(arn) === 'loadbalancer' ? 'listener' : 'listener-rule';
  return `${arn.replace(/:[a-z-]+\/(app|net)\//, `:${kind}/$1/`)}/${id}`;
}

export function kindOf(arn: string): ArnKind | undefined {
  const kind = arn.split(':')[5]?.split('/')[0] ?? '';
  return kind in KINDS ? (kind as ArnKind) : undefined;
}

/** The names and ids in an ARN. Throws ValidationError if it is not one of that kind. */
export function partsOf(arn: string | undefined, kind: ArnKind): string[] {
  const [prefix, partition, service, , , resource] = (arn ?? '').split(':');
  const [found, ...rest] = (resource ?? '').split('/');
  const parts = kind === 'targetgroup' ? rest : rest.slice(1);
  if (prefix !== 'arn' || partition !== 'aws' || service !== 'elasticloadbalancing' || found !== kind || parts.length !== KINDS[kind].parts) {
    throw invalid(`'${arn}' is not a valid ${KINDS[kind].what} ARN`);
  }
  return parts;
}
