import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EC2Client, DescribeSubnetsCommand, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand, CreateServiceCommand, DeleteClusterCommand, DeleteServiceCommand, DescribeClustersCommand, DescribeContainerInstancesCommand, DescribeServicesCommand, DescribeTasksCommand,
  DeregisterTaskDefinitionCommand, DescribeServiceDeploymentsCommand, DescribeServiceRevisionsCommand, ECSClient, ListServiceDeploymentsCommand, StopServiceDeploymentCommand, ListContainerInstancesCommand, ListTaskDefinitionsCommand, ListTasksCommand, PutAttributesCommand, RegisterTaskDefinitionCommand, RunTaskCommand, StopTaskCommand,
  TagResourceCommand, ListTagsForResourceCommand, UpdateContainerInstancesStateCommand, UpdateServiceCommand, type ContainerDefinition, type RegisterTaskDefinitionCommandInput,
} from '@aws-sdk/client-ecs';
import { startFakeAgent, type Behaviour } from '../../../test/fake-ecs-agent.ts';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { imageId } from '../../wire/images.ts';

const cluster = 'shop';

describe('ECS by the SDK, with agents that run nothing', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ecs: ECSClient;
  let ec2: EC2Client;
  let agents: Awaited<ReturnType<typeof startFakeAgent>>[] = [];
  let behaviour: Behaviour = () => 'run';

  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 32768, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ecs = new ECSClient(installation.client);
    ec2 = new EC2Client(installation.client);
    await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
    for (const { SubnetId } of Subnets) {
      const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId: imageId('ecs-optimized'), InstanceType: 't3.small', MinCount: 1, MaxCount: 1, SubnetId }));
      agents.push(await join(Instances?.[0]?.InstanceId ?? ''));
    }
    await eventually(connected, (count) => count === 3);
  });
  after(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    ecs.destroy();
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const join = (instanceId: string) => startFakeAgent(installation.client, { cluster, instanceId, behaviour: (task) => behaviour(task) });
  const instancesOf = async (filter?: string) => {
    const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
    return containerInstanceArns.length ? (await ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }))).containerInstances ?? [] : [];
  };
  const connected = async () => (await instancesOf()).filter((one) => one.agentConnected).length;
  const define = async (family: string, container: Partial<ContainerDefinition> = {}, rest: Partial<RegisterTaskDefinitionCommandInput> = {}) =>
    (await ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: [{ name: 'web', image: 'docker.io/library/nginx', cpu: 128, memory: 64, portMappings: [{ containerPort: 80 }], ...container }], ...rest }))).taskDefinition?.taskDefinitionArn ?? '';
  const taskOf = async (arn = '') => (await ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }))).tasks?.[0];
  const serviceOf = async (name: string) => (await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }))).services?.[0];
  const stable = (name: string) => eventually(() => serviceOf(name), (one) => one?.deployments?.length === 1 && one.runningCount === one.desiredCount && one.pendingCount === 0);
  const tasksOf = async (serviceName: string) => (await ecs.send(new ListTasksCommand({ cluster, serviceName }))).taskArns ?? [];
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => [error.name, error.message]);
  /** Newest first. */
  const deploymentsOf = async (service: string) => (await ecs.send(new ListServiceDeploymentsCommand({ cluster, service }))).serviceDeployments ?? [];
  const deploymentOf = async (arn = '') => (await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }))).serviceDeployments?.[0];
  const remove = async (service: string) => {
    await ecs.send(new DeleteServiceCommand({ cluster, service, force: true }));
    await eventually(() => serviceOf(service), (one) => one?.status === 'INACTIVE');
  };
  const startedOnce = () => agents.every((agent) => [...agent.starts.values()].every((count) => count === 1));

  it('has the fleet, with what its machines and agents say', async () => {
    const { clusters: [shop] = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [cluster] }));
    assert.deepEqual([shop?.status, shop?.registeredContainerInstancesCount], ['ACTIVE', 3]);
    const [one] = await instancesOf('attribute:ecs.availability-zone == us-east-1b');
    assert.equal(one?.registeredResources?.find(({ name }) => name === 'CPU')?.integerValue, 2048);
    assert.equal(one?.attributes?.find(({ name }) => name === 'ecs.instance-type')?.value, 't3.small');
    assert.deepEqual(await refusal(ecs.send(new DeleteClusterCommand({ cluster }))), ['ClusterContainsContainerInstancesException', 'The Cluster cannot be deleted while Container Instances are active or draining.']);
  });

  it('runs a task, tells its ports, and stops it on demand', async () => {
    const taskDefinition = await define('one');
    const { tasks: [task] = [], failures } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition, startedBy: 'me', tags: [{ key: 'a', value: 'b' }] }));
    assert.deepEqual([failures, task?.lastStatus, task?.group], [[], 'PENDING', 'family:one']);
    const running = await eventually(() => taskOf(task?.taskArn), (one) => one?.lastStatus === 'RUNNING');
    assert.equal(running?.containers?.[0]?.networkBindings?.[0]?.containerPort, 80);
    assert.deepEqual((await ecs.send(new ListTasksCommand({ cluster, startedBy: 'me', family: 'one' }))).taskArns, [task?.taskArn]);
    assert.deepEqual((await ecs.send(new ListTagsForResourceCommand({ resourceArn: task?.taskArn }))).tags, [{ key: 'a', value: 'b' }]);
    const left = (await instancesOf()).map((one) => one.remainingResources?.find(({ name }) => name === 'MEMORY')?.integerValue ?? 0).toSorted((a, b) => a - b);
    assert.deepEqual(left, [1836, 1900, 1900]);
    await ecs.send(new StopTaskCommand({ cluster, task: task?.taskArn, reason: 'enough' }));
    const stopped = await eventually(() => taskOf(task?.taskArn), (one) => one?.lastStatus === 'STOPPED');
    assert.deepEqual([stopped?.stopCode, stopped?.stoppedReason, stopped?.containers?.[0]?.exitCode], ['UserInitiated', 'enough', 143]);
  });

  it('refuses too much with a reason for each instance', async () => {
    const taskDefinition = await define('big', { memory: 999999 });
    const { tasks, failures = [] } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition }));
    assert.deepEqual(tasks, []);
    assert.deepEqual(failures.map(({ reason }) => reason), ['RESOURCE:MEMORY', 'RESOURCE:MEMORY', 'RESOURCE:MEMORY']);
    assert.match(failures[0]?.arn ?? '', /:container-instance\/shop\/[0-9a-f]{32}$/);
  });

  it('tells the exit code of a job, and why a task could not start', async () => {
    const taskDefinition = await define('job');
    behaviour = (task) => (task.containers[0]?.overrides ? { exitCode: 3 } : { reason: 'CannotPullContainerError: pull image manifest has been retried 1 time(s)' });
    const run = async (command?: string[]) => (await ecs.send(new RunTaskCommand({ cluster, taskDefinition, ...(command && { overrides: { containerOverrides: [{ name: 'web', command }] } }) }))).tasks?.[0]?.taskArn;
    const [job, broken] = [await run(['exit', '3']), await run()];
    const ended = await eventually(() => taskOf(job), (one) => one?.lastStatus === 'STOPPED');
    assert.deepEqual([ended?.containers?.[0]?.exitCode, ended?.stopCode, ended?.stoppedReason], [3, 'EssentialContainerExited', 'Essential container in task exited']);
    const failed = await eventually(() => taskOf(broken), (one) => one?.lastStatus === 'STOPPED');
    assert.equal(failed?.stopCode, 'TaskFailedToStart');
    assert.match(failed?.stoppedReason ?? '', /^CannotPullContainerError/);
    behaviour = () => 'run';
  });

  it('keeps a service: starts, replaces, deploys, scales, deletes', async () => {
    const one = await define('web');
    await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'web', taskDefinition: one, desiredCount: 4, placementStrategy: [{ type: 'spread', field: 'attribute:ecs.availability-zone' }] }));
    await stable('web');
    const zones = (await ecs.send(new DescribeTasksCommand({ cluster, tasks: await tasksOf('web') }))).tasks?.map((task) => task.availabilityZone);
    assert.equal(new Set(zones).size, 3);
    const [victim = ''] = await tasksOf('web');
    await agents.find((agent) => agent.tasks.has(victim))?.exit(victim, 1);
    await eventually(() => tasksOf('web'), (arns) => arns.length === 4 && !arns.includes(victim));
    await stable('web');
    const two = await define('web', { image: 'docker.io/library/nginx:2' });
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'web', taskDefinition: two }));
    assert.equal((await serviceOf('web'))?.deployments?.length, 2);
    const deployed = await stable('web');
    const definitions = (await ecs.send(new DescribeTasksCommand({ cluster, tasks: await tasksOf('web') }))).tasks?.map((task) => task.taskDefinitionArn);
    assert.deepEqual([...new Set(definitions)], [two]);
    assert.equal(deployed?.deployments?.[0]?.rolloutState, 'COMPLETED');
    assert.match((await eventually(() => serviceOf('web'), (service) => service?.events?.[0]?.message?.includes('steady') ?? false))?.events?.[0]?.message ?? '', /^\(service web\) has reached a steady state\.$/);
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'web', desiredCount: 1 }));
    await stable('web');
    assert.deepEqual(await refusal(ecs.send(new DeleteServiceCommand({ cluster, service: 'web' }))), ['InvalidParameterException', 'The service cannot be stopped while it is scaled above 0.']);
    await remove('web');
    assert.ok(startedOnce());
  });

  it('throttles what keeps dying, and rolls back', async () => {
    await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'frail', taskDefinition: await define('frail'), desiredCount: 6 }));
    await eventually(() => serviceOf('frail'), (one) => one?.deployments?.[0]?.rolloutState === 'COMPLETED');
    behaviour = (task) => (task.family === 'frail' && task.version === '2' ? { exitCode: 1 } : 'run');
    const deploymentConfiguration = { deploymentCircuitBreaker: { enable: true, rollback: true } };
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'frail', taskDefinition: await define('frail', { image: 'docker.io/library/nginx:bad' }), deploymentConfiguration }));
    const back = await eventually(() => serviceOf('frail'), (one) => one?.taskDefinition?.endsWith(':1') === true && one.deployments?.length === 1 && one.runningCount === 6);
    const said = (back?.events ?? []).map(({ message }) => message).join('\n');
    assert.match(said, /deployment failed: tasks failed to start\./);
    assert.match(said, /rolling back to deployment ecs-svc\/\d+\./);
    const [broken] = await deploymentsOf('frail');
    const ended = await eventually(() => deploymentOf(broken?.serviceDeploymentArn), (found) => found?.status === 'ROLLBACK_SUCCESSFUL');
    assert.equal(ended?.deploymentCircuitBreaker?.status, 'TRIGGERED');
    assert.match(ended?.rollback?.reason ?? '', /circuit breaker/);
    behaviour = () => 'run';
    await remove('frail');
  });

  it('tells of each deployment of a service, and of the revision that it brings', async () => {
    const [one, two] = [await define('told'), await define('told', { image: 'docker.io/library/nginx:2' })];
    const { service } = await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'told', taskDefinition: one, desiredCount: 2 }));
    const digits = service?.deployments?.[0]?.id?.split('/')[1] ?? '';
    const revision = `arn:aws:ecs:us-east-1:123456789012:service-revision/shop/told/${digits}`;
    assert.deepEqual(service?.currentServiceRevisions, [{ arn: revision, requestedTaskCount: 2, runningTaskCount: 0, pendingTaskCount: 0 }]);
    assert.match(service.currentServiceDeployment ?? '', /^arn:aws:ecs:us-east-1:123456789012:service-deployment\/shop\/told\/[\w-]{21}$/);
    const [begun] = await deploymentsOf('told');
    assert.equal(begun?.serviceDeploymentArn, service.currentServiceDeployment);
    assert.equal(begun?.targetServiceRevisionArn, revision);
    const done = await eventually(() => deploymentOf(begun?.serviceDeploymentArn), (found) => found?.status === 'SUCCESSFUL');
    assert.deepEqual([done?.sourceServiceRevisions, done?.targetServiceRevision], [[], { arn: revision, requestedTaskCount: 2, runningTaskCount: 2, pendingTaskCount: 0 }]);
    assert.ok(done?.createdAt && done.startedAt && done.finishedAt && done.createdAt <= done.startedAt && done.startedAt <= done.finishedAt && !done.stoppedAt);
    assert.deepEqual([done.deploymentCircuitBreaker, done.alarms], [{ status: 'DISABLED' }, { status: 'DISABLED' }]);
    // Another count is no deployment; another task definition is.
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'told', desiredCount: 3 }));
    assert.equal((await deploymentsOf('told')).length, 1);
    const breaker = { enable: true, rollback: true };
    behaviour = ({ family, version }) => (family === 'told' && version === '2' ? 'wait' : 'run');
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'told', taskDefinition: two, deploymentConfiguration: { deploymentCircuitBreaker: breaker } }));
    const next = await eventually(async () => deploymentOf((await deploymentsOf('told'))[0]?.serviceDeploymentArn), (found) => found?.status === 'IN_PROGRESS');
    assert.deepEqual([next?.sourceServiceRevisions?.[0]?.arn, next?.deploymentConfiguration?.deploymentCircuitBreaker, next?.deploymentCircuitBreaker], [revision, breaker, { status: 'MONITORING', failureCount: 0, threshold: 3 }]);
    const { serviceRevisions = [], failures } = await ecs.send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: [next?.targetServiceRevision?.arn ?? '', revision, `${revision}0`] }));
    assert.deepEqual(serviceRevisions.map(({ taskDefinition, containerImages }) => [taskDefinition, containerImages?.[0]?.image]), [[two, 'docker.io/library/nginx:2'], [one, 'docker.io/library/nginx']]);
    assert.deepEqual(failures, [{ arn: `${revision}0`, reason: 'MISSING' }]);
    // A stopped one goes back to the revision before it.
    await ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: next?.serviceDeploymentArn }));
    const back = await eventually(() => deploymentOf(next?.serviceDeploymentArn), (found) => found?.status === 'ROLLBACK_SUCCESSFUL');
    assert.equal(back?.rollback?.serviceRevisionArn, revision);
    assert.match(back?.statusReason ?? '', /StopServiceDeployment/);
    assert.equal((await stable('told'))?.deployments?.[0]?.taskDefinition, one);
    assert.deepEqual(await refusal(ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: next?.serviceDeploymentArn }))), ['ConflictException', 'The service deployment cannot be stopped in the status ROLLBACK_SUCCESSFUL.']);
    // One that comes before another is done ends it.
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'told', taskDefinition: two }));
    await ecs.send(new UpdateServiceCommand({ cluster, service: 'told', taskDefinition: one, deploymentConfiguration: { deploymentCircuitBreaker: { enable: false, rollback: false } } }));
    const [last, overtaken] = await deploymentsOf('told');
    assert.equal(overtaken?.status, 'STOPPED');
    await eventually(() => deploymentOf(last?.serviceDeploymentArn), (found) => found?.status === 'SUCCESSFUL');
    const { serviceDeployments, nextToken } = await ecs.send(new ListServiceDeploymentsCommand({ cluster, service: 'told', status: ['SUCCESSFUL'], maxResults: 1 }));
    assert.deepEqual(serviceDeployments?.map((found) => found.serviceDeploymentArn), [last?.serviceDeploymentArn]);
    assert.deepEqual((await ecs.send(new ListServiceDeploymentsCommand({ cluster, service: 'told', status: ['SUCCESSFUL'], nextToken }))).serviceDeployments?.map((found) => found.serviceDeploymentArn), [begun?.serviceDeploymentArn]);
    behaviour = () => 'run';
    await remove('told');
  });

  it('waits for the health checks of containers, and replaces what fails them', async () => {
    const taskDefinition = await define('checked', { healthCheck: { command: ['CMD-SHELL', 'true'] } });
    await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'checked', taskDefinition, desiredCount: 1 }));
    const [first = ''] = await eventually(() => tasksOf('checked'), (arns) => arns.length === 1);
    const agent = await eventually(() => agents.find((one) => one.tasks.has(first)));
    await eventually(() => taskOf(first), (task) => task?.lastStatus === 'RUNNING' && task.healthStatus === 'UNKNOWN');
    assert.equal((await serviceOf('checked'))?.deployments?.[0]?.rolloutState, 'IN_PROGRESS');
    agent?.setHealth(first, 'HEALTHY');
    await eventually(() => serviceOf('checked'), (one) => one?.deployments?.[0]?.rolloutState === 'COMPLETED');
    assert.equal((await taskOf(first))?.healthStatus, 'HEALTHY');
    agent?.setHealth(first, 'UNHEALTHY');
    const ended = await eventually(() => taskOf(first), (task) => task?.lastStatus === 'STOPPED');
    assert.deepEqual([ended?.stopCode, ended?.stoppedReason], ['ServiceSchedulerInitiated', 'Task failed container health checks']);
    await remove('checked');
  });

  it('gives a task in awsvpc mode an interface of its own', async () => {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    const taskDefinition = await define('vpc', {}, { networkMode: 'awsvpc' });
    assert.equal((await refusal(ecs.send(new RunTaskCommand({ cluster, taskDefinition }))))[1], "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    const { tasks: [task] = [] } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition, networkConfiguration: { awsvpcConfiguration: { subnets: Subnets.map(({ SubnetId }) => SubnetId ?? '') } } }));
    assert.equal(task?.lastStatus, 'PROVISIONING');
    const running = await eventually(() => taskOf(task?.taskArn), (one) => one?.lastStatus === 'RUNNING');
    const address = running?.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
    assert.match(address, /^172\.31\./);
    assert.ok(host.list('interface').some((one) => one.address === address && one.attachment));
    await ecs.send(new StopTaskCommand({ cluster, task: task?.taskArn }));
    const stopped = await eventually(() => taskOf(task?.taskArn), (one) => one?.lastStatus === 'STOPPED');
    assert.equal(stopped?.attachments?.[0]?.status, 'DELETED');
    await eventually(() => !host.list('interface').some((one) => one.address === address));
  });

  it('empties an instance that drains, and replaces what a terminated one took with it', async () => {
    await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'heal', taskDefinition: await define('heal'), desiredCount: 3 }));
    await stable('heal');
    const [first] = await instancesOf();
    await ecs.send(new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [first?.containerInstanceArn ?? ''], status: 'DRAINING' }));
    await eventually(async () => (await ecs.send(new ListTasksCommand({ cluster, containerInstance: first?.containerInstanceArn }))).taskArns, (arns) => arns?.length === 0);
    await stable('heal');
    await ecs.send(new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [first?.containerInstanceArn ?? ''], status: 'ACTIVE' }));
    const tasks = (await ecs.send(new DescribeTasksCommand({ cluster, tasks: await tasksOf('heal') }))).tasks ?? [];
    const dying = (await instancesOf()).find((one) => one.containerInstanceArn === tasks[0]?.containerInstanceArn);
    const agent = agents.find((one) => one.containerInstanceArn === dying?.containerInstanceArn);
    await agent?.disconnect();
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [dying?.ec2InstanceId ?? ''] }));
    const lost = await eventually(() => taskOf(tasks[0]?.taskArn), (one) => one?.lastStatus === 'STOPPED');
    assert.deepEqual([lost?.stopCode, lost?.stoppedReason], ['TerminationNotice', `Host EC2 (instance ${dying?.ec2InstanceId}) terminated.`]);
    await eventually(() => serviceOf('heal'), (one) => one?.runningCount === 3 && one.pendingCount === 0);
    await eventually(async () => (await instancesOf()).length, (count) => count === 2);
    agents = agents.filter((one) => one !== agent);
    await remove('heal');
    assert.ok(startedOnce());
  });

  it('knows task definitions, attributes and tags', async () => {
    const arns = [await define('kept'), await define('kept')];
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arns[0] }));
    assert.deepEqual((await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'kept' }))).taskDefinitionArns, [arns[1]]);
    assert.deepEqual(await refusal(ecs.send(new RunTaskCommand({ cluster, taskDefinition: arns[0] }))), ['ClientException', 'TaskDefinition is inactive']);
    assert.deepEqual(await refusal(ecs.send(new RunTaskCommand({ cluster: 'none', taskDefinition: arns[1] }))), ['ClusterNotFoundException', 'Cluster not found.']);
    const [instance] = await instancesOf();
    await ecs.send(new PutAttributesCommand({ cluster, attributes: [{ name: 'stack', value: 'prod', targetType: 'container-instance', targetId: instance?.containerInstanceArn }] }));
    assert.deepEqual((await instancesOf('attribute:stack == prod')).map((one) => one.containerInstanceArn), [instance?.containerInstanceArn]);
    await ecs.send(new TagResourceCommand({ resourceArn: arns[1], tags: [{ key: 'team', value: 'shop' }] }));
    assert.deepEqual((await ecs.send(new ListTagsForResourceCommand({ resourceArn: arns[1] }))).tags, [{ key: 'team', value: 'shop' }]);
    const page = await ecs.send(new ListContainerInstancesCommand({ cluster, maxResults: 1 }));
    assert.ok(page.nextToken);
    assert.equal((await ecs.send(new ListContainerInstancesCommand({ cluster, nextToken: page.nextToken }))).containerInstanceArns?.length, 1);
  });
});
