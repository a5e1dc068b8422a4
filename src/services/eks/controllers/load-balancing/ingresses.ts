import type { Ingress, IngressBackend, IngressPath, KubeService } from '../../../../kube/types.ts';
import { annotationsOf } from './annotations.ts';
import type { Annotations } from './annotations.ts';
import { customAction } from './custom-actions.ts';
import { PlanError, resourceName } from './plan.ts';
import type { ActionPlan, BalancerPlan, ConditionPlan, GroupPlan } from './plan.ts';
import { DEFAULT_SCHEME } from './services.ts';

/** Ingresses of class `alb`, by the annotations of https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/. */

const PREFIX = 'alb.ingress.kubernetes.io/';
const NOT_FOUND: ActionPlan = { type: 'fixed-response', statusCode: '404', contentType: 'text/plain', body: '' };
const NO_SERVICE: ActionPlan = { type: 'fixed-response', statusCode: '503', contentType: 'text/plain', body: 'Backend service does not exist' };

export const annotations = (ingress: Ingress, service?: KubeService) => annotationsOf(PREFIX, service?.metadata, ingress.metadata);

/** Several Ingresses may share a balancer, by `group.name`; otherwise each has its own. */
export function groupOf(ingress: Ingress): { name: string; explicit: boolean } {
  const name = annotations(ingress).text('group.name');
  return name === undefined ? { name: `${ingress.metadata.namespace}/${ingress.metadata.name}`, explicit: false } : { name, explicit: true };
}

export function isAlb({ spec, metadata }: Ingress, classes: ReadonlySet<string>): boolean {
  const name = spec.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'];
  return metadata.deletionTimestamp === undefined && name !== undefined && (name === 'alb' || classes.has(name));
}

export type FindService = (namespace: string, name: string) => KubeService | undefined;

/** Members in order: by `group.order`, then by name. */
export const inOrder = (members: Ingress[]): Ingress[] => {
  const order = (ingress: Ingress) => annotations(ingress).number('group.order') ?? 0;
  const name = ({ metadata }: Ingress) => `${metadata.namespace}/${metadata.name}`;
  return [...members].sort((a, b) => order(a) - order(b) || (name(a) < name(b) ? -1 : 1));
};

export function planIngresses(cluster: string, group: { name: string; explicit: boolean }, unordered: Ingress[], findService: FindService): BalancerPlan {
  const members = inOrder(unordered);
  const groups = new Map<string, GroupPlan>();
  const listeners = new Map<number, BalancerPlan['listeners'][number]>();
  for (const ingress of members) {
    const forward = (backend: IngressBackend) => actionFor(cluster, ingress, backend, findService, groups);
    for (const port of listenPorts(annotations(ingress))) {
      const listener = listeners.get(port) ?? { port, protocol: 'HTTP' as const, defaultAction: NOT_FOUND, rules: [] };
      listeners.set(port, listener);
      for (const { host, http } of ingress.spec.rules ?? []) {
        for (const path of sorted(http?.paths ?? [])) listener.rules.push({ conditions: conditionsOf(host, path), action: forward(path.backend) });
      }
      if (ingress.spec.defaultBackend) listener.defaultAction = forward(ingress.spec.defaultBackend);
    }
  }
  const all = members.map((ingress) => annotations(ingress));
  /** Of the whole balancer: members may repeat one another, not contradict. */
  const shared = <T>(what: string, read: (given: Annotations) => T | undefined): T | undefined => {
    const values = [...new Map(all.map(read).filter((value) => value !== undefined).map((value) => [JSON.stringify(value), value])).values()];
    if (values.length > 1) throw new PlanError(`conflicting ${what} among the ingresses of group ${group.name}`);
    return values[0];
  };
  const scheme = shared('scheme', (given) => given.oneOf('scheme', 'internet-facing', 'internal')) ?? DEFAULT_SCHEME;
  const subnetIds = shared('subnets', (given) => given.list('subnets'));
  const securityGroupIds = shared('security-groups', (given) => given.list('security-groups'));
  const [namespace = '', name = ''] = group.explicit ? [group.name, ''] : group.name.split('/');
  return {
    name: shared('load-balancer-name', (given) => given.text('load-balancer-name')) ?? (group.explicit ? resourceName(namespace, 'group', cluster, group.name, scheme) : resourceName(namespace, name, cluster, members[0]?.metadata.uid, scheme)),
    type: 'application', scheme, ...(subnetIds ? { subnetIds } : {}), ...(securityGroupIds ? { securityGroupIds } : {}),
    inboundCidrs: [...new Set(all.flatMap((given) => given.list('inbound-cidrs') ?? ['0.0.0.0/0']))],
    attributes: Object.assign({}, ...all.map((given) => given.map('load-balancer-attributes'))) as Record<string, string>,
    tags: Object.assign({}, ...all.map((given) => given.map('tags'))) as Record<string, string>,
    listeners: [...listeners.values()], groups: [...groups.values()],
  };
}

