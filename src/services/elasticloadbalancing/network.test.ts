import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CreateSecurityGroupCommand, DescribeNetworkInterfacesCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand, CreateLoadBalancerCommand, CreateRuleCommand, CreateTargetGroupCommand, DeleteLoadBalancerCommand, DescribeListenerAttributesCommand,
  DescribeLoadBalancerAttributesCommand, DescribeLoadBalancersCommand, DescribeTargetGroupAttributesCommand, DescribeTargetHealthCommand, ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand, ModifyTargetGroupAttributesCommand, ModifyTargetGroupCommand, RegisterTargetsCommand, SetSecurityGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateLoadBalancerCommandInput, CreateTargetGroupCommandInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { refusal } from '../../../test/served.ts';

describe('network load balancers', () => {
  let gantry: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let elb: ElasticLoadBalancingV2Client;
  let ec2: EC2Client;
  let vpc: string;
  let subnets: string[];
  before(async () => {
    gantry = await startInstallation();
    host = await startFakeHost(gantry.port, { memoryMiB: 4096, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    elb = new ElasticLoadBalancingV2Client(gantry.client);
    ec2 = new EC2Client(gantry.client);
    const found = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets!;
    vpc = found[0]!.VpcId!;
    subnets = found.sort((a, b) => (a.CidrBlock! < b.CidrBlock! ? -1 : 1)).map((subnet) => subnet.SubnetId!);
  });
  after(async () => {
    await host.close();
    await gantry.close();
  });

  const balancer = async (name: string, more: Partial<CreateLoadBalancerCommandInput> = {}) =>
    (await elb.send(new CreateLoadBalancerCommand({ Name: name, Type: 'network', Subnets: subnets, ...more }))).LoadBalancers![0]!;
  const targetGroup = async (name: string, more: Partial<CreateTargetGroupCommandInput> = {}) =>
    (await elb.send(new CreateTargetGroupCommand({ Name: name, Protocol: 'TCP', Port: 443, VpcId: vpc, TargetType: 'ip', ...more }))).TargetGroups![0]!;
  const forward = (arn: string | undefined) => [{ Type: 'forward' as const, TargetGroupArn: arn }];
  const listener = (arn: string | undefined, actions: object[], more: object = {}) => elb.send(new CreateListenerCommand({ LoadBalancerArn: arn, Protocol: 'TCP', Port: 443, DefaultActions: actions as never, ...more }));
  const idOf = (arn: string) => `lb-${arn.slice(arn.lastIndexOf('/') + 1)}`;
  const values = (attributes: { Key?: string; Value?: string }[] | undefined) => Object.fromEntries((attributes ?? []).map(({ Key, Value }) => [Key, Value]));

  it('is one without security groups, whose interfaces let everything in, and forwards TCP', async () => {
    const made = await balancer('edge');
    const arn = made.LoadBalancerArn!;
    assert.match(arn, /:loadbalancer\/net\/edge\/[0-9a-f]{16}$/);
    assert.match(made.DNSName!, /^edge-[0-9a-f]{16}\.elb\.us-east-1\.t\.internal$/);
    assert.deepEqual([made.Type, made.SecurityGroups, made.CanonicalHostedZoneId, made.AvailabilityZones?.length], ['network', undefined, 'Z26RNL4JYFTOTI', 3]);
    const group = await targetGroup('api', { HealthCheckProtocol: 'HTTPS', HealthCheckPath: '/readyz' });
    assert.deepEqual([group.Protocol, group.ProtocolVersion, group.HealthCheckProtocol, group.HealthCheckPath, group.HealthCheckTimeoutSeconds, group.Matcher?.HttpCode], ['TCP', undefined, 'HTTPS', '/readyz', 10, '200-399']);
    const { Listeners: [on] = [] } = await listener(arn, forward(group.TargetGroupArn));
    assert.match(on!.ListenerArn!, /:listener\/net\/edge\/[0-9a-f]{16}\/[0-9a-f]{16}$/);
    await elb.send(new RegisterTargetsCommand({ TargetGroupArn: group.TargetGroupArn, Targets: [{ Id: '172.31.0.9', Port: 6443 }] }));
    const groupId = group.TargetGroupArn!.split('/').slice(1).join('-');
    const wish = await eventually(() => host.get('balancer', idOf(arn)), (found) => Object.keys(found?.targetGroups[groupId]?.targets ?? {}).length === 1);
    assert.deepEqual(wish!.listeners.map(({ protocol, port, rules }) => [protocol, port, rules]), [['TCP', 443, [{ conditions: [], action: { type: 'forward', targetGroups: [{ id: groupId, weight: 1 }] } }]]]);
    assert.deepEqual([wish!.idleTimeout, wish!.targetGroups[groupId]!.protocol, wish!.targetGroups[groupId]!.healthCheck.protocol], [350, 'TCP', 'HTTPS']);
    const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: wish!.interfaceIds }));
    assert.ok(NetworkInterfaces!.every((one) => one.InterfaceType === 'network_load_balancer' && one.Description?.startsWith('ELB net/edge/') && one.Groups?.length === 0 && one.Association?.PublicIp));
    assert.equal((await eventually(() => host.get('interface', wish!.interfaceIds[0]!)))?.unfiltered, true);
    await host.observe([{ kind: 'balancer', id: idOf(arn), value: { state: 'active', health: { [groupId]: { '172.31.0.9:6443': { state: 'healthy', activeConnections: 0 } } } } }]);
    assert.equal((await elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }))).LoadBalancers![0]!.State!.Code, 'active');
    assert.equal((await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: group.TargetGroupArn }))).TargetHealthDescriptions![0]!.TargetHealth!.State, 'healthy');
    assert.deepEqual((await elb.send(new DescribeListenerAttributesCommand({ ListenerArn: on!.ListenerArn }))).Attributes, [{ Key: 'tcp.idle_timeout.seconds', Value: '350' }]);

    await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group.TargetGroupArn, Attributes: [{ Key: 'proxy_protocol_v2.enabled', Value: 'true' }, { Key: 'stickiness.enabled', Value: 'true' }, { Key: 'deregistration_delay.connection_termination.enabled', Value: 'true' }] }));
    await eventually(() => host.get('balancer', idOf(arn))?.targetGroups[groupId], (found) => found?.proxyProtocol === true && found.stickinessSeconds === 3600 && found.connectionTermination === true);
    const attributes = values((await elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: group.TargetGroupArn }))).Attributes);
    assert.deepEqual([attributes['stickiness.type'], attributes['preserve_client_ip.enabled']], ['source_ip', 'false']);
    assert.match(await refusal(elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group.TargetGroupArn, Attributes: [{ Key: 'preserve_client_ip.enabled', Value: 'true' }] }))), /^InvalidConfigurationRequest: .*not implemented in Gantry$/);
    await elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }] }));
    assert.equal(values((await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }))).Attributes)['load_balancing.cross_zone.enabled'], 'true');
    assert.match(await refusal(elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '60' }] }))), /^ValidationError: Load balancer attribute key 'idle_timeout.timeout_seconds' is not recognized$/);
    await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
    await eventually(() => host.list('balancer').length + host.list('interface').length, (count) => count === 0);
  });

  it('may have groups, one subnet, and an address of its own choice', async () => {
    const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'nlb', Description: 'nlb', VpcId: vpc }));
    const made = await balancer('inside', { Scheme: 'internal', Subnets: undefined, SubnetMappings: [{ SubnetId: subnets[0], PrivateIPv4Address: '172.31.0.77' }], SecurityGroups: [GroupId] });
    assert.deepEqual([made.SecurityGroups, made.AvailabilityZones![0]!.LoadBalancerAddresses], [[GroupId], [{ PrivateIPv4Address: '172.31.0.77' }]]);
    const wish = await eventually(() => host.get('balancer', idOf(made.LoadBalancerArn!)));
    const one = await eventually(() => host.get('interface', wish!.interfaceIds[0]!));
    assert.deepEqual([one!.address, one!.securityGroupIds, one!.unfiltered], ['172.31.0.77', [GroupId], undefined]);
    await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: made.LoadBalancerArn }));
  });

  it('refuses what a network load balancer does not do', async () => {
    const { LoadBalancerArn: arn } = await balancer('strict');
    const [tcp, http] = [await targetGroup('tcp'), await targetGroup('http', { Protocol: 'HTTP', Port: 80 })];
    assert.deepEqual([tcp.HealthCheckProtocol, tcp.HealthCheckPath, tcp.HealthCheckTimeoutSeconds], ['TCP', undefined, 10]);
    assert.match(await refusal(listener(arn, forward(http.TargetGroupArn))), /^IncompatibleProtocols: Listener protocol 'TCP' is not supported with a target group with the protocol 'HTTP'$/);
    assert.match(await refusal(listener(arn, forward(tcp.TargetGroupArn), { Protocol: 'HTTP' })), /^UnsupportedProtocol: The protocol 'HTTP' is not supported/);
    assert.match(await refusal(listener(arn, forward(tcp.TargetGroupArn), { Protocol: 'UDP' })), /^InvalidConfigurationRequest: A listener of the protocol UDP is not implemented in Gantry$/);
    assert.match(await refusal(listener(arn, [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }])), /^InvalidLoadBalancerAction: The action type 'fixed-response' is not valid with network load balancers$/);
    const { Listeners: [on] = [] } = await listener(arn, forward(tcp.TargetGroupArn));
    assert.match(await refusal(elb.send(new CreateRuleCommand({ ListenerArn: on!.ListenerArn, Priority: 1, Conditions: [{ Field: 'path-pattern', Values: ['/'] }], Actions: forward(tcp.TargetGroupArn) }))), /^InvalidConfigurationRequest: Rules are not supported/);
    assert.match(await refusal(elb.send(new SetSecurityGroupsCommand({ LoadBalancerArn: arn, SecurityGroups: ['sg-1'] }))), /created without security groups$/);
    assert.match(await refusal(balancer('elastic', { Subnets: undefined, SubnetMappings: [{ SubnetId: subnets[0], AllocationId: 'eipalloc-1' }] })), /^InvalidConfigurationRequest: AllocationId of a subnet mapping of a network load balancer is not implemented in Gantry$/);
    assert.match(await refusal(targetGroup('checked', { HealthCheckPath: '/x' })), /^ValidationError: You cannot specify a health check path/);
    const changed = (await elb.send(new ModifyTargetGroupCommand({ TargetGroupArn: tcp.TargetGroupArn, HealthCheckProtocol: 'HTTP', HealthCheckPath: '/up' }))).TargetGroups![0]!;
    assert.deepEqual([changed.HealthCheckProtocol, changed.HealthCheckPath, changed.Matcher?.HttpCode], ['HTTP', '/up', '200-399']);
    await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
  });
});
