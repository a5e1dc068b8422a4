import assert from 'node:assert/strict';
import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Task } from '@aws-sdk/client-ecs';
import { before, describe, it } from 'node:test';
import { clientsOf } from './fixtures/clients.ts';
import { webTask, type Fleet } from './fixtures/fleet.ts';
import { defaultNetwork, openGroup } from './fixtures/network.ts';
import { clients, shared, sharedFleet, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { ecs, logs, iam } = clients;

/** A task's status is what its containers do, and where a task cannot be placed the answer says why. */
describe('tasks', { timeout: 3_600_000, concurrency: 4 }, () => {
  let fleet: Fleet & { image: string };

  before(async () => {
    fleet = await sharedFleet();
  });

  async function define(family: string, container: Partial<ContainerDefinition>, task: Partial<RegisterTaskDefinitionCommandInput> = {}): Promise<string> {
    const { taskDefinition } = await ecs.registerTaskDefinition({
      family, networkMode: 'bridge', ...task,
      containerDefinitions: [{ ...webTask(shared, fleet, `${fleet.image}:1`), portMappings: [], ...container }],
    });
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  const script = (text: string) => ({ command: ['/bin/sh', '-c', text] });

  async function start(taskDefinition: string, more: object = {}): Promise<string> {
    const { tasks = [], failures = [] } = await ecs.runTask({ cluster: fleet.cluster, taskDefinition, ...more });
    assert.deepEqual(failures, []);
    return tasks[0]?.taskArn ?? '';
  }

  async function describeTask(arn: string): Promise<Task> {
    const { tasks = [] } = await ecs.describeTasks({ cluster: fleet.cluster, tasks: [arn] });
    assert.ok(tasks[0], `no task ${arn}`);
    return tasks[0];
  }

  const reaches = (arn: string, status: string) =>
    until(`the task is ${status}`, 90, async () => holds(await describeTask(arn), ({ lastStatus }) => lastStatus === status));

  /** What a task printed, in order. */
  async function output(arn: string, expected: RegExp): Promise<string> {
    return until(`the log says ${expected}`, 60, async () => {
      const { events = [] } = await logs.getLogEvents({ logGroupName: fleet.logGroup, logStreamName: `web/web/${arn.split('/').at(-1)}`, startFromHead: true });
      return holds(events.map(({ message }) => message).join('\n'), (text) => expected.test(text));
    });
  }

  it('end with the exit code of their container, whatever it printed in the log', async () => {
    const arn = await start(await define('exit-code', script('echo one; echo two >&2; exit 3')));
    const task = await reaches(arn, 'STOPPED');
    assert.equal(task.containers?.[0]?.exitCode, 3);
    assert.equal(task.stopCode, 'EssentialContainerExited');
    assert.equal(task.stoppedReason, 'Essential container in task exited');
    const text = await output(arn, /one[^]*two|two[^]*one/);
    assert.equal(text.split('\n').length, 2);
  });

  it('are told to stop, and killed when they do not', async () => {
    const obeys = await start(await define('obeys', { ...script('trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'), stopTimeout: 20 }));
    const deaf = await start(await define('deaf', { ...script('trap "" TERM; echo ready; while :; do sleep 0.1; done'), stopTimeout: 2 }));
    for (const [arn, exitCode] of [[obeys, 7], [deaf, 137]] as const) {
      await output(arn, /ready/);
      await ecs.stopTask({ cluster: fleet.cluster, task: arn, reason: 'enough' });
      const task = await reaches(arn, 'STOPPED');
      assert.deepEqual([task.containers?.[0]?.exitCode, task.stopCode, task.stoppedReason], [exitCode, 'UserInitiated', 'enough']);
    }
  });

  it('say that they took too much memory', async () => {
    const task = await reaches(await start(await define('hungry', { memory: 16, command: ['/bin/busybox', 'tail', '/dev/zero'] })), 'STOPPED');
    assert.equal(task.containers?.[0]?.exitCode, 137);
    assert.match(task.containers?.[0]?.reason ?? '', /^OutOfMemoryError/);
  });

  it('say that their image is not there', async () => {
    const task = await reaches(await start(await define('no-image', { image: `${fleet.image}:no-such-tag` })), 'STOPPED');
    assert.equal(task.stopCode, 'TaskFailedToStart');
    assert.match(task.stoppedReason ?? '', /^CannotPullContainerError/);
    assert.equal(task.containers?.[0]?.exitCode, undefined);
  });

  it('are refused with a reason where no instance has room', async () => {
    const reasons = async (definition: string, more: object = {}) => {
      const { failures = [], tasks } = await ecs.runTask({ cluster: fleet.cluster, taskDefinition: definition, ...more });
      assert.deepEqual(tasks, []);
      return [...new Set(failures.map(({ reason }) => reason))];
    };
    assert.deepEqual(await reasons(await define('much-memory', { memory: 99_999 })), ['RESOURCE:MEMORY']);
    assert.deepEqual(await reasons(await define('much-cpu', { cpu: 99_999 })), ['RESOURCE:CPU']);
    const port = await define('fixed-port', { portMappings: [{ containerPort: 8080, hostPort: 9_876 }] });
    const { tasks = [] } = await ecs.runTask({ cluster: fleet.cluster, taskDefinition: port, count: 3 });
    assert.equal(tasks.length, 3);
    assert.deepEqual(await reasons(port), ['RESOURCE:PORTS']);
    for (const { taskArn } of tasks) await ecs.stopTask({ cluster: fleet.cluster, task: taskArn });
    assert.deepEqual(await reasons(port, { placementConstraints: [{ type: 'memberOf', expression: 'attribute:ecs.instance-type == m5.large' }] }), ['MemberOf placement constraint unsatisfied.']);
  });

  it('have the credentials of their role', async () => {
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }] };
    const { Role } = await iam.createRole({ RoleName: unique('task-role'), AssumeRolePolicyDocument: JSON.stringify(trust) });
    const definition = await define('role', script('wget -qO- "http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"'), { taskRoleArn: Role?.Arn });
    const arn = await start(definition);
    const given = JSON.parse(await output(arn, /SecretAccessKey/)) as { AccessKeyId: string; SecretAccessKey: string; Token: string; RoleArn: string };
    assert.equal(given.RoleArn, Role?.Arn);
    const { sts } = clientsOf(shared, { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.Token });
    assert.match((await sts.getCallerIdentity({})).Arn ?? '', new RegExp(`^arn:aws:sts::\\d{12}:assumed-role/${unique('task-role')}/${arn.split('/').at(-1)}$`));
  });

  it('in awsvpc mode are reached at an address of their own, by whom their security group lets in', async () => {
    const { vpcId, subnets } = await defaultNetwork(clients);
    const open = await openGroup(clients, vpcId, unique('awsvpc-open'), [8080]);
    const closed = await openGroup(clients, vpcId, unique('awsvpc-closed'), []);
    const definition = await define('awsvpc', { portMappings: [{ containerPort: 8080 }] }, { networkMode: 'awsvpc' });
    const address = async (group: string) => {
      const arn = await start(definition, { networkConfiguration: { awsvpcConfiguration: { subnets: subnets.map(({ id }) => id), securityGroups: [group] } } });
      const task = await reaches(arn, 'RUNNING');
      const details = task.attachments?.find(({ type }) => type === 'ElasticNetworkInterface')?.details ?? [];
      return { arn, ip: details.find(({ name }) => name === 'privateIPv4Address')?.value ?? '' };
    };
    const [reachable, hidden] = await Promise.all([address(open), address(closed)]);
    assert.notEqual(reachable.ip, hidden.ip);
    const visit = (ip: string) => `timeout 2 wget -qO- http://${ip}:8080/cgi-bin/index.cgi`;
    const visitor = await start(await define('visitor', script(`until ${visit(reachable.ip)}; do sleep 0.2; done; ${visit(hidden.ip)} || echo "no way to ${hidden.ip}"`)));
    assert.match(await output(visitor, /no way/), new RegExp(`^version 1 from [^]*\nno way to ${hidden.ip.replaceAll('.', '\\.')}`));
    for (const { arn } of [reachable, hidden]) {
      await ecs.stopTask({ cluster: fleet.cluster, task: arn });
      await reaches(arn, 'STOPPED');
    }
  });
});
