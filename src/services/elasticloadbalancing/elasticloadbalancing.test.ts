import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CreateSecurityGroupCommand, DescribeNetworkInterfacesCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsCommand, CreateListenerCommand, CreateLoadBalancerCommand, CreateRuleCommand, CreateTargetGroupCommand, CreateTrustStoreCommand, DeleteListenerCommand,
  DeleteLoadBalancerCommand, DeleteRuleCommand, DeleteTargetGroupCommand, DeregisterTargetsCommand, DescribeLoadBalancersCommand, DescribeRulesCommand, DescribeTagsCommand,
  DescribeTargetGroupsCommand, DescribeTargetHealthCommand, ElasticLoadBalancingV2Client, ModifyListenerCommand, ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand, RegisterTargetsCommand, SetRulePrioritiesCommand, SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { refusal } from '../../../test/served.ts';

describe('application load balancers', () => {
  let gantry: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let elb: ElasticLoadBalancingV2Client;
  let ec2: EC2Client;
  let vpc: string;
  let subnets: string[];
  let group: string;
  before(async () => {
    gantry = await startInstallation();
    host = await startFakeHost(gantry.port, { memoryMiB: 4096, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    elb = new ElasticLoadBalancingV2Client(gantry.client);
    ec2 = new EC2Client(gantry.client);
    vpc = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs![0]!.VpcId!;
    subnets = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets!.map((subnet) => subnet.SubnetId!).sort();
    group = (await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId: vpc }))).GroupId!;
  });
  after(async () => {
    await host.close();
    await gantry.close();
  });

  const balancer = async (name: string, more: object = {}) => (await elb.send(new CreateLoadBalancerCommand({ Name: name, Subnets: subnets, SecurityGroups: [group], ...more }))).LoadBalancers![0]!;
  const targetGroup = async (name: string) => (await elb.send(new CreateTargetGroupCommand({ Name: name, Protocol: 'HTTP', Port: 80, VpcId: vpc, TargetType: 'ip' }))).TargetGroups![0]!.TargetGroupArn!;
  const notFound = { Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode: '404', ContentType: 'text/plain', MessageBody: 'nothing here' } };
  const listener = async (arn: string, port = 80) => (await elb.send(new CreateListenerCommand({ LoadBalancerArn: arn, Protocol: 'HTTP', Port: port, DefaultActions: [notFound] }))).Listeners![0]!.ListenerArn!;
  const forward = (arn: string) => [{ Type: 'forward' as const, TargetGroupArn: arn }];
  const rule = (arn: string, priority: number, to: string) => new CreateRuleCommand({ ListenerArn: arn, Priority: priority, Conditions: [{ Field: 'host-header', Values: [`h${priority}.example.com`] }], Actions: forward(to) });
  const idOf = (arn: string) => `lb-${arn.slice(arn.lastIndexOf('/') + 1)}`;
  const groupId = (arn: string) => arn.split('/').slice(1).join('-');
  const health = async (arn: string, targets?: { Id: string; Port?: number }[]) => (await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn, Targets: targets }))).TargetHealthDescriptions!
    .map(({ Target, TargetHealth }) => [`${Target!.Id}:${Target!.Port}`, TargetHealth!.State, TargetHealth!.Reason].filter(Boolean).join(' '));

  it('is given an interface a subnet, a name, and a host that says when it is active', async () => {
    const { LoadBalancerArn: arn = '', DNSName = '', State, AvailabilityZones } = await balancer('shop');
    assert.match(DNSName, /^shop-\d+\.us-east-1\.elb\.t\.internal$/);
    assert.equal(State?.Code, 'provisioning');
    assert.equal(AvailabilityZones?.length, 3);
    const wish = await eventually(() => host.get('balancer', idOf(arn)));
    assert.equal(wish!.interfaceIds.length, 3);
    assert.equal((await eventually(() => host.get('name', DNSName)))!.addresses.length, 3);
    const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: wish!.interfaceIds }));
    assert.ok(NetworkInterfaces!.every((one) => one.Description?.startsWith('ELB app/shop/') && one.Groups?.[0]?.GroupId === group));
    await host.observe([{ kind: 'balancer', id: idOf(arn), value: { state: 'active', health: {} } }]);
    assert.equal((await elb.send(new DescribeLoadBalancersCommand({ Names: ['shop'] }))).LoadBalancers![0]!.State!.Code, 'active');
    assert.equal((await balancer('shop')).LoadBalancerArn, arn);
    assert.match(await refusal(balancer('shop', { Scheme: 'internal' })), /^DuplicateLoadBalancerName: A load balancer with the same name 'shop' exists, but with different settings/);
    await elb.send(new SetSubnetsCommand({ LoadBalancerArn: arn, Subnets: subnets.slice(0, 2) }));
    await eventually(() => host.get('balancer', idOf(arn))?.interfaceIds.length, (count) => count === 2);
    await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: [{ Key: 'deletion_protection.enabled', Value: 'true' }] }));
    assert.match(await refusal(elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }))), /^OperationNotPermitted: Load balancer '.*' cannot be deleted because deletion protection is enabled$/);
    await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: [{ Key: 'deletion_protection.enabled', Value: 'false' }] }));
    await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
    await eventually(async () => (await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces!.length === 0 && !host.get('balancer', idOf(arn)) && !host.get('name', DNSName));
    assert.match(await refusal(elb.send(new DescribeLoadBalancersCommand({ Names: ['shop'] }))), /^LoadBalancerNotFound: One or more load balancers not found$/);
  });

  it('routes by rules in the order of their priorities', async () => {
    const { LoadBalancerArn: arn = '' } = await balancer('routes');
    const [one, two] = [await targetGroup('one'), await targetGroup('two')];
    const on = await listener(arn);
    assert.match(await refusal(listener(arn)), /^DuplicateListener: A listener already exists on this port for this load balancer/);
    const { Rules: [first] = [] } = await elb.send(rule(on, 20, one));
    const { Rules: [second] = [] } = await elb.send(rule(on, 10, two));
    assert.match(await refusal(elb.send(rule(on, 10, one))), /^PriorityInUse: Priority '10' is currently in use$/);
    assert.match(await refusal(elb.send(rule(on, 30, `${one}0`))), /^TargetGroupNotFound: Target groups '.*' not found$/);
    const hostRules = () => host.get('balancer', idOf(arn))?.listeners[0]?.rules.map(({ action, conditions: [condition] }) => `${JSON.stringify(condition?.values)} ${action.type}`);
    await eventually(hostRules, (rules) => JSON.stringify(rules) === JSON.stringify(['["h10.example.com"] forward', '["h20.example.com"] forward', 'undefined fixed-response']));
    await elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: first!.RuleArn, Priority: 10 }, { RuleArn: second!.RuleArn, Priority: 20 }] }));
    const { Rules } = await elb.send(new DescribeRulesCommand({ ListenerArn: on }));
    assert.deepEqual(Rules!.map(({ Priority, RuleArn }) => [Priority, RuleArn]), [['10', first!.RuleArn], ['20', second!.RuleArn], ['default', Rules![2]!.RuleArn]]);
    assert.match(await refusal(elb.send(new DeleteRuleCommand({ RuleArn: Rules![2]!.RuleArn }))), /^OperationNotPermitted: Default rule/);
    await elb.send(new ModifyListenerCommand({ ListenerArn: on, Port: 8080 }));
    await eventually(() => host.get('balancer', idOf(arn))?.listeners[0]?.port, (port) => port === 8080);
    assert.match(await refusal(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: one }))), /^ResourceInUse: Target group '.*' is currently in use by a listener or a rule$/);
    const other = (await balancer('beside')).LoadBalancerArn!;
    assert.match(await refusal(elb.send(rule(await listener(other), 1, one))), /^TargetGroupAssociationLimit: The following target groups cannot be associated with more than one load balancer: /);
    assert.deepEqual((await elb.send(new DescribeTargetGroupsCommand({ LoadBalancerArn: arn }))).TargetGroups!.map((found) => found.TargetGroupName), ['one', 'two']);
    await elb.send(new AddTagsCommand({ ResourceArns: [first!.RuleArn!, one], Tags: [{ Key: 'a', Value: 'b' }] }));
    const { TagDescriptions } = await elb.send(new DescribeTagsCommand({ ResourceArns: [first!.RuleArn!, one, two] }));
    assert.deepEqual(TagDescriptions!.map((found) => found.Tags), [[{ Key: 'a', Value: 'b' }], [{ Key: 'a', Value: 'b' }], []]);
    await elb.send(new DeleteListenerCommand({ ListenerArn: on }));
    await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: one }));
  });

  it('tells the health of targets, and drains those that leave', async () => {
    const arn = (await balancer('drain')).LoadBalancerArn!;
    const web = await targetGroup('web');
    const [early, late] = [{ Id: '172.31.0.9', Port: 8080 }, { Id: '172.31.0.10' }];
    await elb.send(new RegisterTargetsCommand({ TargetGroupArn: web, Targets: [early, late] }));
    assert.deepEqual(await health(web), ['172.31.0.10:80 unused Target.NotInUse', '172.31.0.9:8080 unused Target.NotInUse']);
    await elb.send(rule(await listener(arn), 1, web));
    assert.deepEqual(await health(web, [early]), ['172.31.0.9:8080 initial Elb.RegistrationInProgress']);
    const wished = () => host.get('balancer', idOf(arn))?.targetGroups[groupId(web)]?.targets;
    await eventually(wished, (targets) => Object.keys(targets ?? {}).length === 2);
    const healthy = { state: 'healthy' as const, activeConnections: 1 };
    const see = (first: object) => host.observe([{ kind: 'balancer', id: idOf(arn), value: { state: 'active', health: { [groupId(web)]: { '172.31.0.9:8080': { ...healthy, ...first }, '172.31.0.10:80': healthy } } } }]);
    await see({});
    assert.deepEqual(await health(web), ['172.31.0.10:80 healthy', '172.31.0.9:8080 healthy']);
    await elb.send(new DeregisterTargetsCommand({ TargetGroupArn: web, Targets: [early] }));
    assert.deepEqual(await health(web, [early]), ['172.31.0.9:8080 draining Target.DeregistrationInProgress']);
    await eventually(wished, (targets) => targets?.['172.31.0.9:8080']?.draining === true);
    await see({ state: 'draining', activeConnections: 0 });
    await eventually(() => health(web, [early]), ([state]) => state === '172.31.0.9:8080 unused Target.NotRegistered');
    await eventually(wished, (targets) => Object.keys(targets ?? {}).join() === '172.31.0.10:80');
    await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: web, Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '1' }] }));
    await elb.send(new DeregisterTargetsCommand({ TargetGroupArn: web, Targets: [late] }));
    await eventually(() => health(web), (states) => states.length === 0);
  });

  it('says what it does not do', async () => {
    assert.match(await refusal(balancer('n', { Type: 'gateway', SecurityGroups: undefined })), /^InvalidConfigurationRequest: The load balancer type 'gateway' is not implemented in Gantry$/);
    assert.match(await refusal(balancer('one', { Subnets: subnets.slice(0, 1) })), /^ValidationError: At least two subnets in two different Availability Zones must be specified$/);
    assert.match(await refusal(balancer('nowhere', { Subnets: ['subnet-1', 'subnet-2'] })), /^SubnetNotFound: The subnet ID 'subnet-1' does not exist$/);
    assert.match(await refusal(balancer('-a')), /^ValidationError: The load balancer name '-a' cannot begin or end with a hyphen/);
    assert.match(await refusal(elb.send(new CreateTrustStoreCommand({ Name: 'a', CaCertificatesBundleS3Bucket: 'b', CaCertificatesBundleS3Key: 'c' }))), /^NotImplemented/);
  });
});
