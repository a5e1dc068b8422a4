import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { steady, webTask, type Fleet } from './fixtures/fleet.ts';
import { get, load } from './fixtures/http.ts';
import { balancer, defaultNetwork, openGroup, targetGroup } from './fixtures/network.ts';
import { clients, shared, sharedFleet, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { ecs, elb, ec2, logs } = clients;

/** A service keeps what it promises: so many tasks, reachable by its balancer, new versions without a lost request. */
describe('a service behind a balancer', { timeout: 3_600_000 }, () => {
  let fleet: Fleet & { image: string };
  let url = '';
  let targets = '';
  let group = '';
  let balancerArn = '';
  const host = 'shop.example.com';
  const name = unique('web');
  const revisions: string[] = [];

  async function define(tag: number): Promise<string> {
    const { taskDefinition } = await ecs.registerTaskDefinition({ family: name, networkMode: 'bridge', containerDefinitions: [webTask(shared, fleet, `${fleet.image}:${tag}`)] });
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  before(async () => {
    fleet = await sharedFleet();
    const { vpcId, subnets } = await defaultNetwork(clients);
    group = await openGroup(clients, vpcId, name, [80]);
    const { arn, listener, dns } = await balancer(clients, name, subnets.map(({ id }) => id), group);
    balancerArn = arn;
    url = `http://${dns}/cgi-bin/index.cgi`;
    targets = await targetGroup(clients, name, vpcId, 'instance');
    await elb.createRule({
      ListenerArn: listener, Priority: 10,
      Conditions: [{ Field: 'host-header', Values: [host] }, { Field: 'path-pattern', Values: ['/cgi-bin/*'] }],
      Actions: [{ Type: 'forward', TargetGroupArn: targets }],
    });
    revisions.push(await define(1), await define(2));
  });

  after(async () => {
    await ecs.deleteService({ cluster: fleet.cluster, service: name, force: true });
    await elb.deleteLoadBalancer({ LoadBalancerArn: balancerArn });
    await elb.deleteTargetGroup({ TargetGroupArn: targets });
    await until('the security group is free', 60, async () => (await ec2.deleteSecurityGroup({ GroupId: group })).$metadata);
  });

  it('becomes steady with its tasks spread over zones, all of them answering', async () => {
    await ecs.createService({
      cluster: fleet.cluster, serviceName: name, taskDefinition: revisions[0], desiredCount: 4,
      loadBalancers: [{ targetGroupArn: targets, containerName: 'web', containerPort: 8080 }],
      placementStrategy: [{ type: 'spread', field: 'attribute:ecs.availability-zone' }],
    });
    await steady(clients, fleet.cluster, name);
    await until('the balancer answers', 60, async () => holds(await get(url, { host }), ({ status }) => status === 200));
    const { taskArns = [] } = await ecs.listTasks({ cluster: fleet.cluster, serviceName: name });
    const { tasks = [] } = await ecs.describeTasks({ cluster: fleet.cluster, tasks: taskArns });
    assert.deepEqual(new Set(tasks.map(({ availabilityZone }) => availabilityZone)).size, 3);
    await until('every task gets requests', 60, async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(url, { host })));
      return holds(new Set(answers.map(({ body }) => body)), (bodies) => bodies.size === 4 && [...bodies].every((body) => body.startsWith('version 1 from ')));
    });
  });

  it('has what its containers print in CloudWatch Logs, a stream a task', async () => {
    const streams = await until('four streams', 30, async () => {
      const { logStreams = [] } = await logs.describeLogStreams({ logGroupName: fleet.logGroup, logStreamNamePrefix: 'web/web/' });
      const { taskArns = [] } = await ecs.listTasks({ cluster: fleet.cluster, serviceName: name });
      const wanted = taskArns.map((arn) => `web/web/${arn.split('/').at(-1)}`);
      return holds(wanted, (all) => all.every((name) => logStreams.some(({ logStreamName }) => logStreamName === name)));
    });
    await until('each of them says so', 30, async () => {
      const { events = [] } = await logs.filterLogEvents({ logGroupName: fleet.logGroup, logStreamNames: streams, filterPattern: '"serving version 1"' });
      const from = events.map(({ logStreamName = '' }) => logStreamName);
      return holds(from, () => from.length === streams.length && streams.every((stream) => from.includes(stream)));
    });
  });

  it('goes to a new version, and back, without a failed request', async () => {
    for (const revision of [revisions[1], revisions[0], revisions[1]]) {
      await using traffic = load(url, host, /^version/);
      await ecs.updateService({ cluster: fleet.cluster, service: name, taskDefinition: revision });
      await steady(clients, fleet.cluster, name, revision);
      await traffic.stop();
      assert.deepEqual(traffic.failures, [], `of ${traffic.count()} requests`);
    }
    for (let i = 0; i < 12; i++) assert.match((await get(url, { host })).body, /^version 2/);
  });

  it('tells how a deployment goes, as Terraform asks for it', async () => {
    const since = new Date();
    const { service } = await ecs.updateService({ cluster: fleet.cluster, service: name, forceNewDeployment: true });
    const digits = service?.deployments?.[0]?.id?.split('/')[1] ?? '?';
    const { serviceDeployments: listed = [] } = await ecs.listServiceDeployments({ cluster: fleet.cluster, service: name, createdAt: { after: new Date(since.getTime() - 1000) } });
    const arn = listed.find(({ targetServiceRevisionArn: target }) => target?.includes(digits))?.serviceDeploymentArn ?? '';
    assert.equal(arn, service?.currentServiceDeployment);
    const done = await until('it is successful', 120, async () => {
      const { serviceDeployments: [found] = [] } = await ecs.describeServiceDeployments({ serviceDeploymentArns: [arn] });
      assert.match(found?.status ?? '', /^(PENDING|IN_PROGRESS|SUCCESSFUL)$/);
      return holds(found, (one) => one?.status === 'SUCCESSFUL');
    });
    assert.equal(done.targetServiceRevision?.runningTaskCount, 4);
    const { serviceRevisions: [revision] = [] } = await ecs.describeServiceRevisions({ serviceRevisionArns: [done.targetServiceRevision?.arn ?? ''] });
    assert.equal(revision?.taskDefinition, revisions[1]);
    assert.match(revision?.containerImages?.[0]?.imageDigest ?? '', /^sha256:[0-9a-f]{64}$/);
  });

  it('scales out and in without a failed request', async () => {
    await using traffic = load(url, host, /^version 2/);
    for (const desiredCount of [6, 2]) {
      await ecs.updateService({ cluster: fleet.cluster, service: name, desiredCount });
      await steady(clients, fleet.cluster, name);
      const { taskArns = [] } = await ecs.listTasks({ cluster: fleet.cluster, serviceName: name, desiredStatus: 'RUNNING' });
      assert.equal(taskArns.length, desiredCount);
    }
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
  });

  it('replaces a task that somebody stopped, and says so', async () => {
    const { taskArns = [] } = await ecs.listTasks({ cluster: fleet.cluster, serviceName: name });
    await ecs.stopTask({ cluster: fleet.cluster, task: taskArns[0], reason: 'a test' });
    await until('another one runs', 60, async () => {
      const now = await ecs.listTasks({ cluster: fleet.cluster, serviceName: name, desiredStatus: 'RUNNING' });
      return holds(now.taskArns ?? [], (arns) => arns.length === 2 && !arns.includes(taskArns[0] ?? ''));
    });
    await steady(clients, fleet.cluster, name);
    const { tasks = [] } = await ecs.describeTasks({ cluster: fleet.cluster, tasks: taskArns.slice(0, 1) });
    assert.equal(tasks[0]?.stoppedReason, 'a test');
    assert.equal(tasks[0]?.stopCode, 'UserInitiated');
  });

  it('rolls back a version that does not start, the old one serving all the while', async () => {
    const web = webTask(shared, fleet, `${fleet.image}:2`);
    const { taskDefinition } = await ecs.registerTaskDefinition({ family: name, networkMode: 'bridge', containerDefinitions: [{ ...web, command: ['/bin/sh', '-c', 'exit 1'] }] });
    await using traffic = load(url, host, /^version 2/);
    await ecs.updateService({
      cluster: fleet.cluster, service: name, taskDefinition: taskDefinition?.taskDefinitionArn,
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    });
    await until('the deployment is given up', 180, async () => {
      const { services } = await ecs.describeServices({ cluster: fleet.cluster, services: [name] });
      return holds(services?.[0]?.deployments?.map(({ taskDefinition, rolloutState, status }) => ({ taskDefinition, rolloutState, status })), (all) => all?.length === 1 && all[0]?.taskDefinition === revisions[1] && all[0]?.rolloutState === 'COMPLETED');
    });
    await traffic.stop();
    assert.deepEqual(traffic.failures, []);
  });
});
