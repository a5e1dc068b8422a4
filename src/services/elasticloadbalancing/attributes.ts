import { invalid, unsupported } from './errors.ts';

/**
 * Attributes with their defaults (LoadBalancerAttribute and TargetGroupAttribute of the API reference). `accepts` tells the values
 * that have an effect here; where there is none, only the default may be set, so that nothing is accepted and then not done.
 */
interface Attribute {
  default: string;
  accepts?(value: string): boolean;
}

const between = (low: number, high: number) => (value: string) => /^\d{1,9}$/.test(value) && Number(value) >= low && Number(value) <= high;
const oneOf = (...values: string[]) => (value: string) => values.includes(value);
const fixed = (value: string): Attribute => ({ default: value });

const APPLICATION: Record<string, Attribute> = {
  'access_logs.s3.enabled': fixed('false'),
  'access_logs.s3.bucket': fixed(''),
  'access_logs.s3.prefix': fixed(''),
  'health_check_logs.s3.enabled': fixed('false'),
  'health_check_logs.s3.bucket': fixed(''),
  'health_check_logs.s3.prefix': fixed(''),
  'idle_timeout.timeout_seconds': { default: '60', accepts: between(1, 4000) },
  'deletion_protection.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  // Nobody speaks HTTP/2 to an HTTP listener.
  'routing.http2.enabled': { default: 'true', accepts: oneOf('true', 'false') },
  'routing.http.drop_invalid_header_fields.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'routing.http.xff_client_port.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  // It is preserved either way.
  'routing.http.preserve_host_header.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'routing.http.xff_header_processing.mode': { default: 'append', accepts: oneOf('append', 'preserve', 'remove') },
  'load_balancing.cross_zone.enabled': fixed('true'),
  'routing.http.desync_mitigation_mode': fixed('defensive'),
  'client_keep_alive.seconds': fixed('3600'),
  // There is no WAF that could fail, and nobody who shifts a zone away.
  'waf.fail_open.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': fixed('false'),
  'zonal_shift.config.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'connection_logs.s3.enabled': fixed('false'),
  'connection_logs.s3.bucket': fixed(''),
  'connection_logs.s3.prefix': fixed(''),
};

const NETWORK: Record<string, Attribute> = {
  'access_logs.s3.enabled': fixed('false'),
  'access_logs.s3.bucket': fixed(''),
  'access_logs.s3.prefix': fixed(''),
  'deletion_protection.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  // One HAProxy serves all zones: either way targets of every zone get connections. It is taken because clients set it always.
  'load_balancing.cross_zone.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'dns_record.client_routing_policy': fixed('any_availability_zone'),
  'zonal_shift.config.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'secondary_ips.auto_assigned.per_subnet': fixed('0'),
};

export const balancerAttributes = ({ type }: { type: 'application' | 'network' }) => (type === 'network' ? NETWORK : APPLICATION);

const HEADERS_OF_RESPONSES = [
  'strict_transport_security', 'access_control_allow_origin', 'access_control_allow_methods', 'access_control_allow_headers', 'access_control_allow_credentials',
  'access_control_expose_headers', 'access_control_max_age', 'content_security_policy', 'x_content_type_options', 'x_frame_options',
];

const HTTP_LISTENER: Record<string, Attribute> = {
  'routing.http.response.server.enabled': fixed('true'),
  ...Object.fromEntries(HEADERS_OF_RESPONSES.map((header) => [`routing.http.response.${header}.header_value`, fixed('')])),
};

const TCP_LISTENER: Record<string, Attribute> = { 'tcp.idle_timeout.seconds': fixed('350') };

export const listenerAttributes = ({ protocol }: { protocol: 'HTTP' | 'TCP' }) => (protocol === 'TCP' ? TCP_LISTENER : HTTP_LISTENER);

const ALL_GROUPS: Record<string, Attribute> = {
  'deregistration_delay.timeout_seconds': { default: '300', accepts: between(0, 3600) },
  'load_balancing.cross_zone.enabled': { default: 'use_load_balancer_configuration', accepts: oneOf('use_load_balancer_configuration', 'true') },
  'target_group_health.dns_failover.minimum_healthy_targets.count': fixed('1'),
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': fixed('off'),
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': fixed('1'),
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': fixed('off'),
};

const HTTP_GROUP: Record<string, Attribute> = {
  ...ALL_GROUPS,
  'stickiness.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'stickiness.type': fixed('lb_cookie'),
  'stickiness.lb_cookie.duration_seconds': { default: '86400', accepts: between(1, 604800) },
  'stickiness.app_cookie.cookie_name': fixed(''),
  'stickiness.app_cookie.duration_seconds': { default: '86400', accepts: between(1, 604800) },
  'slow_start.duration_seconds': fixed('0'),
  'load_balancing.algorithm.type': { default: 'round_robin', accepts: oneOf('round_robin', 'least_outstanding_requests') },
  'load_balancing.algorithm.anomaly_mitigation': fixed('off'),
};

const TCP_GROUP: Record<string, Attribute> = {
  ...ALL_GROUPS,
  'deregistration_delay.connection_termination.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  // AWS's default is true for instances; here targets see the balancer's address.
  'preserve_client_ip.enabled': fixed('false'),
  'proxy_protocol_v2.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'stickiness.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'stickiness.type': fixed('source_ip'),
  'target_health_state.unhealthy.connection_termination.enabled': fixed('true'),
  'target_health_state.unhealthy.draining_interval_seconds': fixed('0'),
};

export const groupAttributes = ({ protocol }: { protocol: 'HTTP' | 'TCP' }) => (protocol === 'TCP' ? TCP_GROUP : HTTP_GROUP);

export function changedAttributes(what: 'Load balancer' | 'Listener' | 'Target group', known: Record<string, Attribute>, current: Record<string, string>, wanted: { Key?: string; Value?: string }[]): Record<string, string> {
  const next = { ...current };
  for (const { Key = '', Value = '' } of wanted) {
    const attribute = known[Key];
    if (!attribute) throw invalid(`${what} attribute key '${Key}' is not recognized`);
    if (Value !== attribute.default && !attribute.accepts) throw unsupported(`${what} attribute '${Key}' with the value '${Value}'`);
    if (attribute.accepts && !attribute.accepts(Value)) throw invalid(`'${Value}' is not a valid value for ${what.toLowerCase()} attribute '${Key}'`);
    next[Key] = Value;
  }
  return next;
}

export const attributeValue = (known: Record<string, Attribute>, current: Record<string, string>, key: string) => current[key] ?? known[key]!.default;

export function attributeList(known: Record<string, Attribute>, current: Record<string, string>): { Key: string; Value: string }[] {
  return Object.keys(known).map((Key) => ({ Key, Value: attributeValue(known, current, Key) }));
}
