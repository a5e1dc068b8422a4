import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextCapacity, type CapacitySituation } from './capacity-step.ts';
import { apportion } from './providers.ts';

const resources = (cpu: number, memory: number) => ({ cpu, memory, tcp: [], udp: [] });
const MINUTE = 60_000;

describe('tasks shared out among capacity providers', () => {
  const shares = (strategy: Parameters<typeof apportion>[0], count: number, running: [string, number][] = []) => Object.fromEntries(apportion(strategy, count, new Map(running)));

  it('fills the base first, then goes by weight', () => {
    const strategy = [{ capacityProvider: 'a', base: 2, weight: 1 }, { capacityProvider: 'b', weight: 3 }];
    assert.deepEqual(shares(strategy, 2), { a: 2 });
    assert.deepEqual(shares(strategy, 10), { a: 4, b: 6 });
    assert.deepEqual(shares(strategy, 4, [['a', 2]]), { a: 1, b: 3 });
  });

  it('takes ARNs, and one provider without a weight', () => {
    assert.deepEqual(shares([{ capacityProvider: 'arn:aws:ecs:us-east-1:123456789012:capacity-provider/a' }], 3), { a: 3 });
  });
});

describe('managed scaling', () => {
  const situation: CapacitySituation = {
    targetCapacity: 100, minimumScalingStepSize: 1, maximumScalingStepSize: 10, desired: 2, min: 0, max: 5, busy: 2, waiting: [], room: resources(2048, 1900),
    settled: true, now: 0, lowSince: undefined,
  };
  const next = (change: Partial<CapacitySituation>) => nextCapacity({ ...situation, ...change });

  it('grows by what the waiting tasks fill, within steps and bounds', () => {
    const waiting = Array.from({ length: 5 }, () => resources(1024, 100));
    assert.equal(next({ waiting }).capacity, 5);
    assert.equal(next({ waiting: waiting.slice(0, 2) }).capacity, 3);
    assert.equal(next({ waiting, maximumScalingStepSize: 1 }).capacity, 3);
    assert.equal(next({ waiting, settled: false }).capacity, 2);
    assert.equal(next({ waiting: waiting.slice(0, 1), minimumScalingStepSize: 2 }).capacity, 4);
  });

  it('starts from nothing, and keeps room where the target asks for it', () => {
    assert.equal(next({ desired: 0, busy: 0, waiting: [resources(1, 1)], room: undefined }).capacity, 1);
    assert.equal(next({ targetCapacity: 50 }).capacity, 4);
  });

  it('never grows for a task that fits no instance', () => {
    assert.equal(next({ waiting: [resources(4096, 1)] }).capacity, 2);
  });

  it('shrinks after fifteen minutes of too much, not below the least', () => {
    assert.deepEqual(next({ busy: 0, min: 1 }), { capacity: 2, lowSince: 0, againInMs: 15 * MINUTE });
    assert.deepEqual(next({ busy: 0, min: 1, lowSince: 0, now: 15 * MINUTE }), { capacity: 1, lowSince: undefined });
    assert.deepEqual(next({ lowSince: 0, now: MINUTE }), { capacity: 2, lowSince: undefined });
  });
});
