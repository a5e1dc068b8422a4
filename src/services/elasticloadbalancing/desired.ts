import { isIPv4 } from 'node:net';
import type { BalancerAction, BalancerHeaders, BalancerListener, BalancerTargetGroup, DesiredBalancer } from '../../wire/host.ts';
import { attributeValue, balancerAttributes, groupAttributes } from './attributes.ts';
import { reachable } from './health.ts';
import { groupsUsedBy } from './lookups.ts';
import type { Action, Listener, LoadBalancer, Target, TargetGroup } from './records.ts';
import type { Place } from './resolve.ts';

/** `tcp.idle_timeout.seconds`' default. */
const TCP_IDLE_SECONDS = 350;
/** How long a client that says nothing is remembered; AWS names no time for `source_ip`. */
const SOURCE_ADDRESS_SECONDS = 3600;

/** A group with its targets and where they are. */
export interface GroupInUse {
  group: TargetGroup;
  targets: { target: Target; place: Place | undefined }[];
}

/** What the host is to run. Pure: the order of everything is fixed, so that equal wishes are equal records. */
export function desiredBalancer(balancer: LoadBalancer, interfaceIds: string[], own: Listener[], groups: Map<string, GroupInUse>): DesiredBalancer {
  const used = [...new Set(own.flatMap((listener) => [...groupsUsedBy(listener)]))].flatMap((arn) => groups.get(arn) ?? []);
  return {
    networkId: balancer.vpcId,
    interfaceIds,
    listeners: [...own].sort((a, b) => a.port - b.port).map((listener) => desiredListener(listener, groups)),
    targetGroups: Object.fromEntries(used.map((one) => [one.group.id, desiredGroup(one, balancer)])),
    idleTimeout: balancer.type === 'network' ? TCP_IDLE_SECONDS : Number(attributeValue(balancerAttributes(balancer), balancer.attributes, 'idle_timeout.timeout_seconds')),
    ...(balancer.type === 'application' ? desiredHeaders(balancer) : {}),
  };
}

function desiredHeaders(balancer: LoadBalancer): { headers?: BalancerHeaders } {
  const attribute = (key: string) => attributeValue(balancerAttributes(balancer), balancer.attributes, `routing.http.${key}`);
  const mode = attribute('xff_header_processing.mode');
  const headers: BalancerHeaders = {
    ...(attribute('drop_invalid_header_fields.enabled') === 'true' ? { dropInvalid: true } : {}),
    ...(mode === 'preserve' || mode === 'remove' ? { forwardedFor: mode } : {}),
    ...(attribute('xff_client_port.enabled') === 'true' ? { clientPort: true } : {}),
  };
  return Object.keys(headers).length ? { headers } : {};
}

function desiredListener(listener: Listener, groups: Map<string, GroupInUse>): BalancerListener {
  const action = ([only]: Action[]) => desiredAction(only!, groups);
  return {
    id: listener.arn.slice(listener.arn.lastIndexOf('/') + 1),
    port: listener.port,
    protocol: listener.protocol,
    rules: [
      ...listener.rules.map((rule) => ({ conditions: rule.conditions, action: action(rule.actions) })),
      { conditions: [], action: action(listener.defaultActions) },
    ],
  };
}

function desiredAction(action: Action, groups: Map<string, GroupInUse>): BalancerAction {
  switch (action.type) {
    case 'forward':
      return { type: 'forward', targetGroups: action.targetGroups.flatMap(({ arn, weight }) => (groups.has(arn) ? [{ id: groups.get(arn)!.group.id, weight }] : [])) };
    case 'fixed-response':
      return { type: 'fixed-response', statusCode: Number(action.statusCode), contentType: action.contentType ?? 'text/plain', body: action.body ?? '' };
    case 'redirect': {
      const { type, protocol, host, port, path, query } = action;
      return { type, protocol, host, port, path, query, statusCode: action.statusCode === 'HTTP_301' ? 301 : 302 };
    }
  }
}

function desiredGroup({ group, targets }: GroupInUse, balancer: LoadBalancer): BalancerTargetGroup {
  const attribute = (key: string) => attributeValue(groupAttributes(group), group.attributes, key);
  const { port, ...check } = group.healthCheck;
  const tcp = group.protocol === 'TCP';
  const sticky = attribute('stickiness.enabled') === 'true';
  const reached = targets.flatMap(({ target, place }) => {
    if (!place || place.state !== 'running' || !isIPv4(place.address) || !reachable(place, balancer)) return [];
    return [[`${place.address}:${target.port}`, { address: place.address, port: target.port, draining: target.drainingSince !== undefined }] as const];
  });
  return {
    protocol: group.protocol,
    algorithm: !tcp && attribute('load_balancing.algorithm.type') === 'least_outstanding_requests' ? 'least_outstanding_requests' : 'round_robin',
    healthCheck: { ...check, port: port === 'traffic-port' ? port : Number(port) },
    ...(sticky ? { stickinessSeconds: tcp ? SOURCE_ADDRESS_SECONDS : Number(attribute('stickiness.lb_cookie.duration_seconds')) } : {}),
    ...(tcp && attribute('proxy_protocol_v2.enabled') === 'true' ? { proxyProtocol: true as const } : {}),
    ...(tcp && attribute('deregistration_delay.connection_termination.enabled') === 'true' ? { connectionTermination: true as const } : {}),
    targets: Object.fromEntries(reached.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
