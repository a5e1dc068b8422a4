import type { CreateTargetGroupInput, ModifyTargetGroupInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { invalid } from './errors.ts';
import type { HealthCheck } from './records.ts';

/** The defaults of a target group by its protocol and its check's, and the bounds, are CreateTargetGroup's page's. */
export function defaultHealthCheck(group: 'HTTP' | 'TCP', protocol: string = group): HealthCheck {
  const common = { enabled: true, port: 'traffic-port', intervalSeconds: 30, healthyThreshold: 5, unhealthyThreshold: 2 };
  if (group === 'HTTP') return { ...common, protocol: 'HTTP', timeoutSeconds: 5, path: '/', matcher: '200' };
  if (protocol === 'HTTP' || protocol === 'HTTPS') return { ...common, protocol, timeoutSeconds: protocol === 'HTTP' ? 6 : 10, path: '/', matcher: '200-399' };
  return { ...common, protocol: 'TCP', timeoutSeconds: 10, path: '', matcher: '' };
}

type Input = Pick<CreateTargetGroupInput & ModifyTargetGroupInput,
  'HealthCheckProtocol' | 'HealthCheckPort' | 'HealthCheckPath' | 'HealthCheckEnabled' | 'HealthCheckIntervalSeconds' | 'HealthCheckTimeoutSeconds' | 'HealthyThresholdCount' | 'UnhealthyThresholdCount' | 'Matcher'>;

export function healthCheckFrom(input: Input, current: HealthCheck, group: 'HTTP' | 'TCP'): HealthCheck {
  if (input.HealthCheckEnabled === false) throw invalid("Health check enabled must be true for target groups with target type 'instance' or 'ip'");
  const protocol = input.HealthCheckProtocol ?? current.protocol;
  if (protocol !== 'HTTP' && protocol !== 'HTTPS' && (protocol !== 'TCP' || group === 'HTTP')) throw invalid(`Health check protocol '${protocol}' must be one of '${group === 'HTTP' ? 'HTTP, HTTPS' : 'HTTP, HTTPS, TCP'}'`);
  if (protocol === 'TCP' && (input.HealthCheckPath || input.Matcher?.HttpCode)) throw invalid('You cannot specify a health check path or matcher for the health check protocol TCP');
  if (input.Matcher?.GrpcCode) throw invalid('You cannot specify a gRPC code for the protocol version HTTP1');
  const next: HealthCheck = {
    enabled: true,
    protocol,
    path: protocol === 'TCP' ? '' : input.HealthCheckPath || current.path || '/',
    port: input.HealthCheckPort ?? current.port,
    intervalSeconds: within('interval', input.HealthCheckIntervalSeconds ?? current.intervalSeconds, 5, 300),
    timeoutSeconds: within('timeout', input.HealthCheckTimeoutSeconds ?? current.timeoutSeconds, 2, 120),
    healthyThreshold: within('healthy threshold', input.HealthyThresholdCount ?? current.healthyThreshold, 2, 10),
    unhealthyThreshold: within('unhealthy threshold', input.UnhealthyThresholdCount ?? current.unhealthyThreshold, 2, 10),
    matcher: protocol === 'TCP' ? '' : input.Matcher?.HttpCode || current.matcher || '200-399',
  };
  if (next.timeoutSeconds > next.intervalSeconds) throw invalid(`Health check timeout '${next.timeoutSeconds}' must be smaller than or equal to the interval '${next.intervalSeconds}'`);
  if (protocol !== 'TCP' && !/^\/[\x21-\x7e]{0,1023}$/.test(next.path)) throw invalid(`Health check path '${next.path}' must begin with '/' and have at most 1024 characters`);
  if (next.port !== 'traffic-port' && !(/^\d{1,5}$/.test(next.port) && Number(next.port) >= 1 && Number(next.port) <= 65535)) throw invalid(`Health check port '${next.port}' must be 'traffic-port' or between '1' and '65535'`);
  if (protocol !== 'TCP' && !isMatcher(next.matcher)) throw invalid(`Health check matcher HTTP code '${next.matcher}' must be within '200-499'`);
  return next;
}

function within(what: string, value: number, low: number, high: number): number {
  if (value < low || value > high) throw invalid(`Health check ${what} '${value}' must be between '${low}' and '${high}'`);
  return value;
}

/** `200`, `200,202`, `200-299`; codes of 200 to 499. */
function isMatcher(matcher: string): boolean {
  return matcher.split(',').every((part) => {
    const [from = '', to = from, ...rest] = part.split('-');
    return rest.length === 0 && [from, to].every((code) => /^[234]\d\d$/.test(code)) && Number(from) <= Number(to);
  });
}
