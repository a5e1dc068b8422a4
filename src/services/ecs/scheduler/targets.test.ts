import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Task } from '../records.ts';
import { tellTargets } from './targets.ts';

const target = { targetGroupArn: 'tg', id: 'i-1', port: 1 };
const gone = { ...target, deregisteredAt: '2026-01-01T00:00:00Z' };
/** What the sentences are made from. */
const task = (id: string, change: Partial<Task>) => ({ id, lastStatus: 'RUNNING', desiredStatus: 'RUNNING', startedAt: '2026-01-01T00:00:00Z', loadBalancers: [{ targetGroupArn: 'tg' }], targets: [target], ...change }) as Task;

it('tells once of targets that come, and of those that go', () => {
  const come = tellTargets([task('a', {}), task('b', {}), task('c', { loadBalancers: [], targets: [] }), task('d', { told: 'registered' })]);
  assert.deepEqual(come.events, ['registered 2 targets in (target-group tg)']);
  assert.deepEqual([...come.marks], [['a', 'registered'], ['b', 'registered']]);
  const go = tellTargets([task('a', { told: 'registered', targets: [gone] }), task('b', { told: 'registered', lastStatus: 'STOPPED', targets: [] }), task('c', { told: 'deregistered', targets: [] }), task('d', { lastStatus: 'STOPPED', targets: [] })]);
  assert.deepEqual(go.events, ['deregistered 2 targets in (target-group tg)']);
  assert.deepEqual([...go.marks], [['a', 'deregistered'], ['b', 'deregistered']]);
});

it('waits for others that are about to come', () => {
  const { startedAt: _, ...coming } = task('b', { lastStatus: 'ACTIVATING' });
  assert.deepEqual(tellTargets([task('a', {}), coming]).events, []);
});
