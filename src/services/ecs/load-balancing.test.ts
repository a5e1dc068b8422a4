import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateClusterCommand, CreateServiceCommand, DescribeClustersCommand, DescribeServicesCommand, ECSClient, ListTasksCommand, RegisterTaskDefinitionCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand, CreateLoadBalancerCommand, CreateTargetGroupCommand, DescribeTargetHealthCommand, ElasticLoadBalancingV2Client, ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { startFakeAgent } from '../../../test/fake-ecs-agent.ts';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import type { ObservedBalancer } from '../../wire/host.ts';
import { imageId } from '../../wire/images.ts';

/** Says of each target of each balancer that it is well, and of one that drains that it is empty after a moment. */
function keepHealthy(host: Awaited<ReturnType<typeof startFakeHost>>, balancers: () => string[], sick: () => boolean): () => void {
  const timer = setInterval(() => {
    for (const id of balancers()) {
      const desired = host.get('balancer', id);
      if (!desired) continue;
      const health: ObservedBalancer['health'] = Object.fromEntries(Object.entries(desired.targetGroups).map(([group, { targets }]) => [group, Object.fromEntries(Object.entries(targets).map(([at, { draining }]) =>
        [at, draining ? { state: 'draining', activeConnections: 0 } : sick() ? { state: 'unhealthy', reason: 'Target.FailedHealthChecks', activeConnections: 0 } : { state: 'healthy', activeConnections: 1 }]))]));
      void host.observe([{ kind: 'balancer', id, value: { state: 'active', health } }]).catch(() => {});
    }
  }, 50);
  return () => clearInterval(timer);
}

describe('a service behind a load balancer', () => {
  const cluster = 'shop';
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ecs: ECSClient;
  let elb: ElasticLoadBalancingV2Client;
  const agents: Awaited<ReturnType<typeof startFakeAgent>>[] = [];
  let balancerId = '';
  let targetGroupArn = '';
  let sick = false;
  let stopHealth = () => {};

  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 32768, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ecs = new ECSClient({ ...installation.client, maxAttempts: 5 });
    elb = new ElasticLoadBalancingV2Client(installation.client);
    const ec2 = new EC2Client(installation.client);
    await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    for (const { SubnetId } of Subnets) {
      const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId: imageId('ecs-optimized'), InstanceType: 't3.small', MinCount: 1, MaxCount: 1, SubnetId }));
      agents.push(await startFakeAgent(installation.client, { cluster, instanceId: Instances?.[0]?.InstanceId ?? '' }));
    }
    const VpcId = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.[0]?.VpcId;
    ec2.destroy();
    const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name: 'shop', Subnets: Subnets.map(({ SubnetId }) => SubnetId ?? '') }));
    const { TargetGroups } = await elb.send(new CreateTargetGroupCommand({ Name: 'web', Protocol: 'HTTP', Port: 80, VpcId, TargetType: 'instance' }));
    targetGroupArn = TargetGroups?.[0]?.TargetGroupArn ?? '';
    const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn ?? '';
    balancerId = `lb-${LoadBalancerArn.split('/').at(-1)}`;
    await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn, Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '1' }] }));
    const refused = ecs.send(new CreateServiceCommand({ cluster, serviceName: 'web', taskDefinition: await define(1), desiredCount: 4, loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 80 }] }));
    await assert.rejects(refused, /does not have an associated load balancer/);
    await elb.send(new CreateListenerCommand({ LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }] }));
    stopHealth = keepHealthy(host, () => [balancerId], () => sick);
  });
  after(async () => {
    stopHealth();
    await Promise.all(agents.map((agent) => agent.close()));
    ecs.destroy();
    elb.destroy();
    await host.close();
    await installation.close();
  });

  const define = async (version: number) => (await ecs.send(new RegisterTaskDefinitionCommand({
    family: 'web', containerDefinitions: [{ name: 'web', image: `docker.io/library/nginx:${version}`, memory: 64, portMappings: [{ containerPort: 80 }] }],
  }))).taskDefinition?.taskDefinitionArn ?? '';
  const service = async () => (await ecs.send(new DescribeServicesCommand({ cluster, services: ['web'] }))).services?.[0];
  const stable = () => eventually(service, (one) => one?.deployments?.length === 1 && one.runningCount === one.desiredCount && one.pendingCount === 0);
  const targets = async () => (await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }))).TargetHealthDescriptions ?? [];
  const states = async () => (await targets()).map(({ TargetHealth }) => TargetHealth?.State);

  it('has a healthy target for each task', async () => {
    await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'web', taskDefinition: await define(2), desiredCount: 4, loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 80 }] }));
    await stable();
    assert.deepEqual(await eventually(states, (all) => all.length === 4 && all.every((state) => state === 'healthy')), Array(4).fill('healthy'));
    // Those that come together are told of together.
    const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
    const counts = await eventually(async () => ((await service())?.events ?? []).flatMap(({ message = '' }) => {
      const [, count, arn] = /^\(service web\) registered (\d+) targets in \(target-group (\S+)\)$/.exec(message) ?? [];
      return arn === targetGroupArn ? [Number(count)] : [];
    }), (found) => sum(found) >= 4);
    assert.equal(sum(counts), 4);
  });

  it('deploys without ever having fewer healthy targets, and stops no task that still has requests', async () => {
    await eventually(states, (all) => all.every((state) => state === 'healthy'));
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'web', taskDefinition: await define(3) }));
    const running = () => agents.flatMap((agent) => [...agent.tasks].filter(([, { state }]) => state === 'RUNNING').map(([arn]) => arn));
    let least = Infinity;
    await eventually(async () => {
      const before = running();
      const all = await targets();
      least = Math.min(least, all.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length);
      // Whoever is in the target group, draining or not, must still run: then, that is between the two looks.
      const ran = new Set([...before, ...running()]);
      assert.ok(ran.size >= all.length, `${ran.size} tasks ran for ${all.length} targets`);
      return service();
    }, (one) => one?.deployments?.length === 1 && one.runningCount === 4);
    assert.ok(least >= 4, `only ${least} healthy targets`);
    assert.ok((await service())?.events?.some(({ message }) => /has begun draining connections on \d tasks\./.test(message ?? '')));
  });

  it('goes on after the control plane was restarted in the middle of a deployment', async () => {
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'web', taskDefinition: await define(4), desiredCount: 5 }));
    await installation.restart();
    const shop = async () => (await ecs.send(new DescribeClustersCommand({ clusters: [cluster] }))).clusters?.[0];
    assert.equal((await eventually(shop))?.registeredContainerInstancesCount, 3);
    const done = await eventually(service, (one) => one?.deployments?.length === 1 && one.runningCount === 5);
    assert.ok(done?.taskDefinition?.endsWith(':4'));
    assert.ok(agents.every((agent) => [...agent.starts.values()].every((count) => count === 1)));
    assert.equal((await ecs.send(new ListTasksCommand({ cluster, serviceName: 'web' }))).taskArns?.length, 5);
  });

  it('replaces tasks that fail the balancer\'s health checks', async () => {
    const before = (await ecs.send(new ListTasksCommand({ cluster, serviceName: 'web' }))).taskArns ?? [];
    sick = true;
    await eventually(async () => (await ecs.send(new ListTasksCommand({ cluster, serviceName: 'web', desiredStatus: 'STOPPED' }))).taskArns ?? [], (stopped) => before.some((arn) => stopped.includes(arn)));
    sick = false;
    await stable();
  });
});
