import assert from 'node:assert/strict';
import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import { after, before, describe, it } from 'node:test';
import { namespaceIds } from '../src/host/network/namespaces.ts';
import { steady, webTask } from './fixtures/fleet.ts';
import { get } from './fixtures/http.ts';
import { balancer, defaultNetwork, openGroup, targetGroup } from './fixtures/network.ts';
import { alone, clients, shared, sharedImage, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { ec2, ecs, elb, iam, logs } = clients;

const TRUST = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }] });

/** Tasks without a fleet: in a cluster that has no instance, on addresses of the customer's subnets. */
describe('Fargate', { timeout: 3_600_000 }, () => {
  const name = unique('fargate');
  const logGroup = `/${name}`;
  let image = '';
  let vpcId = '';
  let subnets: { id: string; zone: string }[] = [];
  let open = '';
  let roles: { executionRoleArn: string; taskRoleArn: string };

  const role = async (RoleName: string, PolicyArn?: string) => {
    const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument: TRUST });
    if (PolicyArn) await iam.attachRolePolicy({ RoleName, PolicyArn });
    return Role?.Arn ?? '';
  };

  before(async () => {
    image = await alone(sharedImage);
    ({ vpcId, subnets } = await defaultNetwork(clients));
    open = await openGroup(clients, vpcId, `${name}-open`, [8080]);
    roles = {
      executionRoleArn: await role(`${name}-execution`, 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy'), taskRoleArn: await role(`${name}-task`),
    };
    await logs.createLogGroup({ logGroupName: logGroup });
    await ecs.createCluster({ clusterName: name, capacityProviders: ['FARGATE', 'FARGATE_SPOT'] });
  });

  after(async () => {
    await until('the security group is free', 60, async () => (await ec2.deleteSecurityGroup({ GroupId: open })).$metadata);
    await ecs.deleteCluster({ cluster: name });
  });

  async function define(family: string, container: Partial<ContainerDefinition> = {}, task: Partial<RegisterTaskDefinitionCommandInput> = {}): Promise<string> {
    const { taskDefinition } = await ecs.registerTaskDefinition({
      family: `${name}-${family}`, networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512', ...roles, ...task,
      containerDefinitions: [{ ...webTask(shared, { cluster: name, group: '', logGroup }, `${image}:1`), portMappings: [{ containerPort: 8080 }], ...container }],
    });
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  const network = (groups: string[], assignPublicIp: 'ENABLED' | 'DISABLED' = 'DISABLED', ids = subnets.map(({ id }) => id)) =>
    ({ networkConfiguration: { awsvpcConfiguration: { subnets: ids, securityGroups: groups, assignPublicIp } } });

  async function start(taskDefinition: string, more: Partial<RunTaskCommandInput> = {}): Promise<string> {
    const { tasks = [], failures } = await ecs.runTask({ cluster: name, taskDefinition, ...(!more.capacityProviderStrategy && { launchType: 'FARGATE' }), ...network([open]), ...more });
    assert.deepEqual(failures, []);
    return tasks[0]?.taskArn ?? '';
  }

  async function describeTask(arn: string): Promise<Task> {
    const { tasks: [task] = [] } = await ecs.describeTasks({ cluster: name, tasks: [arn] });
    assert.ok(task, `no task ${arn}`);
    return task;
  }

  const reaches = (arn: string, status: string) => until(`the task is ${status}`, 90, async () => holds(await describeTask(arn), ({ lastStatus }) => lastStatus === status));
  const detail = (task: Task, key: string) => task.attachments?.[0]?.details?.find((one) => one.name === key)?.value ?? '';
  const script = (text: string) => ({ command: ['/bin/sh', '-c', text] });

  async function output(arn: string, expected: RegExp): Promise<string> {
    return until(`the log says ${expected}`, 60, async () => {
      const { events = [] } = await logs.getLogEvents({ logGroupName: logGroup, logStreamName: `web/web/${arn.split('/').at(-1)}`, startFromHead: true });
      return holds(events.map(({ message }) => message).join('\n'), (text) => expected.test(text));
    });
  }

  /** Neither interfaces of its tasks nor machines that no customer knows. */
  async function nothingLeft(): Promise<void> {
    const { taskArns: [some] = [] } = await ecs.listTasks({ cluster: name });
    assert.equal(some, undefined);
    const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters: [{ Name: 'group-id', Values: [open] }] });
    assert.deepEqual(NetworkInterfaces, []);
    await until('no hidden machine is left', 30, async () => {
      const { Reservations = [] } = await ec2.describeInstances({});
      const known = new Set(Reservations.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId }) => InstanceId));
      return holds((await namespaceIds(shared)).filter((id) => id.startsWith('i-') && !known.has(id)), (ids) => ids.length === 0);
    });
  }

  it('runs a task to its exit code, with its log, its role and its metadata, and nothing is left', async () => {
    const text = [
      'wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task; echo', 'wget -qO- "http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"; echo', 'echo "in $AWS_EXECUTION_ENV"',
      'timeout 2 wget -qO- http://169.254.169.254/ 2>/dev/null || echo "no instance metadata"', 'exit 3',
    ];
    const arn = await start(await define('job', script(text.join('\n')), { ephemeralStorage: { sizeInGiB: 30 } }), { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] });
    const task = await reaches(arn, 'STOPPED');
    assert.deepEqual([task.containers?.[0]?.exitCode, task.stopCode, task.stoppedReason], [3, 'EssentialContainerExited', 'Essential container in task exited']);
    assert.deepEqual([task.launchType, task.capacityProviderName, task.platformVersion, task.ephemeralStorage?.sizeInGiB, task.cpu, task.memory], ['FARGATE', 'FARGATE_SPOT', '1.4.0', 30, '256', '512']);
    const said = await output(arn, /no instance metadata$/);
    assert.match(said, /"LaunchType":"FARGATE"/);
    assert.match(said, /"Limits":\{"CPU":0\.25,"Memory":512\}/);
    assert.match(said, new RegExp(`"RoleArn":"${roles.taskRoleArn}"`));
    assert.match(said, /in AWS_ECS_FARGATE/);
    await nothingLeft();
  });

  it('has an interface in the subnet, with a public address that answers, limits of its own, and stops on demand', async () => {
    const [subnet] = subnets;
    const taskDefinition = await define('public');
    const arn = await start(taskDefinition, network([open], 'ENABLED', [subnet?.id ?? '']));
    const task = await reaches(arn, 'RUNNING');
    assert.deepEqual([task.availabilityZone, detail(task, 'subnetId'), task.containerInstanceArn], [subnet?.zone, subnet?.id, undefined]);
    const { NetworkInterfaces: [eni] = [] } = await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [detail(task, 'networkInterfaceId')] });
    assert.deepEqual([eni?.PrivateIpAddress, eni?.RequesterManaged, eni?.Groups?.map(({ GroupId }) => GroupId)], [detail(task, 'privateIPv4Address'), true, [open]]);
    // The server has no such page; its own one's headers are too loose for this client.
    await until('the public address answers', 30, async () => holds(await get(`http://${eni?.Association?.PublicIp}:8080/none`), ({ status }) => status === 404));
    const { clusters: [cluster] = [] } = await ecs.describeClusters({ clusters: [name] });
    assert.deepEqual([cluster?.registeredContainerInstancesCount, cluster?.runningTasksCount], [0, 1]);
    const hungry = await reaches(await start(await define('hungry', { memory: 16, command: ['/bin/busybox', 'tail', '/dev/zero'] })), 'STOPPED');
    assert.match(hungry.containers?.[0]?.reason ?? '', /^OutOfMemoryError/);
    await assert.rejects(ecs.deleteCluster({ cluster: name }), { name: 'ClusterContainsTasksException' });
    await ecs.stopTask({ cluster: name, task: arn, reason: 'enough' });
    const stopped = await reaches(arn, 'STOPPED');
    assert.deepEqual([stopped.stopCode, stopped.stoppedReason, stopped.attachments?.[0]?.status], ['UserInitiated', 'enough', 'DELETED']);
    await nothingLeft();
  });

  it('keeps a service of two in two zones behind a balancer, whom alone its security group lets in', async () => {
    const front = await openGroup(clients, vpcId, `${name}-front`, [80]);
    const back = await openGroup(clients, vpcId, `${name}-back`, []);
    await ec2.authorizeSecurityGroupIngress({ GroupId: back, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: front }] }] });
    const targets = await targetGroup(clients, name, vpcId, 'ip');
    const { arn: LoadBalancerArn, listener, dns } = await balancer(clients, name, subnets.map(({ id }) => id), front);
    await elb.modifyListener({ ListenerArn: listener, DefaultActions: [{ Type: 'forward', TargetGroupArn: targets }] });
    await ecs.createService({
      cluster: name, serviceName: name, taskDefinition: await define('web'), launchType: 'FARGATE', desiredCount: 2, ...network([back], 'DISABLED', subnets.slice(0, 2).map(({ id }) => id)),
      loadBalancers: [{ targetGroupArn: targets, containerName: 'web', containerPort: 8080 }],
    });
    await steady(clients, name, name);
    const tasksOf = async () => {
      const { taskArns = [] } = await ecs.listTasks({ cluster: name, serviceName: name });
      return (await ecs.describeTasks({ cluster: name, tasks: taskArns })).tasks ?? [];
    };
    const zones = async () => (await tasksOf()).map(({ availabilityZone = '' }) => availabilityZone).toSorted();
    const wanted = subnets.slice(0, 2).map(({ zone }) => zone).toSorted();
    assert.deepEqual(await zones(), wanted);
    const both = () => until('both tasks answer by the balancer', 60, async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => get(`http://${dns}/cgi-bin/index.cgi`)));
      return holds(new Set(answers.map(({ body }) => body)), (bodies) => bodies.size === 2 && [...bodies].every((body) => body.startsWith('version 1 from ip-')));
    });
    await both();
    const [victim] = await tasksOf();
    assert.ok(victim);
    const visitor = await start(await define('visitor', script(`timeout 2 wget -qO- http://${detail(victim, 'privateIPv4Address')}:8080/ || echo "no way in"`)));
    await output(visitor, /no way in/);
    await reaches(visitor, 'STOPPED');

    await ecs.stopTask({ cluster: name, task: victim.taskArn });
    await until('another task runs in its place', 90, async () => holds(await tasksOf(), (tasks) => tasks.length === 2 && tasks.every(({ taskArn, lastStatus }) => taskArn !== victim.taskArn && lastStatus === 'RUNNING')));
    assert.deepEqual(await zones(), wanted);
    await both();

    await ecs.deleteService({ cluster: name, service: name, force: true });
    await until('the service is gone', 60, async () => holds((await ecs.describeServices({ cluster: name, services: [name] })).services?.[0]?.status, (status) => status === 'INACTIVE'));
    await nothingLeft();
    await elb.deleteLoadBalancer({ LoadBalancerArn });
    await elb.deleteTargetGroup({ TargetGroupArn: targets });
    // Once nobody carries them; the one that names the other first.
    for (const GroupId of [back, front]) await until('the security group is free', 60, async () => (await ec2.deleteSecurityGroup({ GroupId })).$metadata);
  });
});
