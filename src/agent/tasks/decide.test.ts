import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AcsContainer } from '../../wire/acs.ts';
import type { ContainerRecord, TaskRecord } from '../state.ts';
import { decide, knownStatus, restarts } from './decide.ts';

const container = (name: string, more: Partial<AcsContainer> = {}): AcsContainer => ({ name, containerArn: '', image: 'image', essential: true, cpu: 0, memory: 0, ...more });

function record(containers: AcsContainer[], states: Record<string, Partial<ContainerRecord>> = {}, more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    task: { arn: 'arn:aws:ecs:us-east-1:000000000000:task/c/1', family: 'f', version: '1', desiredStatus: 'RUNNING', containers },
    clusterArn: '', seqNum: 1, receivedAt: '', desired: 'RUNNING', sandboxes: {}, submitted: { containers: {} },
    containers: Object.fromEntries(containers.map(({ name }) => [name, { phase: 'PENDING', metadataId: '', attempt: 0, ...states[name] }])),
    ...more,
  };
}
const steps = (one: TaskRecord, now = 0) => decide(one, now).steps;
const startedAt = new Date(0).toISOString();

describe('the next steps of a task', () => {
  it('pulls all images at once, starts what depends on nothing', () => {
    const containers = [container('app', { dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }] }), container('db')];
    assert.deepEqual(steps(record(containers)), [{ do: 'pull', container: 'app' }, { do: 'pull', container: 'db' }]);
    assert.deepEqual(steps(record(containers, { app: { phase: 'PULLED' }, db: { phase: 'PULLED' } })), [{ do: 'start', container: 'db' }]);
  });

  it('waits for each condition, and no longer', () => {
    const on = (condition: 'START' | 'HEALTHY' | 'COMPLETE' | 'SUCCESS', other: Partial<ContainerRecord>) =>
      steps(record([container('app', { dependsOn: [{ containerName: 'x', condition }] }), container('x', { essential: false })], { app: { phase: 'PULLED' }, x: other })).filter((step) => step.do !== 'pull');
    const start = [{ do: 'start', container: 'app' }];
    const health = (status: 'HEALTHY' | 'UNHEALTHY') => ({ status, since: startedAt });
    assert.deepEqual(on('START', { phase: 'RUNNING', startedAt }), start);
    assert.deepEqual(on('HEALTHY', { phase: 'RUNNING', startedAt, health: health('UNHEALTHY') }), []);
    assert.deepEqual(on('HEALTHY', { phase: 'RUNNING', startedAt, health: health('HEALTHY') }), start);
    assert.deepEqual(on('COMPLETE', { phase: 'RUNNING', startedAt }), []);
    assert.deepEqual(on('COMPLETE', { phase: 'STOPPED', startedAt, exitCode: 1 }), start);
    assert.deepEqual(on('SUCCESS', { phase: 'STOPPED', startedAt, exitCode: 0 }), start);
    assert.deepEqual(on('SUCCESS', { phase: 'STOPPED', startedAt, exitCode: 1 }), [
      { do: 'abandon', container: 'app', reason: 'dependency graph: failed to resolve container ordering dependency [x] for target [app] as dependency did not exit successfully.' },
    ]);
  });

  it('gives up after the start timeout of what is waited for', () => {
    const waiting = record([container('app', { dependsOn: [{ containerName: 'x', condition: 'COMPLETE' }] }), container('x', { essential: false, startTimeout: 5 })], { app: { phase: 'PULLED' }, x: { phase: 'RUNNING', startedAt } });
    assert.deepEqual(decide(waiting, 1000), { steps: [], nextAt: 5000 });
    assert.match(String((steps(waiting, 5000)[0] as { reason?: string }).reason), /has timed out\.$/);
  });

  it('stops the others once an essential container has stopped, dependants first', () => {
    const containers = [container('web', { dependsOn: [{ containerName: 'proxy', condition: 'START' }] }), container('proxy'), container('side')];
    const running = { phase: 'RUNNING', startedAt } as const;
    assert.deepEqual(steps(record(containers, { web: running, proxy: running, side: { phase: 'STOPPED' } })), [{ do: 'stop', container: 'web' }]);
    assert.deepEqual(steps(record(containers, { web: { phase: 'STOPPED' }, proxy: running, side: { phase: 'STOPPED' } })), [{ do: 'stop', container: 'proxy' }]);
    assert.deepEqual(steps(record(containers, { web: { phase: 'STOPPED' }, proxy: { phase: 'STOPPED' }, side: { phase: 'STOPPED' } })), [{ do: 'finish' }]);
  });

  it('never starts what is told to stop', () => {
    const told = record([container('a'), container('b')], { a: { phase: 'PULLED' } }, { desired: 'STOPPED' });
    assert.deepEqual(steps(told), [{ do: 'abandon', container: 'a' }, { do: 'abandon', container: 'b' }]);
    assert.deepEqual(steps({ ...told, stoppedAt: startedAt }), []);
  });
});

it('a task is RUNNING once each container has started, STOPPED once everything is cleared away', () => {
  const containers = [container('init', { essential: false }), container('app')];
  const init = { phase: 'STOPPED', startedAt, exitCode: 0 } as const;
  assert.equal(knownStatus(record(containers, { init })), 'PENDING');
  assert.equal(knownStatus(record(containers, { init, app: { phase: 'RUNNING', startedAt } })), 'RUNNING');
  assert.equal(knownStatus(record(containers, { init, app: { phase: 'STOPPED', startedAt } })), 'PENDING');
  assert.equal(knownStatus(record(containers, { init, app: { phase: 'STOPPED', startedAt } }, { stoppedAt: startedAt })), 'STOPPED');
});

it('only a restart policy restarts, after long enough, for exit codes that it does not ignore', () => {
  const policy = (restartPolicy: AcsContainer['restartPolicy']) => container('a', restartPolicy ? { restartPolicy } : {});
  const ran = (seconds: number, exitCode = 1) => ({ startedAt: 0, finishedAt: seconds * 1000, exitCode });
  assert.equal(restarts(policy(undefined), ran(1000)), false);
  assert.equal(restarts(policy({ enabled: true }), ran(299)), false);
  assert.equal(restarts(policy({ enabled: true }), ran(300)), true);
  assert.equal(restarts(policy({ enabled: true, restartAttemptPeriod: 60 }), ran(60)), true);
  assert.equal(restarts(policy({ enabled: true, ignoredExitCodes: [0] }), ran(400, 0)), false);
});
