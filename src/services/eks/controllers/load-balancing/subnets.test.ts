import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlanError } from './plan.ts';
import { chooseSubnets } from './subnets.ts';
import type { Candidate } from './subnets.ts';

const cluster = { name: 'shop', subnetIds: ['public-a', 'public-b', 'private-a', 'private-b'] };
const subnet = (id: string, tags: Record<string, string> = {}): Candidate => ({ id, zone: id.split('-')[1] ?? '', internet: id.startsWith('public'), tags });
const own = cluster.subnetIds.map((id) => subnet(id));

describe('a balancer that names no subnets', () => {
  it("stands in the cluster's, one a zone: where the internet is for all the world, elsewhere for the VPC", () => {
    assert.deepEqual(chooseSubnets(cluster, 'internet-facing', own), ['public-a', 'public-b']);
    assert.deepEqual(chooseSubnets(cluster, 'internal', own), ['private-a', 'private-b']);
    assert.deepEqual(chooseSubnets(cluster, 'internal', [subnet('public-a'), subnet('public-b')]), ['public-a', 'public-b']);
  });

  it('stands in those that are tagged for it, be they the cluster\'s or not, and never in those of another cluster', () => {
    const tagged = [subnet('public-z', { 'kubernetes.io/role/elb': '1' }), subnet('public-y', { 'kubernetes.io/role/elb': '', 'kubernetes.io/cluster/other': 'owned' })];
    assert.deepEqual(chooseSubnets(cluster, 'internet-facing', [...own, ...tagged]), ['public-z']);
    const preferred = subnet('public-z-2', { 'kubernetes.io/role/elb': '1', 'kubernetes.io/cluster/shop': 'shared' });
    assert.deepEqual(chooseSubnets(cluster, 'internet-facing', [...own, ...tagged, preferred]), ['public-z-2']);
  });

  it('is told when there is none that the world can reach', () => {
    assert.throws(() => chooseSubnets(cluster, 'internet-facing', [subnet('private-a')]), PlanError);
  });
});
