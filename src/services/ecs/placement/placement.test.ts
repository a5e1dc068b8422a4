import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerInstance, TaskDefinition } from '../records.ts';
import type { Candidate } from './candidate.ts';
import { place, type Wish } from './place.ts';
import { parseQuery } from './query.ts';
import { demandOf } from './resources.ts';

const candidate = (id: string, change: { zone?: string; cpu?: number; memory?: number; attributes?: ContainerInstance['attributes']; connected?: boolean; interfaces?: number } = {}): Candidate => ({
  instance: {
    id, cluster: 'c', status: 'ACTIVE', version: 1, registered: { cpu: change.cpu ?? 2048, memory: change.memory ?? 1900, tcp: [22], udp: [] },
    attributes: { 'ecs.availability-zone': change.zone ?? 'a', 'ecs.instance-type': 't3.small', ...change.attributes }, versionInfo: { agentVersion: '1.90.0' }, registeredAt: '2026-01-01T00:00:00Z', tags: {},
    ec2InstanceId: `i-${id}`,
  },
  connected: change.connected ?? true, tasks: [], ...(change.interfaces && { interfaces: change.interfaces }),
});
const wish = (change: Partial<Wish> = {}): Wish => ({
  count: 1, group: 'service:web', demand: { cpu: 128, memory: 64, tcp: [], udp: [] }, requiresAttributes: [], awsvpc: false, constraints: [], strategy: [], ...change,
});
const first = () => 0;
const zoneSpread = [{ type: 'spread' as const, field: 'attribute:ecs.availability-zone' }];

describe('placement', () => {
  it('spreads over zones, then over instances', () => {
    const fleet = [candidate('1', { zone: 'a' }), candidate('2', { zone: 'a' }), candidate('3', { zone: 'b' })];
    const { placed } = place(fleet, wish({ count: 4, strategy: [...zoneSpread, { type: 'spread', field: 'instanceId' }] }), first);
    assert.deepEqual(placed.filter((id) => id === '3').length, 2);
    assert.deepEqual(new Set(placed), new Set(['1', '2', '3']));
  });

  it('packs by memory onto the instance with the least of it left', () => {
    const fleet = [candidate('big', { memory: 4000 }), candidate('small', { memory: 200 })];
    const { placed } = place(fleet, wish({ count: 4, strategy: [{ type: 'binpack', field: 'memory' }] }), first);
    assert.deepEqual(placed, ['small', 'small', 'small', 'big']);
  });

  it('says of each instance what it lacks', () => {
    const fleet = [candidate('1', { memory: 32 }), candidate('2', { cpu: 64 }), candidate('3', { connected: false }), candidate('4')];
    fleet[3]!.tasks.push({ group: 'x', demand: { cpu: 0, memory: 0, tcp: [80], udp: [] }, awsvpc: false });
    const { placed, failures } = place(fleet, wish({ demand: { cpu: 128, memory: 64, tcp: [80], udp: [] } }));
    assert.deepEqual(placed, []);
    assert.deepEqual(failures.map(({ reason }) => reason), ['RESOURCE:MEMORY', 'RESOURCE:CPU', 'AGENT', 'RESOURCE:PORTS']);
  });

  it('places what finds room and tells of the rest', () => {
    const { placed, failures } = place([candidate('1', { memory: 130 })], wish({ count: 3 }));
    assert.equal(placed.length, 2);
    assert.deepEqual(failures, [{ instance: '1', reason: 'RESOURCE:MEMORY' }]);
  });

  it('keeps to constraints, attributes, zones and interfaces', () => {
    const reason = (change: Partial<Wish>, of = candidate('1', { interfaces: 2 })) => place([of], wish({ count: 2, ...change })).failures[0]?.reason;
    assert.equal(reason({ constraints: [{ type: 'distinctInstance' }] }), 'DistinctInstance placement constraint unsatisfied.');
    assert.equal(reason({ constraints: [{ type: 'memberOf', expression: 'attribute:ecs.instance-type =~ m5.*' }] }), 'MemberOf placement constraint unsatisfied.');
    assert.equal(reason({ requiresAttributes: ['ecs.capability.task-eni'] }), 'ATTRIBUTE');
    assert.equal(reason({ awsvpc: true, zones: ['b'] }), 'ATTRIBUTE');
    assert.equal(reason({ demand: { cpu: 0, memory: 0, gpu: 1, tcp: [], udp: [] } }), 'RESOURCE:GPU');
    assert.equal(reason({ awsvpc: true, zones: ['a'] }), 'RESOURCE:ENI');
  });

  it('takes the soft limit of memory, the task\'s own size and overrides into account', () => {
    const definition = { family: 'f', containerDefinitions: [{ name: 'a', cpu: 10, memory: 100, memoryReservation: 50, portMappings: [{ containerPort: 80, hostPort: 80 }] }, { name: 'b', memory: 20 }] } as unknown as TaskDefinition;
    assert.deepEqual(demandOf(definition), { cpu: 10, memory: 70, tcp: [80], udp: [] });
    assert.deepEqual(demandOf({ ...definition, cpu: '512', memory: '1024', networkMode: 'awsvpc' }), { cpu: 512, memory: 1024, tcp: [], udp: [] });
    assert.equal(demandOf(definition, { containerOverrides: [{ name: 'b', memory: 200 }] }).memory, 250);
  });
});

describe('the cluster query language', () => {
  const subjects = (subject: string) => ({ 'attribute:stack': ['prod'], 'attribute:n': ['10'], 'task:group': ['service:web', 'family:x'], agentVersion: ['1.90.0'], agentConnected: ['true'] })[subject] ?? [];
  const holds = (expression: string) => parseQuery(expression)(subjects);

  it('compares, combines and negates', () => {
    for (const expression of [
      'attribute:stack == prod', 'attribute:stack != test', 'attribute:missing != x', 'attribute:stack in [test, prod]', 'attribute:stack not_in ["a b", c]', 'attribute:stack exists',
      'attribute:missing !exists', 'attribute:stack =~ pr.*', 'attribute:n > 9', 'agentVersion >= 1.9.1', 'task:group == service:web', '!(task:group == database)',
      'not(task:group == database) and attribute:stack equals prod', 'attribute:stack == x || attribute:n == 10 && agentConnected == true',
    ]) assert.equal(holds(expression), true, expression);
    for (const expression of ['attribute:stack == test', 'attribute:missing exists', 'attribute:missing > 1', 'attribute:stack =~ pro', 'task:group != service:web']) assert.equal(holds(expression), false, expression);
  });

  it('refuses what it cannot read', () => {
    for (const expression of ['', 'attribute:stack', 'stack == prod', 'attribute:stack == prod and', '(attribute:stack == prod', 'attribute:stack in prod', 'attribute:stack =~ (']) {
      assert.throws(() => holds(expression), { code: 'InvalidParameterException' }, expression);
    }
  });
});
