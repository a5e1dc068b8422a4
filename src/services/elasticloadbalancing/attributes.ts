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

export const BALANCER_ATTRIBUTES: Record<string, Attribute> = {
  'access_logs.s3.enabled': fixed('false'),
  'access_logs.s3.bucket': fixed(''),
  'access_logs.s3.prefix': fixed(''),
  'health_check_logs.s3.enabled': fixed('false'),
  'health_check_logs.s3.bucket': fixed(''),
  'health_check_logs.s3.prefix': fixed(''),
  'idle_timeout.timeout_seconds': { default: '60', accepts: between(1, 4000) },
  'deletion_protection.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'routing.http2.enabled': fixed('true'),
  'routing.http.drop_invalid_header_fields.enabled': fixed('false'),
  'routing.http.xff_client_port.enabled': fixed('false'),
  'routing.http.preserve_host_header.enabled': fixed('false'),
  'routing.http.xff_header_processing.mode': fixed('append'),
  'load_balancing.cross_zone.enabled': fixed('true'),
  'routing.http.desync_mitigation_mode': fixed('defensive'),
  'client_keep_alive.seconds': fixed('3600'),
  'waf.fail_open.enabled': fixed('false'),
  'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': fixed('false'),
  'zonal_shift.config.enabled': fixed('false'),
  'connection_logs.s3.enabled': fixed('false'),
  'connection_logs.s3.bucket': fixed(''),
  'connection_logs.s3.prefix': fixed(''),
};

const HEADERS_OF_RESPONSES = [
  'strict_transport_security', 'access_control_allow_origin', 'access_control_allow_methods', 'access_control_allow_headers', 'access_control_allow_credentials',
  'access_control_expose_headers', 'access_control_max_age', 'content_security_policy', 'x_content_type_options', 'x_frame_options',
];

/** Of a listener of an application load balancer that speaks HTTP. */
export const LISTENER_ATTRIBUTES: Record<string, Attribute> = {
  'routing.http.response.server.enabled': fixed('true'),
  ...Object.fromEntries(HEADERS_OF_RESPONSES.map((header) => [`routing.http.response.${header}.header_value`, fixed('')])),
};

export const GROUP_ATTRIBUTES: Record<string, Attribute> = {
  'stickiness.enabled': { default: 'false', accepts: oneOf('true', 'false') },
  'deregistration_delay.timeout_seconds': { default: '300', accepts: between(0, 3600) },
  'stickiness.type': fixed('lb_cookie'),
  'stickiness.lb_cookie.duration_seconds': { default: '86400', accepts: between(1, 604800) },
  'stickiness.app_cookie.cookie_name': fixed(''),
  'stickiness.app_cookie.duration_seconds': { default: '86400', accepts: between(1, 604800) },
  'slow_start.duration_seconds': fixed('0'),
  'load_balancing.algorithm.type': { default: 'round_robin', accepts: oneOf('round_robin', 'least_outstanding_requests') },
  'load_balancing.algorithm.anomaly_mitigation': fixed('off'),
  'load_balancing.cross_zone.enabled': { default: 'use_load_balancer_configuration', accepts: oneOf('use_load_balancer_configuration', 'true') },
  'target_group_health.dns_failover.minimum_healthy_targets.count': fixed('1'),
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': fixed('off'),
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': fixed('1'),
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': fixed('off'),
};

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
