import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InstanceStateName } from '../ec2/index.ts';
import type { Group, Member } from './records.ts';
import { emptiestFirst, step } from './step.ts';
import type { Action, Seen } from './step.ts';
import { chooseVictims } from './victims.ts';

const now = new Date('2026-01-01T12:00:00Z');
const subnets = ['a', 'b', 'c'].map((zone) => ({ id: `subnet-${zone}`, zone }));
const group = (change: Partial<Group> = {}): Group => ({
  name: 'g', arn: 'arn', createdAt: now.toISOString(), minSize: 0, maxSize: 9, desiredCapacity: 3, launch: { template: { id: 'lt-1', name: 'lt', version: '$Latest' } }, subnets,
  healthCheckTypes: ['EC2'], healthCheckGracePeriod: 60, defaultCooldown: 300, targetGroupArns: [], leavingTargetGroupArns: [], terminationPolicies: ['Default'],
  newInstancesProtectedFromScaleIn: false, capacityRebalance: false, suspended: {}, tags: [], causes: [], ...change,
});
const member = (id: string, zone: string, change: Partial<Member> = {}): Member => ({
  id, group: 'g', zone, subnetId: `subnet-${zone}`, lifecycleState: 'InService', health: 'Healthy', protectedFromScaleIn: false, instanceId: `i-${id}`,
  createdAt: '2026-01-01T11:00:00Z', inServiceAt: '2026-01-01T11:00:00Z', template: { id: 'lt-1', name: 'lt', version: '1' }, ...change,
});
const seen = (one: Member, state: InstanceStateName | undefined = 'running', change: Partial<Seen> = {}): Seen => ({ member: one, state, impaired: false, unhealthyTarget: false, registeredIn: [], ...change });
const brief = (actions: Action[]) => actions.map((action) => `${action.type} ${'member' in action ? action.member.id : action.subnets[0]?.zone}`);

