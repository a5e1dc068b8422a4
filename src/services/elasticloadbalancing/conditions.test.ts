import assert from 'node:assert/strict';
import { it } from 'node:test';
import { actionsFrom } from './actions.ts';
import { conditionAnswer, conditionsFrom } from './conditions.ts';
import { defaultHealthCheck, healthCheckFrom } from './health-checks.ts';

const refused = (run: () => unknown, code: string, words: RegExp) => assert.throws(run, { code, message: words });

it('takes conditions in their short and in their long form, and answers both', () => {
  const [host, path] = conditionsFrom([{ Field: 'host-header', Values: ['*.example.com'] }, { Field: 'path-pattern', PathPatternConfig: { Values: ['/img/*', '/a?c'] } }]);
  assert.deepEqual(host, { field: 'host-header', values: ['*.example.com'] });
  assert.deepEqual(conditionAnswer(path!), { Field: 'path-pattern', Values: ['/img/*', '/a?c'], PathPatternConfig: { Values: ['/img/*', '/a?c'] } });
});

it('takes headers, queries, methods and source addresses', () => {
  const conditions = conditionsFrom([
    { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'User-Agent', Values: ['*Chrome*'] } },
    { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'v', Value: '1' }, { Value: 'beta' }] } },
    { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET'] } },
    { Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } },
  ]);
  assert.deepEqual(conditions[1], { field: 'query-string', values: [{ key: 'v', value: '1' }, { value: 'beta' }] });
  assert.equal(conditions.length, 4);
});

it('refuses conditions that ELB refuses', () => {
  refused(() => conditionsFrom([{ Field: 'colour', Values: ['x'] }]), 'ValidationError', /Condition field 'colour' must be one of/);
  refused(() => conditionsFrom([{ Field: 'host-header', Values: [] }]), 'ValidationError', /A condition value must be specified/);
  refused(() => conditionsFrom([{ Field: 'path-pattern', Values: ['/a b'] }]), 'ValidationError', /not valid/);
  refused(() => conditionsFrom([{ Field: 'path-pattern', Values: ['1', '2', '3', '4', '5', '6'] }]), 'ValidationError', /only have '5' condition values/);
  refused(() => conditionsFrom([{ Field: 'path-pattern', Values: ['/*a*b*c*d*e*f*'] }]), 'ValidationError', /only have '6' condition wildcards/);
  refused(() => conditionsFrom([{ Field: 'host-header', Values: ['a'] }, { Field: 'host-header', Values: ['b'] }]), 'ValidationError', /one 'host-header'/);
  refused(() => conditionsFrom([{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.300/8'] } }]), 'ValidationError', /CIDR/);
  refused(() => conditionsFrom([{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'Host', Values: ['x'] } }]), 'ValidationError', /header name/);
  refused(() => conditionsFrom([{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/a'] } }]), 'InvalidConfigurationRequest', /not implemented in Gantry/);
});

it('refuses actions that ELB refuses, and fills in what a redirect leaves out', () => {
  assert.deepEqual(actionsFrom([{ Type: 'redirect', RedirectConfig: { Port: '8080', StatusCode: 'HTTP_301' } }]), [
    { type: 'redirect', protocol: '#{protocol}', host: '#{host}', port: '8080', path: '/#{path}', query: '#{query}', statusCode: 'HTTP_301' },
  ]);
  refused(() => actionsFrom([{ Type: 'redirect', RedirectConfig: { Query: 'a=b', StatusCode: 'HTTP_302' } }]), 'InvalidLoadBalancerAction', /creates a loop/);
  refused(() => actionsFrom([{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '302' } }]), 'ValidationError', /status code/);
  refused(() => actionsFrom([{ Type: 'forward' }]), 'ValidationError', /target group ARN must be specified/);
  refused(() => actionsFrom([]), 'ValidationError', /An action must be specified/);
});

it('keeps health checks within bounds', () => {
  assert.equal(healthCheckFrom({ Matcher: { HttpCode: '200-299,301' } }, defaultHealthCheck('HTTP'), 'HTTP').matcher, '200-299,301');
  refused(() => healthCheckFrom({ HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 6 }, defaultHealthCheck('HTTP'), 'HTTP'), 'ValidationError', /must be smaller than or equal to the interval/);
  refused(() => healthCheckFrom({ HealthyThresholdCount: 1 }, defaultHealthCheck('HTTP'), 'HTTP'), 'ValidationError', /between '2' and '10'/);
  refused(() => healthCheckFrom({ Matcher: { HttpCode: '299-200' } }, defaultHealthCheck('HTTP'), 'HTTP'), 'ValidationError', /within '200-499'/);
});
