import assert from 'node:assert/strict';
import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { after, before, describe, it } from 'node:test';
import { run } from '../src/engines/command.ts';
import { get } from './fixtures/http.ts';
import { balancer, defaultNetwork, openGroup, targetGroup, terminate } from './fixtures/network.ts';
import { ask, launchProbe, listening, PROBE_PORT, type Probe } from './fixtures/probe.ts';
import { clients, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { elb, ec2 } = clients;

/** Requests go where the rules say, and to nothing that is not healthy. The targets are one instance's ports 8081 and 8082. */
describe('an application load balancer', { timeout: 3_600_000 }, () => {
  const name = unique('rules');
  let probe: Probe | undefined;
  let group = '';
  let one = { arn: '', listener: '', dns: '' };
  let targets: string[] = [];
  const url = (path = '/') => `http://${one.dns}${path}`;
  const portOf = async (path: string, how: Parameters<typeof get>[1] = {}) => (JSON.parse((await get(url(path), how)).body) as { port: number }).port;

  before(async () => {
    const { vpcId, subnets } = await defaultNetwork(clients);
    group = await openGroup(clients, vpcId, name, [80, PROBE_PORT, 8081, 8082]);
    one = await balancer(clients, name, subnets.map(({ id }) => id), group);
    targets = await Promise.all(['a', 'b'].map((letter) => targetGroup(clients, unique(`rules-${letter}`), vpcId, 'instance', '/')));
    probe = await launchProbe(clients, { SubnetId: subnets[0]?.id, SecurityGroupIds: [group] });
    for (const [i, TargetGroupArn] of targets.entries()) await elb.registerTargets({ TargetGroupArn, Targets: [{ Id: probe.id, Port: 8081 + i }] });
    await addRule(100, [{ Field: 'path-pattern', Values: ['/a/*'] }], 0);
    await addRule(101, [{ Field: 'path-pattern', Values: ['/b/*'] }], 1);
    await listening(probe.publicAddress);
    await until('both groups answer', 30, async () => (await portOf('/a/')) === 8081 && (await portOf('/b/')) === 8082);
  });

  after(async () => {
    await elb.deleteLoadBalancer({ LoadBalancerArn: one.arn });
    for (const TargetGroupArn of targets) await elb.deleteTargetGroup({ TargetGroupArn });
    if (probe) await terminate(clients, [probe.id]);
    await until('the security group is free', 60, async () => (await ec2.deleteSecurityGroup({ GroupId: group })).$metadata);
    assert.ok(!(await run(['cat', '/etc/hosts'])).stdout.includes(one.dns));
  });

  async function addRule(Priority: number, Conditions: RuleCondition[], target: number): Promise<string> {
    const { Rules = [] } = await elb.createRule({ ListenerArn: one.listener, Priority, Conditions, Actions: [{ Type: 'forward', TargetGroupArn: targets[target] }] });
    return Rules[0]?.RuleArn ?? '';
  }

  it('answers by the default action where no rule holds', async () => {
    const { status, body, headers } = await get(url('/none'));
    assert.deepEqual([status, body, headers['content-type']], [404, 'nothing here', 'text/plain']);
  });

  it('routes by host, header, method, query string and source address', async () => {
    const conditions: [RuleCondition, string, Parameters<typeof get>[1]][] = [
      [{ Field: 'host-header', Values: ['*.shop.example.com'] }, '/', { host: 'www.shop.example.com' }],
      [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Version', Values: ['beta*'] } }, '/', { headers: { 'x-version': 'beta-2' } }],
      [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'lang', Value: 'd?' }] } }, '/?x=1&lang=de', {}],
    ];
    for (const [i, [condition, path, how]] of conditions.entries()) {
      const RuleArn = await addRule(10 + i, [condition], 1);
      assert.equal(await until('the rule holds', 20, () => portOf(path, how)), 8082, JSON.stringify(condition));
      assert.equal((await get(url('/none'))).status, 404);
      await elb.deleteRule({ RuleArn });
    }
    const hidden = await addRule(20, [{ Field: 'source-ip', SourceIpConfig: { Values: ['203.0.113.0/24'] } }], 1);
    const posted = await addRule(21, [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['POST'] } }], 1);
    const post = () => ask(probe?.publicAddress ?? '', { url: url('/'), method: 'POST' });
    await until('POST is routed', 20, async () => holds(await post(), ({ status }) => status === 200));
    assert.equal((await get(url('/'))).status, 404);
    for (const RuleArn of [hidden, posted]) await elb.deleteRule({ RuleArn });
  });

  it('takes the first rule by priority, and another order as soon as it is set', async () => {
    const low = await addRule(50, [{ Field: 'path-pattern', Values: ['/order'] }], 0);
    const high = await addRule(60, [{ Field: 'path-pattern', Values: ['/order'] }], 1);
    await until('the lower number wins', 20, async () => holds(await portOf('/order'), (port) => port === 8081));
    await elb.setRulePriorities({ RulePriorities: [{ RuleArn: low, Priority: 70 }] });
    await until('now the other', 20, async () => holds(await portOf('/order'), (port) => port === 8082));
    for (const RuleArn of [low, high]) await elb.deleteRule({ RuleArn });
  });

  it('redirects, and shares requests by weight', async () => {
    await elb.createRule({
      ListenerArn: one.listener, Priority: 30, Conditions: [{ Field: 'path-pattern', Values: ['/old/*'] }],
      Actions: [{ Type: 'redirect', RedirectConfig: { Host: 'new.example.com', Path: '/new/#{path}', StatusCode: 'HTTP_301' } }],
    });
    await elb.createRule({
      ListenerArn: one.listener, Priority: 31, Conditions: [{ Field: 'path-pattern', Values: ['/split'] }],
      Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: targets.map((TargetGroupArn, i) => ({ TargetGroupArn, Weight: [3, 1][i] })) } }],
    });
    const moved = await until('the redirect', 20, async () => holds(await get(url('/old/x?y=1')), ({ status }) => status === 301));
    assert.equal(moved.headers.location, 'http://new.example.com:80/new/old/x?y=1');
    const ports = await until('the split', 20, () => Promise.all(Array.from({ length: 80 }, () => portOf('/split'))));
    const first = ports.filter((port) => port === 8081).length;
    assert.ok(first > 30 && first < 80, `${first} of 80`);
  });

  it('tells targets who asked', async () => {
    const { headers } = JSON.parse((await get(url('/a/'), { headers: { 'x-forwarded-for': '198.51.100.7' } })).body) as { headers: Record<string, string> };
    assert.match(headers['x-forwarded-for'] ?? '', /^198\.51\.100\.7, ?\d+\.\d+\.\d+\.\d+$/);
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['x-forwarded-port'], '80');
    assert.match(headers['x-amzn-trace-id'] ?? '', /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  });

  it('has a name that resolves in the VPC too, and is reached from there', async () => {
    const at = probe?.publicAddress ?? '';
    const { body } = await ask(at, { name: one.dns });
    assert.equal((JSON.parse(body) as string[]).length, 3);
    assert.equal((await ask(at, { url: url('/a/') })).status, 200);
  });

  it('sends nothing to what fails its health check, and says why it is unhealthy', async () => {
    const TargetGroupArn = targets[0];
    await elb.modifyTargetGroup({ TargetGroupArn, Matcher: { HttpCode: '418' }, UnhealthyThresholdCount: 2 });
    const { TargetHealth } = await until('the target is unhealthy', 60, async () => {
      const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn });
      return holds(TargetHealthDescriptions[0], (found) => found?.TargetHealth?.State === 'unhealthy' && found.TargetHealth.Reason === 'Target.ResponseCodeMismatch');
    });
    assert.deepEqual([TargetHealth?.Reason, TargetHealth?.Description], ['Target.ResponseCodeMismatch', 'Health checks failed with these codes: [200]']);
    // One healthy target beside it gets everything; a group without one is asked nevertheless ("fail open").
    await elb.registerTargets({ TargetGroupArn, Targets: [{ Id: probe?.id, Port: 8082 }] });
    await elb.modifyTargetGroup({ TargetGroupArn, Matcher: { HttpCode: '200' } });
    await until('both are healthy', 60, async () => {
      const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn });
      return holds(TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State), (states) => states.length === 2 && states.every((state) => state === 'healthy'));
    });
    await until('both are asked', 20, async () => holds(new Set(await Promise.all(Array.from({ length: 10 }, () => portOf('/a/')))), (ports) => ports.size === 2));
    await elb.deregisterTargets({ TargetGroupArn, Targets: [{ Id: probe?.id, Port: 8081 }] });
    await until('the one that left is not asked', 20, async () => holds(new Set(await Promise.all(Array.from({ length: 10 }, () => portOf('/a/')))), (ports) => ports.size === 1 && ports.has(8082)));
  });

  it('is closed where its security group is, and shares port 80 with no other', async () => {
    const { vpcId, subnets } = await defaultNetwork(clients);
    const closed = await openGroup(clients, vpcId, unique('closed'), []);
    const other = await balancer(clients, unique('other'), subnets.slice(0, 2).map(({ id }) => id), closed);
    const reached = () => get(`http://${other.dns}/`, { timeoutMs: 1_000 });
    await until('its name is known', 30, async () => (await run(['getent', 'ahostsv4', other.dns])).stdout);
    await assert.rejects(reached());
    await ec2.authorizeSecurityGroupIngress({ GroupId: closed, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] });
    assert.equal((await until('it answers', 30, reached)).status, 404);
    assert.equal((await get(url('/a/'))).status, 200);
    await elb.deleteLoadBalancer({ LoadBalancerArn: other.arn });
    await until('its name is forgotten', 30, () => run(['getent', 'ahostsv4', other.dns]).then(() => false, () => true));
    await until('its security group is free', 60, async () => (await ec2.deleteSecurityGroup({ GroupId: closed })).$metadata);
  });
});
