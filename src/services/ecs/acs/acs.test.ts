import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { define } from '../task-definitions/define.ts';
import type { Task } from '../records.ts';
import { containersChanged, taskChanged } from '../tasks/reports.ts';
import { stop } from '../tasks/state.ts';
import { gatewayOf } from './network-interface.ts';
import { makeOutbox, topicOf } from './outbox.ts';
import { acsTask } from './task.ts';

const scope = { account: '123456789012', region: 'us-east-1' };
const now = '2026-01-01T00:00:00.000Z';
const definition = {
  ...define({
    family: 'web', cpu: '512', memory: '1024', executionRoleArn: 'arn:aws:iam::123456789012:role/x', volumes: [{ name: 'data', host: { sourcePath: '/data' } }, { name: 'empty' }],
    containerDefinitions: [{
      name: 'web', image: '123456789012.dkr.ecr.us-east-1.t.internal:4566/web:1', memory: 64, memoryReservation: 32, command: ['a'], environment: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }],
      portMappings: [{ containerPort: 80 }], healthCheck: { command: ['CMD', 'true'], interval: 10 }, ulimits: [{ name: 'nofile', softLimit: 1, hardLimit: 2 }], readonlyRootFilesystem: true,
      logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g', 'awslogs-region': 'us-east-1' } }, mountPoints: [{ sourceVolume: 'data', containerPath: '/d' }],
      secrets: [{ name: 'S', valueFrom: 'arn:aws:ssm:eu-west-1:123456789012:parameter/s' }],
    }],
  }, { now, by: '', tags: {} }), revision: 7,
};
const task = (change: Partial<Task> = {}): Task => ({
  id: 'f00', cluster: 'c', taskDefinition: 'web:7', containerInstance: 'i', launchType: 'EC2', group: 'service:web', desiredStatus: 'RUNNING', lastStatus: 'PENDING', cpu: '512', memory: '1024',
  containers: [{ id: 'c0', name: 'web', lastStatus: 'PENDING', networkBindings: [] }], demand: { cpu: 0, memory: 0, tcp: [], udp: [] }, loadBalancers: [], targets: [], enableExecuteCommand: false,
  overrides: { containerOverrides: [{ name: 'web', command: ['b'], environment: [{ name: 'B', value: '3' }] }] }, version: 1, createdAt: now, tags: {}, ...change,
});

describe('what an agent is told', () => {
  it('has the definition and the overrides in it', () => {
    const told = acsTask(scope, task(), 'RUNNING', { definition });
    assert.deepEqual([told.arn, told.version, told.cpu, told.memory, told.serviceName], ['arn:aws:ecs:us-east-1:123456789012:task/c/f00', '7', 0.5, 1024, 'web']);
    const [container] = told.containers;
    assert.deepEqual(container?.environment, { A: '1', B: '3' });
    assert.deepEqual([container?.command, container?.overrides], [['a'], '{"command":["b"]}']);
    assert.deepEqual(container?.registryAuthentication, { type: 'ecr', ecrAuthData: { registryId: '123456789012', region: 'us-east-1', useExecutionRole: true } });
    assert.deepEqual(container?.secrets, [{ name: 'S', valueFrom: 'arn:aws:ssm:eu-west-1:123456789012:parameter/s', provider: 'ssm', region: 'eu-west-1', type: 'ENVIRONMENT_VARIABLE', target: 'CONTAINER' }]);
    assert.deepEqual(JSON.parse(container?.dockerConfig?.config ?? ''), { Healthcheck: { Test: ['CMD', 'true'], Interval: 10e9, Timeout: 5e9, Retries: 3 } });
    assert.deepEqual(JSON.parse(container?.dockerConfig?.hostConfig ?? ''), {
      LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': 'g', 'awslogs-region': 'us-east-1' } }, MemoryReservation: 32 * 2 ** 20, Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }], ReadonlyRootfs: true,
    });
    assert.deepEqual(told.volumes, [{ name: 'data', type: 'host', host: { sourcePath: '/data' } }, { name: 'empty', type: 'host', host: {} }]);
    assert.equal(gatewayOf('172.31.16.0/20'), '172.31.16.1/20');
  });

  it('is told again until it is acknowledged, and once more in each session where it must stop', () => {
    let at = 0;
    const outbox = makeOutbox(() => at);
    const topic = topicOf(task());
    assert.equal(topic, 'start f00');
    outbox.note('m1', ['start f00']);
    assert.equal(outbox.isDue('start f00'), false);
    at = 10_000;
    assert.equal(outbox.isDue('start f00'), true);
    assert.deepEqual(outbox.acknowledge('m1'), ['start f00']);
    assert.equal(outbox.isDue('start f00'), false);
    assert.equal(topicOf(task({ acknowledged: 'RUNNING' })), undefined);
    assert.equal(topicOf(task({ acknowledged: 'STOPPED', desiredStatus: 'STOPPED', lastStatus: 'STOPPING' })), 'stop f00');
    assert.equal(topicOf(task({ desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING' })), undefined);
  });
});

describe('what an agent reports', () => {
  const stopped = { status: 'STOPPED', containers: [{ containerName: 'web', status: 'STOPPED', exitCode: 3 }] };

  it('moves a task on, never back', () => {
    const running = taskChanged(task(), { status: 'RUNNING', containers: [{ containerName: 'web', status: 'RUNNING' }] }, now) ?? task();
    assert.deepEqual([running.lastStatus, running.startedAt, running.version], ['RUNNING', now, 3]);
    assert.equal(taskChanged(task({ loadBalancers: [{ targetGroupArn: 'tg' }] }), { status: 'RUNNING' }, now)?.lastStatus, 'ACTIVATING');
    const ended = taskChanged(running, stopped, now) ?? task();
    assert.deepEqual([ended.lastStatus, ended.stopCode, ended.containers[0]?.exitCode], ['STOPPED', 'EssentialContainerExited', 3]);
    assert.equal(taskChanged(ended, { status: 'RUNNING' }, now), undefined);
    assert.equal(containersChanged(ended, [{ containerName: 'web', status: 'RUNNING' }]), undefined);
  });

  it('keeps the first reason, and tells a task that never started', () => {
    const stopping = stop(task({ lastStatus: 'RUNNING', startedAt: now }), { code: 'UserInitiated', reason: 'enough' }, now) ?? task();
    assert.equal(stopping.lastStatus, 'STOPPING');
    assert.deepEqual([taskChanged(stopping, stopped, now)?.stopCode, taskChanged(stopping, stopped, now)?.stoppedReason], ['UserInitiated', 'enough']);
    const failed = taskChanged(task(), { status: 'STOPPED', reason: 'CannotPullContainerError: no such image' }, now);
    assert.deepEqual([failed?.stopCode, failed?.stoppedReason], ['TaskFailedToStart', 'CannotPullContainerError: no such image']);
  });

  it('leaves what is left to be tidied to DEPROVISIONING; targets drain before the agent is told to stop', () => {
    const registered = task({ lastStatus: 'RUNNING', startedAt: now, targets: [{ targetGroupArn: 'tg', id: 'i-1', port: 1 }] });
    assert.equal(taskChanged(registered, stopped, now)?.lastStatus, 'DEPROVISIONING');
    assert.equal(stop(registered, { code: 'ServiceSchedulerInitiated', reason: 'x' }, now)?.lastStatus, 'DEACTIVATING');
  });
});
