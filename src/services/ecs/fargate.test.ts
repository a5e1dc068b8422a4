import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EC2Client, DescribeNetworkInterfacesCommand, DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand, CreateServiceCommand, DeleteClusterCommand, DeleteServiceCommand, DescribeClustersCommand, DescribeContainerInstancesCommand, DescribeServicesCommand, DescribeTasksCommand, ECSClient,
  ListClustersCommand, ListContainerInstancesCommand, ListTasksCommand, PutClusterCapacityProvidersCommand, RegisterTaskDefinitionCommand, RunTaskCommand, StopTaskCommand, UpdateServiceCommand,
  type RegisterTaskDefinitionCommandInput, type RunTaskCommandInput, type Task,
} from '@aws-sdk/client-ecs';
import { startFakeAgent, type Behaviour } from '../../../test/fake-ecs-agent.ts';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { byZone } from './fargate/launch.ts';

const cluster = 'serverless';

describe('the zones that tasks on Fargate are spread over', () => {
  it('are those with the fewest tasks, in the order of the subnets', () => {
    const places = [{ subnetId: 'a', zone: '1' }, { subnetId: 'b', zone: '2' }, { subnetId: 'c', zone: '3' }];
    assert.deepEqual(byZone(places, []).map(({ subnetId }) => subnetId), ['a', 'b', 'c']);
    assert.deepEqual(byZone(places, ['1', '1', '2', '9']).map(({ subnetId }) => subnetId), ['c', 'b', 'a']);
  });
});

