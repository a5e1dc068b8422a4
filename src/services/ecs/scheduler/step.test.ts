import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Deployment, Service } from '../records.ts';
import { newDeployment } from './deployments.ts';
import type { ScheduledTask, Situation } from './situation.ts';
import { step } from './step.ts';

const now = new Date('2026-01-01T00:00:00Z');
const deployment = (id: string, change: Partial<Deployment> = {}): Deployment => ({ ...newDeployment(id, { taskDefinition: `web:${id}` }, now.toISOString()), ...change });
const service = (change: Partial<Service> = {}): Service => ({
  name: 'web', cluster: 'c', status: 'ACTIVE', schedulingStrategy: 'REPLICA', desiredCount: 4, taskDefinition: 'web:new', deployments: [deployment('new')],
  deploymentConfiguration: { maximumPercent: 200, minimumHealthyPercent: 100 }, loadBalancers: [], serviceRegistries: [], placementConstraints: [], placementStrategy: [],
  availabilityZoneRebalancing: 'DISABLED', enableECSManagedTags: false, enableExecuteCommand: false, propagateTags: 'NONE', events: [], steady: false, createdAt: now.toISOString(), createdBy: '', currentDeployment: 'd', tags: {}, ...change,
});
let count = 0;
const task = (change: Partial<ScheduledTask> = {}): ScheduledTask => ({
  id: `t${++count}`, deployment: 'new', status: 'RUNNING', wanted: true, ready: true, proven: true, instance: 'i1', zone: 'a', displaced: false, protected: false, createdAt: `2026-01-01T00:00:${String(count % 60).padStart(2, '0')}Z`,
  failure: false, unaccounted: false, ...change,
});
const tasks = (n: number, change: Partial<ScheduledTask> = {}) => Array.from({ length: n }, () => task(change));
const pending = { status: 'PENDING' as const, ready: false, proven: false };
const gone = { status: 'STOPPED' as const, wanted: false, ready: false, proven: false };
const plan = (change: Partial<Situation>) => step({ service: service(), tasks: [], now, cramped: false, instances: [], ...change });
const rolling = service({ deployments: [deployment('new'), deployment('old', { rolloutState: 'COMPLETED' })] });

