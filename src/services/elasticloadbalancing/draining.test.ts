import assert from 'node:assert/strict';
import { it } from 'node:test';
import { stepFor } from './controllers/targets.ts';
import type { Situation } from './controllers/targets.ts';
import { judge } from './health.ts';
import type { Target } from './records.ts';

const NOW = new Date('2026-11-21T12:00:10Z');
const DRAINS = { drainingSince: '2026-11-21T12:00:00Z' };
const step = (situation: Partial<Situation>) => stepFor({ target: {}, instanceState: 'running', inUse: true, seen: undefined, delayMs: 30_000, now: NOW, ...situation });

it('leaves a target alone that serves', () => {
  assert.equal(step({}), 'stay');
  assert.equal(step({ instanceState: 'stopped' }), 'stay');
});

it('waits for the delay, and no longer', () => {
  assert.deepEqual(step({ target: DRAINS }), { againInMs: 20_000 });
  assert.equal(step({ target: DRAINS, delayMs: 10_000 }), 'end');
});

it('ends early only when the balancer itself says that it drains and nothing is under way', () => {
  assert.equal(step({ target: DRAINS, seen: { state: 'draining', activeConnections: 0 } }), 'end');
  assert.deepEqual(step({ target: DRAINS, seen: { state: 'draining', activeConnections: 1 } }), { againInMs: 20_000 });
  assert.deepEqual(step({ target: DRAINS, seen: { state: 'healthy', activeConnections: 0 } }), { againInMs: 20_000 });
});

it('ends at once without a balancer or an instance, and drains an instance that goes', () => {
  assert.equal(step({ target: DRAINS, inUse: false }), 'end');
  assert.equal(step({ instanceState: undefined }), 'end');
  assert.equal(step({ instanceState: 'terminated' }), 'end');
  assert.equal(step({ instanceState: 'shutting-down' }), 'drain');
});

it("tells each state with ELB's reason", () => {
  const target: Target = { id: 'i-1', port: 80, registeredAt: '' };
  const place = { address: '10.0.0.4', zone: 'a', state: 'running' };
  const balancer = { subnets: [{ id: 's', zone: 'a' }] };
  const reason = (...args: Parameters<typeof judge>) => {
    const { state, reason: why } = judge(...args);
    return why ? `${state} ${why}` : state;
  };
  assert.equal(reason(target, place, undefined, undefined), 'unused Target.NotInUse');
  assert.equal(reason(target, { ...place, zone: 'b' }, balancer, undefined), 'unused Target.NotInUse');
  assert.equal(reason(target, { ...place, state: 'stopped' }, balancer, undefined), 'unused Target.InvalidState');
  assert.equal(reason(target, place, balancer, undefined), 'initial Elb.RegistrationInProgress');
  assert.equal(reason(target, place, balancer, { state: 'healthy', activeConnections: 0 }), 'healthy');
  assert.equal(reason(target, place, balancer, { state: 'unhealthy', reason: 'Target.Timeout', description: 'Request timed out', activeConnections: 0 }), 'unhealthy Target.Timeout');
  assert.equal(reason({ ...target, ...DRAINS }, place, balancer, { state: 'healthy', activeConnections: 0 }), 'draining Target.DeregistrationInProgress');
});