describe('a step of a group', () => {
  it('starts what lacks, one a zone, and says why', () => {
    const actions = step(group({ causes: ['At 2026-01-01T11:59:59Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 3.'] }), [], now);
    assert.deepEqual(brief(actions), ['launch a', 'launch b', 'launch c']);
    assert.equal(actions[0]?.type === 'launch' && actions[0].cause, 'At 2026-01-01T11:59:59Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 3.  ' +
      'At 2026-01-01T12:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 3.');
  });

  it('fills the emptiest zone first', () => {
    assert.deepEqual(brief(step(group({ desiredCapacity: 5 }), [seen(member('1', 'a')), seen(member('2', 'a')), seen(member('3', 'c'))], now)), ['launch b', 'launch b']);
    assert.deepEqual(emptiestFirst(subnets, new Map([['a', 1], ['b', 0], ['c', 1]])).map(({ zone }) => zone), ['b', 'a', 'c']);
  });

  it('replaces what is down, impaired or unhealthy, each with its own reason', () => {
    const cases: [Seen, RegExp][] = [
      [seen(member('1', 'a'), 'terminated'), /EC2 health check indicating it has been terminated or stopped/],
      [seen(member('1', 'a'), 'stopped'), /EC2 health check indicating it has been terminated or stopped/],
      [seen(member('1', 'a'), 'running', { impaired: true }), /EC2 instance status checks failure/],
      [seen(member('1', 'a'), 'running', { unhealthyTarget: true }), /ELB system health check failure/],
      [seen(member('1', 'a', { health: 'Unhealthy' })), /user health-check/],
    ];
    for (const [one, cause] of cases) {
      const actions = step(group({ desiredCapacity: 1 }), [one], now);
      assert.deepEqual(brief(actions), ['terminate 1', 'launch a']);
      assert.match(actions[0]?.type === 'terminate' ? actions[0].cause : '', cause);
      assert.match(actions[1]?.type === 'launch' ? actions[1].cause : '', /an instance was launched in response to an unhealthy instance needing to be replaced\.$/);
    }
  });

  it('lets a grace period pass before a balancer is heard, and does what is suspended not', () => {
    const young = member('1', 'a', { inServiceAt: '2026-01-01T11:59:30Z' });
    assert.deepEqual(step(group({ desiredCapacity: 1 }), [seen(young, 'running', { unhealthyTarget: true })], now), []);
    assert.deepEqual(step(group({ desiredCapacity: 1, suspended: { ReplaceUnhealthy: 'x' } }), [seen(young, 'stopped')], now), []);
    assert.deepEqual(step(group({ suspended: { Launch: 'x' } }), [], now), []);
    assert.deepEqual(step(group({ backoff: { failures: 1, until: '2026-01-01T12:00:05Z' } }), [], now), []);
  });

  it('takes a launch to service, takes up a broken one, and tells of a failed one', () => {
    const pending = { lifecycleState: 'Pending' as const };
    const actions = step(group(), [
      seen(member('1', 'a', pending)), seen(member('2', 'b', { ...pending, launching: { MinCount: 1, MaxCount: 1 } }), undefined), seen(member('3', 'c', pending), 'pending'),
    ], now);
    assert.deepEqual(brief(actions), ['serve 1', 'resume 2']);
    assert.deepEqual(brief(step(group({ desiredCapacity: 1 }), [seen(member('1', 'a', pending), 'terminated', { reason: 'Server.InternalError: x' })], now)), ['failed 1', 'launch a']);
  });

  it('keeps its members in its target groups, and drains before it shuts down', () => {
    const one = member('1', 'a');
    assert.deepEqual(brief(step(group({ desiredCapacity: 1, targetGroupArns: ['t'] }), [seen(one)], now)), ['register 1']);
    assert.deepEqual(brief(step(group({ desiredCapacity: 1, leavingTargetGroupArns: ['t'] }), [seen(one, 'running', { registeredIn: ['t'] })], now)), ['deregister 1']);
    const going = member('1', 'a', { lifecycleState: 'Terminating' });
    const then = (state: InstanceStateName | undefined, registeredIn: string[] = []) => brief(step(group({ desiredCapacity: 0, targetGroupArns: ['t'] }), [seen(going, state, { registeredIn })], now));
    assert.deepEqual([then('running', ['t']), then('running'), then('shutting-down'), then('terminated'), then('stopped')], [['deregister 1'], ['shutDown 1'], [], ['forget 1'], ['shutDown 1']]);
  });

  it('shrinks where there is most, never what is protected, and the whole of a deleted group', () => {
    const members = [member('1', 'a'), member('2', 'a'), member('3', 'b', { protectedFromScaleIn: true })];
    assert.deepEqual(brief(step(group({ desiredCapacity: 1 }), members.map((one) => seen(one)), now)), ['terminate 1', 'terminate 2']);
    assert.deepEqual(brief(step(group({ desiredCapacity: 0 }), members.map((one) => seen(one)), now)), ['terminate 1', 'terminate 2']);
    assert.equal(step(group({ desiredCapacity: 3, deleting: true }), members.map((one) => seen(one)), now).length, 3);
  });

  it('leaves those in standby alone', () => {
    assert.deepEqual(step(group({ desiredCapacity: 1 }), [seen(member('1', 'a')), seen(member('2', 'b', { lifecycleState: 'Standby' }), 'stopped')], now), []);
  });
});

describe('who goes first', () => {
  it('is of the fullest zone, then the oldest template, then the oldest instance', () => {
    const all = [
      member('1', 'a', { createdAt: '2026-01-01T10:00:00Z' }),
      member('2', 'b', { createdAt: '2026-01-01T09:00:00Z', template: { id: 'lt-1', name: 'lt', version: '2' } }),
      member('3', 'b', { createdAt: '2026-01-01T09:30:00Z', template: { id: 'lt-1', name: 'lt', version: '1' } }),
    ];
    assert.deepEqual(chooseVictims(group(), all, all, 2).map(({ id }) => id), ['3', '1']);
    assert.deepEqual(chooseVictims(group({ terminationPolicies: ['NewestInstance'] }), all, all, 1).map(({ id }) => id), ['3']);
    assert.deepEqual(chooseVictims(group({ terminationPolicies: ['OldestInstance'] }), all, all, 1).map(({ id }) => id), ['2']);
  });
});