/** `[{"HTTP": 80}, {"HTTP": 8080}]` */
function listenPorts(given: Annotations): number[] {
  if (given.text('certificate-arn') !== undefined) throw new PlanError('HTTPS listeners are not implemented by Gantry: certificate-arn');
  const written = given.json('listen-ports') ?? [{ HTTP: 80 }];
  if (!Array.isArray(written)) throw new PlanError(`invalid value of annotation ${PREFIX}listen-ports: ${given.text('listen-ports')}`);
  return written.flatMap((entry: unknown) => Object.entries(entry ?? {}).map(([protocol, port]: [string, unknown]) => {
    if (protocol !== 'HTTP') throw new PlanError(`listeners of protocol ${protocol} are not implemented by Gantry`);
    if (typeof port !== 'number' || port < 1 || port > 65535) throw new PlanError(`invalid value of annotation ${PREFIX}listen-ports: ${String(port)}`);
    return port;
  }));
}

/** The most precise comes first: exact paths, then prefixes from long to short, then the rest as they are. */
function sorted(paths: IngressPath[]): IngressPath[] {
  const of = (type: string) => paths.filter(({ pathType = 'ImplementationSpecific' }) => pathType === type);
  const length = ({ path = '' }: IngressPath) => path.replace(/\/$/, '').length;
  return [...of('Exact'), ...of('Prefix').sort((a, b) => length(b) - length(a)), ...of('ImplementationSpecific')];
}

/** A rule needs a condition: one that takes every path, where nothing is said. */
function conditionsOf(host: string | undefined, path: IngressPath): ConditionPlan[] {
  const values = pathPatterns(path);
  const everything = values.includes('/*') && host;
  return [...(host ? [{ field: 'host-header' as const, values: [host] }] : []), ...(everything ? [] : [{ field: 'path-pattern' as const, values }])];
}

function pathPatterns({ path = '', pathType = 'ImplementationSpecific' }: IngressPath): string[] {
  if (pathType === 'ImplementationSpecific') return [path || '/*'];
  if (/[*?]/.test(path)) throw new PlanError(`path ${path} of type ${pathType} may not have wildcards`);
  if (pathType === 'Exact') return [path];
  const bare = path.replace(/\/$/, '');
  return bare ? [bare, `${bare}/*`] : ['/*'];
}

function actionFor(cluster: string, ingress: Ingress, backend: IngressBackend, findService: FindService, groups: Map<string, GroupPlan>): ActionPlan {
  const forward = (name: string, port: { name?: string; number?: number } | undefined) => {
    const group = groupPlan(cluster, ingress, name, port, findService);
    if (group) groups.set(group.name, group);
    return group?.name;
  };
  const name = backend.service?.name;
  if (name === undefined) throw new PlanError('backends other than services are not supported');
  if (backend.service?.port?.name === 'use-annotation') return customAction(annotations(ingress), name, forward) ?? NO_SERVICE;
  const group = forward(name, backend.service?.port);
  return group === undefined ? NO_SERVICE : { type: 'forward', groups: [{ name: group, weight: 1 }] };
}

/** Undefined where there is no such Service (yet). */
function groupPlan(cluster: string, ingress: Ingress, name: string, wanted: { name?: string; number?: number } | undefined, findService: FindService): GroupPlan | undefined {
  const { namespace = '' } = ingress.metadata;
  const service = findService(namespace, name);
  if (!service) return undefined;
  const port = service.spec.ports?.find((one) => (wanted?.name === undefined ? one.port === wanted?.number : one.name === wanted.name));
  if (!port) throw new PlanError(`service ${namespace}/${name} has no port ${wanted?.name ?? wanted?.number}`);
  const given = annotations(ingress, service);
  const targetType = given.oneOf('target-type', 'ip', 'instance') ?? 'instance';
  if (targetType === 'instance' && !port.nodePort) throw new PlanError(`service ${namespace}/${name} must be of type NodePort or LoadBalancer, which target type instance needs`);
  if ((given.text('backend-protocol') ?? 'HTTP') !== 'HTTP') throw new PlanError('backend protocols other than HTTP are not implemented by Gantry');
  const number = targetType === 'instance' ? port.nodePort! : typeof port.targetPort === 'number' ? port.targetPort : 1;
  return {
    // Ingresses that name the same port share its group, unless they see its health otherwise.
    name: resourceName(namespace, name, cluster, groupOf(ingress).name, ingress.metadata.name, name, port.port, number, targetType, 'HTTP'), targetType, protocol: 'HTTP', port: number,
    healthCheck: {
      protocol: given.oneOf('healthcheck-protocol', 'HTTP') ?? 'HTTP', port: given.text('healthcheck-port') ?? 'traffic-port', path: given.text('healthcheck-path') ?? '/', matcher: given.text('success-codes') ?? '200',
      intervalSeconds: given.number('healthcheck-interval-seconds') ?? 15, timeoutSeconds: given.number('healthcheck-timeout-seconds') ?? 5,
      healthyThreshold: given.number('healthy-threshold-count') ?? 2, unhealthyThreshold: given.number('unhealthy-threshold-count') ?? 2,
    },
    attributes: given.map('target-group-attributes'), backend: { namespace, service: name, port, localOnly: false },
  };
}