describe('ECS on Fargate, with machines that run nothing', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ecs: ECSClient;
  let ec2: EC2Client;
  let subnets: { id: string; zone: string }[];
  let behaviour: Behaviour = () => 'run';
  /** By machine. */
  const agents = new Map<string, Awaited<ReturnType<typeof startFakeAgent>>>();
  let holdMachines = false;
  const over = new AbortController();
  let booting = Promise.resolve();

  /** Each machine that is wished boots: its agent signs with what the metadata service gives. */
  async function boot(): Promise<void> {
    while (!over.signal.aborted) {
      for (const id of holdMachines ? [] : host.ids('instance')) {
        if (agents.has(id)) continue;
        const given = await host.credentials(id);
        if (!given) continue;
        const credentials = { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.Token };
        const agent = await startFakeAgent({ ...installation.client, credentials }, { cluster, instanceId: id, behaviour: (task) => behaviour(task) }).catch(() => undefined);
        if (agent) agents.set(id, agent);
      }
      for (const [id, agent] of agents) {
        if (host.get('instance', id)) continue;
        agents.delete(id);
        await agent.close();
      }
      await sleep(20);
    }
  }

  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 16384, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ecs = new ECSClient({ ...installation.client, maxAttempts: 5 });
    ec2 = new EC2Client(installation.client);
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    subnets = Subnets.map(({ SubnetId = '', AvailabilityZone = '' }) => ({ id: SubnetId, zone: AvailabilityZone })).sort((a, b) => (a.zone < b.zone ? -1 : 1));
    await ecs.send(new CreateClusterCommand({ clusterName: cluster, capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }));
    booting = boot();
  });
  after(async () => {
    over.abort();
    await booting;
    await Promise.all([...agents.values()].map((agent) => agent.close()));
    ecs.destroy();
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const define = async (family: string, rest: Partial<RegisterTaskDefinitionCommandInput> = {}) => (await ecs.send(new RegisterTaskDefinitionCommand({
    family, networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512',
    containerDefinitions: [{ name: 'web', image: 'docker.io/library/nginx', portMappings: [{ containerPort: 80 }] }], ...rest,
  }))).taskDefinition?.taskDefinitionArn ?? '';
  const network = (...ids: string[]) => ({ awsvpcConfiguration: { subnets: ids.length ? ids : subnets.map(({ id }) => id) } });
  const run = async (taskDefinition: string, rest: Partial<RunTaskCommandInput> = {}) =>
    (await ecs.send(new RunTaskCommand({ cluster, taskDefinition, launchType: 'FARGATE', networkConfiguration: network(), ...rest }))).tasks ?? [];
  const taskOf = async (arn = '') => (await ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }))).tasks?.[0];
  const reaches = (task: Task | undefined, status: string) => eventually(() => taskOf(task?.taskArn), (one) => one?.lastStatus === status);
  const detail = (task: Task | undefined, name: string) => task?.attachments?.[0]?.details?.find((one) => one.name === name)?.value;
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => [error.name, error.message]);
  const nothingLeft = async () => {
    // What the host has not heard of yet is on its way to it.
    await eventually(() => [...host.ids('instance'), ...host.ids('interface')], (ids) => ids.length === 0);
    assert.deepEqual((await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces, []);
  };

  it('runs a task on a machine of its own, which nobody sees and which goes with it', async () => {
    const { awsvpcConfiguration } = network(subnets[1]?.id ?? '');
    const [task] = await run(await define('one'), { networkConfiguration: { awsvpcConfiguration: { ...awsvpcConfiguration, assignPublicIp: 'ENABLED' } } });
    assert.deepEqual([task?.lastStatus, task?.launchType, task?.platformVersion, task?.platformFamily, task?.ephemeralStorage], ['PROVISIONING', 'FARGATE', '1.4.0', 'Linux', { sizeInGiB: 20 }]);
    const running = await reaches(task, 'RUNNING');
    assert.deepEqual([running?.availabilityZone, running?.connectivity, running?.containerInstanceArn, running?.capacityProviderName], [subnets[1]?.zone, 'CONNECTED', undefined, undefined]);
    const [id = ''] = host.ids('instance');
    const machine = host.get('instance', id);
    assert.deepEqual([machine?.vcpus, machine?.memoryMiB, machine?.metadata.instanceType], [2, 768, 'fargate']);
    assert.match(Buffer.from(machine?.files?.[0]?.content ?? '', 'base64').toString(), /^ECS_CLUSTER=serverless\nECS_AWSVPC_BLOCK_IMDS=true\n/);
    const [sent] = [...(agents.get(id)?.tasks.values() ?? [])];
    assert.deepEqual([sent?.task.launchType, sent?.task.networkMode, sent?.task.cpu, sent?.task.memory], ['FARGATE', 'awsvpc', 0.25, 512]);

    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    const [eni] = NetworkInterfaces;
    assert.deepEqual(
      [NetworkInterfaces.length, eni?.NetworkInterfaceId, eni?.PrivateIpAddress, eni?.MacAddress, eni?.SubnetId, eni?.RequesterManaged, eni?.Attachment?.InstanceId],
      [1, detail(running, 'networkInterfaceId'), detail(running, 'privateIPv4Address'), detail(running, 'macAddress'), subnets[1]?.id, true, undefined],
    );
    assert.match(eni?.Association?.PublicIp ?? '', /^198\.18\./);
    assert.match(eni?.Description ?? '', /^arn:aws:ecs:us-east-1:\d{12}:attachment\//);

    const { clusters: [told] = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [cluster], include: ['STATISTICS'] }));
    const statistics = Object.fromEntries((told?.statistics ?? []).map(({ name, value }) => [name, value]));
    assert.deepEqual([told?.registeredContainerInstancesCount, told?.runningTasksCount, statistics['runningFargateTasksCount'], statistics['runningEC2TasksCount']], [0, 1, '1', '0']);
    assert.deepEqual((await ecs.send(new ListContainerInstancesCommand({ cluster }))).containerInstanceArns, []);
    const hidden = agents.get(id)?.containerInstanceArn ?? '';
    assert.equal((await ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances: [hidden] }))).failures?.[0]?.reason, 'MISSING');
    assert.deepEqual((await ecs.send(new ListTasksCommand({ cluster, launchType: 'FARGATE' }))).taskArns, [task?.taskArn]);
    assert.equal((await refusal(ecs.send(new DeleteClusterCommand({ cluster }))))[0], 'ClusterContainsTasksException');

    await agents.get(id)?.exit(task?.taskArn ?? '', 3);
    const stopped = await reaches(task, 'STOPPED');
    assert.deepEqual([stopped?.stopCode, stopped?.stoppedReason, stopped?.containers?.[0]?.exitCode, stopped?.attachments?.[0]?.status], ['EssentialContainerExited', 'Essential container in task exited', 3, 'DELETED']);
    await nothingLeft();
    assert.equal(await host.credentials(id), undefined);
  });

  it('gives the agent of a machine nothing beside its own task', async () => {
    const [task] = await run(await define('alone'));
    await reaches(task, 'RUNNING');
    const [id = ''] = host.ids('instance');
    const given = await host.credentials(id);
    const own = new ECSClient({ ...installation.client, credentials: { accessKeyId: given?.AccessKeyId ?? '', secretAccessKey: given?.SecretAccessKey ?? '', sessionToken: given?.Token ?? '' } });
    assert.match((await refusal(own.send(new ListClustersCommand({}))))[1] ?? '', /is not authorized to perform: ecs:ListClusters/);
    await assert.rejects(startFakeAgent({ ...installation.client, credentials: await own.config.credentials() }, { cluster, instanceId: 'i-00000000000000000' }), /of another instance than the caller/);
    own.destroy();
    await ecs.send(new StopTaskCommand({ cluster, task: task?.taskArn, reason: 'enough' }));
    const stopped = await reaches(task, 'STOPPED');
    assert.deepEqual([stopped?.stopCode, stopped?.stoppedReason], ['UserInitiated', 'enough']);
    await nothingLeft();
  });

  it('stops a task whose machine is still on its way, or has died', async () => {
    const taskDefinition = await define('short');
    holdMachines = true;
    const [early] = await run(taskDefinition);
    await eventually(() => host.ids('instance').length === 1);
    await ecs.send(new StopTaskCommand({ cluster, task: early?.taskArn }));
    assert.equal((await reaches(early, 'STOPPED'))?.stopCode, 'UserInitiated');
    await nothingLeft();
    holdMachines = false;
    const [late] = await run(taskDefinition);
    await reaches(late, 'RUNNING');
    const [id = ''] = host.ids('instance');
    await host.observe([{ kind: 'instance', id, value: { generation: 1, state: 'stopped', reason: 'Server.InternalError: its init ended unexpectedly' } }]);
    assert.equal((await reaches(late, 'STOPPED'))?.stopCode, 'InfrastructureHealth');
    await nothingLeft();
  });

  it('says where there is no capacity, and why a task could not start', async () => {
    const [large] = await run(await define('large', { cpu: '4096', memory: '30720' }));
    const refused = await reaches(large, 'STOPPED');
    assert.deepEqual([refused?.stopCode, refused?.stoppedReason], ['TaskFailedToStart', 'Capacity is unavailable at this time. Please try again later or in a different availability zone']);
    behaviour = () => ({ reason: 'CannotPullContainerError: pull image manifest has been retried 1 time(s)' });
    const [broken] = await run(await define('broken'));
    const failed = await reaches(broken, 'STOPPED');
    behaviour = () => 'run';
    assert.deepEqual([failed?.stopCode, failed?.stoppedReason], ['TaskFailedToStart', 'CannotPullContainerError: pull image manifest has been retried 1 time(s)']);
    await nothingLeft();
  });

  it('refuses what Fargate has not', async () => {
    const taskDefinition = await define('refused');
    const bridge = await define('bridge', { networkMode: 'bridge', requiresCompatibilities: ['EC2'] });
    const refuses = async (change: Partial<RunTaskCommandInput>, expected: string, code = 'InvalidParameterException') => assert.deepEqual(await refusal(run(taskDefinition, change)), [code, expected]);
    await refuses({ networkConfiguration: undefined }, "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    await refuses({ taskDefinition: bridge }, 'Task definition does not support launch_type FARGATE.');
    await refuses({ platformVersion: '0.9.0' }, 'The specified platform does not exist.', 'PlatformUnknownException');
    await refuses({ launchType: 'EC2', platformVersion: 'LATEST' }, 'The platform version must be null when specifying an EC2 launch type.');
    await refuses({ placementConstraints: [{ type: 'distinctInstance' }] }, 'Placement constraints are not supported with FARGATE launch type.');
    await refuses({ overrides: { cpu: '256', memory: '8192' } }, 'No Fargate configuration exists for given values: 256 CPU, 8192 memory. See the Amazon ECS documentation for the valid values.', 'ClientException');
    await refuses({ launchType: 'EC2', networkConfiguration: { awsvpcConfiguration: { subnets: subnets.map(({ id }) => id), assignPublicIp: 'ENABLED' } } }, 'Assign public IP is not supported for this launch type.');
    await refuses({ taskDefinition: await define('lens', { containerDefinitions: [{ name: 'web', image: 'nginx', logConfiguration: { logDriver: 'awsfirelens' } }] }) }, 'One or more of the requested capabilities are not supported.', 'PlatformTaskDefinitionIncompatibilityException');
    assert.match((await refusal(ecs.send(new CreateServiceCommand({ cluster, serviceName: 'daemon', taskDefinition, launchType: 'FARGATE', schedulingStrategy: 'DAEMON', networkConfiguration: network() }))))[1] ?? '', /daemon scheduling strategy/);
    await nothingLeft();
  });

  it('shares tasks out between FARGATE and FARGATE_SPOT', async () => {
    const capacityProviderStrategy = [{ capacityProvider: 'FARGATE', base: 1, weight: 1 }, { capacityProvider: 'FARGATE_SPOT', weight: 3 }];
    await ecs.send(new PutClusterCapacityProvidersCommand({ cluster, capacityProviders: ['FARGATE', 'FARGATE_SPOT'], defaultCapacityProviderStrategy: capacityProviderStrategy }));
    const { tasks = [] } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition: await define('shared'), count: 5, networkConfiguration: network() }));
    assert.deepEqual(tasks.map(({ capacityProviderName, launchType }) => `${capacityProviderName} ${launchType}`).toSorted(), ['FARGATE FARGATE', 'FARGATE FARGATE', ...Array<string>(3).fill('FARGATE_SPOT FARGATE')]);
    for (const task of tasks) await ecs.send(new StopTaskCommand({ cluster, task: task.taskArn }));
    for (const task of tasks) await reaches(task, 'STOPPED');
    await nothingLeft();
    await ecs.send(new PutClusterCapacityProvidersCommand({ cluster, capacityProviders: ['FARGATE', 'FARGATE_SPOT'], defaultCapacityProviderStrategy: [] }));
  });

  it('keeps a service over the zones: replaces, deploys, goes', async () => {
    const serviceName = 'web';
    const serviceOf = async () => (await ecs.send(new DescribeServicesCommand({ cluster, services: [serviceName] }))).services?.[0];
    const tasksOf = async () => (await ecs.send(new ListTasksCommand({ cluster, serviceName }))).taskArns ?? [];
    const stable = () => eventually(serviceOf, (one) => one?.deployments?.length === 1 && one.runningCount === one.desiredCount && one.pendingCount === 0);
    await ecs.send(new CreateServiceCommand({ cluster, serviceName, taskDefinition: await define('web'), launchType: 'FARGATE', desiredCount: 4, networkConfiguration: network(subnets[0]?.id ?? '', subnets[2]?.id ?? '') }));
    const service = await stable();
    assert.deepEqual([service?.launchType, service?.platformVersion, service?.platformFamily, service?.deployments?.[0]?.platformVersion], ['FARGATE', 'LATEST', 'Linux', '1.4.0']);
    const zones = async () => ((await ecs.send(new DescribeTasksCommand({ cluster, tasks: await tasksOf() }))).tasks ?? []).map((task) => task.availabilityZone ?? '').toSorted();
    const [first, , third] = subnets.map(({ zone }) => zone);
    assert.deepEqual(await zones(), [first, first, third, third]);
    const [victim = ''] = await tasksOf();
    await [...agents.values()].find((agent) => agent.tasks.has(victim))?.exit(victim, 1);
    await eventually(tasksOf, (arns) => arns.length === 4 && !arns.includes(victim));
    await stable();
    assert.deepEqual(await zones(), [first, first, third, third]);
    const two = await define('web', { cpu: '512', memory: '1024' });
    await ecs.send(new UpdateServiceCommand({ cluster, service: serviceName, taskDefinition: two }));
    await eventually(serviceOf, (one) => one?.deployments?.[0]?.rolloutState === 'COMPLETED' && one.taskDefinition === two);
    await stable();
    await eventually(() => host.ids('instance').length === 4);
    await ecs.send(new DeleteServiceCommand({ cluster, service: serviceName, force: true }));
    await eventually(serviceOf, (one) => one?.status === 'INACTIVE');
    await nothingLeft();
    assert.equal((await ecs.send(new DeleteClusterCommand({ cluster }))).cluster?.status, 'INACTIVE');
  });
});