describe('a REPLICA service', () => {
  it('starts what is missing, once', () => {
    assert.equal(plan({}).start.count, 4);
    assert.equal(plan({ tasks: tasks(3, pending) }).start.count, 1);
    assert.equal(plan({ tasks: tasks(4, pending) }).start.count, 0);
  });

  it('is steady once all are ready, and says so once', () => {
    const first = plan({ tasks: tasks(4) });
    assert.deepEqual(first.events, ['(deployment new) deployment completed.', 'has reached a steady state.']);
    assert.equal(first.service.deployments[0]?.rolloutState, 'COMPLETED');
    assert.equal(first.service.lastCompleted?.taskDefinition, 'web:new');
    const second = plan({ service: first.service, tasks: tasks(4) });
    assert.deepEqual(second.events, []);
    assert.equal(second.service, first.service);
  });

  it('rolls: new tasks beside the old, and an old one goes for each new one that is ready', () => {
    const old = tasks(4, { deployment: 'old' });
    const begin = plan({ service: rolling, tasks: old });
    assert.equal(begin.start.count, 4);
    assert.deepEqual(begin.stop, []);
    assert.deepEqual(plan({ service: rolling, tasks: [...old, ...tasks(4, { ready: false, proven: false })] }).stop, []);
    const half = plan({ service: rolling, tasks: [...old, ...tasks(2), ...tasks(2, pending)] });
    assert.equal(half.stop.length, 2);
    assert.ok(half.stop.every(({ task: id, reason }) => old.some((one) => one.id === id) && reason === 'Scaling activity initiated by (deployment new)'));
    assert.equal(half.start.count, 0);
  });

  it('lets old tasks run whose first health check is due, until as many new ones are ready', () => {
    const unchecked = tasks(4, { deployment: 'old', ready: false, proven: false });
    assert.deepEqual(plan({ service: rolling, tasks: unchecked }).stop, []);
    assert.deepEqual(plan({ service: rolling, tasks: [...unchecked, ...tasks(4, { ready: false, proven: false })] }).stop, []);
    assert.equal(plan({ service: rolling, tasks: [...unchecked, ...tasks(4)] }).stop.length, 4);
    assert.equal(plan({ service: rolling, tasks: [...tasks(4, { ...pending, deployment: 'old' })] }).stop.length, 4);
  });

  it('keeps the old deployment until its last target has drained', () => {
    const draining = plan({ service: rolling, tasks: [...tasks(4), task({ deployment: 'old', status: 'DEACTIVATING', wanted: false, ready: false })] });
    assert.equal(draining.service.deployments.length, 2);
    assert.deepEqual(draining.events, []);
    const done = plan({ service: rolling, tasks: [...tasks(4), task({ deployment: 'old', status: 'STOPPING', wanted: false, ready: false })] });
    assert.equal(done.service.deployments.length, 1);
    assert.equal(done.events.at(-1), 'has reached a steady state.');
  });

  it('stops healthy tasks first only where there is no room, down to minimumHealthyPercent', () => {
    const configured = (maximumPercent: number, minimumHealthyPercent: number) => ({ ...rolling, deploymentConfiguration: { maximumPercent, minimumHealthyPercent } });
    const old = tasks(4, { deployment: 'old' });
    const swap = plan({ service: configured(100, 50), tasks: old });
    assert.deepEqual([swap.start.count, swap.stop.length], [0, 2]);
    assert.equal(plan({ service: configured(200, 50), tasks: old }).stop.length, 0);
    assert.equal(plan({ service: configured(200, 50), tasks: old, cramped: true }).stop.length, 2);
    assert.equal(plan({ service: configured(200, 100), tasks: old, cramped: true }).stop.length, 0);
  });

  it('scales in where there are most, and spares protected tasks', () => {
    const fleet = [task({ zone: 'a', protected: true }), task({ zone: 'a' }), task({ zone: 'a' }), task({ zone: 'b' })];
    const { stop } = plan({ service: service({ desiredCount: 2 }), tasks: fleet });
    assert.deepEqual(stop.map(({ task: id }) => fleet.findIndex((one) => one.id === id)).toSorted((a, b) => a - b), [1, 2]);
  });

  it('empties an instance that drains, one for one', () => {
    const fleet = [...tasks(3), task({ displaced: true })];
    const begin = plan({ tasks: fleet });
    assert.deepEqual([begin.start.count, begin.stop.length], [1, 0]);
    assert.deepEqual(plan({ tasks: [...fleet, task()] }).stop.map(({ task: id }) => id), [fleet[3]?.id]);
  });

  it('replaces a task that fails its health checks', () => {
    const sick = task({ ready: false, proven: false, ailment: 'Task failed ELB health checks in (target-group tg)' });
    const begin = plan({ tasks: [...tasks(3), sick] });
    assert.deepEqual([begin.start.count, begin.stop.length], [1, 0]);
    assert.deepEqual(plan({ tasks: [...tasks(3), sick, task(pending)] }).stop, [{ task: sick.id, reason: sick.ailment }]);
  });

  it('throttles tasks that die one after the other', () => {
    const alone = service({ desiredCount: 1 });
    const died = () => task({ ...gone, failure: true, unaccounted: true });
    const once = plan({ service: alone, tasks: [died()] });
    assert.equal(once.start.count, 1);
    assert.equal(once.accounted.length, 1);
    const twice = plan({ service: once.service, tasks: [died()] });
    assert.equal(twice.start.count, 0);
    assert.equal(twice.againInMs, 10_000);
    assert.match(twice.events[0] ?? '', /^is unable to consistently start tasks successfully\./);
    const later = plan({ service: twice.service, tasks: [], now: new Date(now.getTime() + 10_000) });
    assert.equal(later.start.count, 1);
    const well = plan({ service: twice.service, tasks: tasks(1), now: new Date(now.getTime() + 60_000) });
    assert.deepEqual([well.service.deployments[0]?.consecutiveFailures, well.service.deployments[0]?.notBefore], [0, undefined]);
  });

  it('breaks the circuit and goes back to what completed', () => {
    const breaking = { ...rolling, deploymentConfiguration: { ...rolling.deploymentConfiguration, deploymentCircuitBreaker: { enable: true, rollback: true } } };
    const failures = tasks(3, { ...gone, failure: true, unaccounted: true });
    const broken = plan({ service: breaking, tasks: [...tasks(4, { deployment: 'old' }), ...failures] });
    assert.deepEqual(broken.events.slice(0, 2), ['(deployment new) deployment failed: tasks failed to start.', 'rolling back to deployment old.']);
    assert.deepEqual(broken.service.deployments.map(({ id, rolloutState }) => [id, rolloutState]), [['old', 'COMPLETED']]);
    assert.equal(broken.service.taskDefinition, 'web:old');
    assert.equal(broken.start.count, 0);
    const without = plan({ service: { ...breaking, deploymentConfiguration: { ...breaking.deploymentConfiguration, deploymentCircuitBreaker: { enable: true, rollback: false } } }, tasks: [...tasks(4, { deployment: 'old' }), ...failures] });
    assert.equal(without.service.deployments[0]?.rolloutState, 'FAILED');
    assert.deepEqual([without.start.count, without.stop.length], [0, 0]);
  });

  it('that is deleted stops all', () => {
    const { start, stop } = plan({ service: service({ status: 'DRAINING', desiredCount: 0 }), tasks: tasks(4) });
    assert.deepEqual([start.count, stop.length], [0, 4]);
  });
});

describe('a DAEMON service', () => {
  const daemon = (change: Partial<Service> = {}) => service({ schedulingStrategy: 'DAEMON', desiredCount: 0, deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 }, ...change });

  it('has one task on each instance, and none elsewhere', () => {
    const { start, stop, service: next } = plan({ service: daemon(), instances: ['i1', 'i2'], tasks: [task(), task({ instance: 'i3' })] });
    assert.deepEqual(start, { count: 1, instances: ['i2'] });
    assert.equal(stop.length, 1);
    assert.equal(next.desiredCount, 2);
  });

  it('replaces as many at a time as minimumHealthyPercent allows', () => {
    const fleet = [task({ deployment: 'old', instance: 'i1' }), task({ deployment: 'old', instance: 'i2' })];
    const deploying = daemon({ deployments: rolling.deployments, deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 50 } });
    const { start, stop } = plan({ service: deploying, instances: ['i1', 'i2'], tasks: fleet });
    assert.deepEqual([start.count, stop.length], [0, 1]);
  });
});
