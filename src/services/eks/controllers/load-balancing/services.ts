import type { KubeService, ServicePort } from '../../../../kube/types.ts';
import { annotationsOf } from './annotations.ts';
import type { Annotations } from './annotations.ts';
import { PlanError, resourceName } from './plan.ts';
import type { BalancerPlan, GroupPlan, HealthCheckPlan } from './plan.ts';

/** Services of type LoadBalancer, by the annotations of https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/. */

const PREFIX = 'service.beta.kubernetes.io/aws-load-balancer-';
const CLASSES = ['service.k8s.aws/nlb', 'eks.amazonaws.com/nlb'];
/**
 * The Load Balancer Controller's own default is `internal`, and a setting of the controller (--default-load-balancer-scheme). Gantry's is
 * this one: an installation's public addresses are the user's own machine's, and a balancer that this machine cannot reach helps nobody.
 */
export const DEFAULT_SCHEME = 'internet-facing';

/** A class of another controller is that one's business. */
export function isOurs({ spec, metadata }: KubeService): boolean {
  return metadata.deletionTimestamp === undefined && spec.type === 'LoadBalancer' && (spec.loadBalancerClass === undefined || CLASSES.includes(spec.loadBalancerClass));
}

export function planService(cluster: string, service: KubeService): BalancerPlan {
  const { metadata: { namespace = '', name, uid = '' }, spec } = service;
  const given = annotationsOf(PREFIX, service.metadata);
  const scheme = schemeOf(given);
  const ports = spec.ports ?? [];
  const udp = ports.find(({ protocol }) => protocol !== undefined && protocol !== 'TCP');
  if (udp) throw new PlanError(`listeners of protocol ${udp.protocol} are not implemented by Gantry`);
  const groups = new Map(ports.map((port) => [port.port, groupPlan(cluster, service, port, given)]));
  return {
    name: given.text('name') ?? resourceName(namespace, name, cluster, uid, scheme), type: 'network', scheme,
    ...(given.list('subnets') ? { subnetIds: given.list('subnets')! } : {}), ...(given.list('security-groups') ? { securityGroupIds: given.list('security-groups')! } : {}),
    inboundCidrs: spec.loadBalancerSourceRanges ?? given.list('source-ranges') ?? ['0.0.0.0/0'], attributes: given.map('attributes'), tags: given.map('additional-resource-tags'),
    listeners: ports.map(({ port }) => ({ port, protocol: 'TCP', rules: [], defaultAction: { type: 'forward', groups: [{ name: groups.get(port)!.name, weight: 1 }] } })),
    groups: [...groups.values()],
  };
}

function schemeOf(given: Annotations): BalancerPlan['scheme'] {
  const legacy = given.text('internal');
  return given.oneOf('scheme', 'internet-facing', 'internal') ?? (legacy === undefined ? DEFAULT_SCHEME : legacy === 'true' || legacy === '0.0.0.0/0' ? 'internal' : 'internet-facing');
}

/** `nlb-ip` says it with the type; a Service without annotations goes by its node ports. */
function targetTypeOf(given: Annotations): GroupPlan['targetType'] {
  return given.oneOf('nlb-target-type', 'ip', 'instance') ?? (given.text('type') === 'nlb-ip' ? 'ip' : 'instance');
}

function groupPlan(cluster: string, { metadata, spec }: KubeService, port: ServicePort, given: Annotations): GroupPlan {
  const { namespace = '', name, uid } = metadata;
  const targetType = targetTypeOf(given);
  if (targetType === 'instance' && !port.nodePort) throw new PlanError(`port ${port.port} has no node port, which target type instance needs`);
  const healthCheck = healthCheckOf(given, targetType === 'instance' && spec.externalTrafficPolicy === 'Local' ? spec.healthCheckNodePort : undefined);
  const number = targetType === 'instance' ? port.nodePort! : typeof port.targetPort === 'number' ? port.targetPort : 1;
  const proxied: Record<string, string> = given.text('proxy-protocol') === '*' ? { 'proxy_protocol_v2.enabled': 'true' } : {};
  return {
    name: resourceName(namespace, name, cluster, uid, port.port, number, targetType, 'TCP', healthCheck.protocol), targetType, protocol: 'TCP', port: number, healthCheck,
    attributes: { ...proxied, ...given.map('target-group-attributes') },
    backend: { namespace, service: name, port, localOnly: spec.externalTrafficPolicy === 'Local' },
  };
}

function healthCheckOf(given: Annotations, localPort: number | undefined): HealthCheckPlan {
  const protocol = (given.text('healthcheck-protocol')?.toUpperCase() ?? (localPort === undefined ? 'TCP' : 'HTTP')) as HealthCheckPlan['protocol'];
  if (!['TCP', 'HTTP', 'HTTPS'].includes(protocol)) throw new PlanError(`invalid value of annotation ${PREFIX}healthcheck-protocol: ${protocol}`);
  const path = given.text('healthcheck-path') ?? (localPort === undefined ? '/' : '/healthz');
  return {
    protocol, port: given.text('healthcheck-port') ?? (localPort === undefined ? 'traffic-port' : String(localPort)),
    ...(protocol === 'TCP' ? {} : { path, matcher: given.text('healthcheck-success-codes') ?? '200-399' }),
    intervalSeconds: given.number('healthcheck-interval') ?? 10, timeoutSeconds: given.number('healthcheck-timeout') ?? (protocol === 'HTTP' ? 6 : 10),
    healthyThreshold: given.number('healthcheck-healthy-threshold') ?? 3, unhealthyThreshold: given.number('healthcheck-unhealthy-threshold') ?? 3,
  };
}
