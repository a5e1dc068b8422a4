import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { KubeError } from '../../../kube/errors.ts';
import type { KubeNode, Pod } from '../../../kube/types.ts';
import { imageId } from '../../../wire/images.ts';
import { autoScalingGroups, autoScalingMembers } from '../../autoscaling/index.ts';
import { ensureFleet, fleetNameOf } from '../nodegroups/resources.ts';
import { nodegroups, updates } from '../records.ts';
import type { Nodegroup } from '../records.ts';
import { activeCluster } from '../testing/active-cluster.ts';
import { rolledOut } from './nodegroup-rollout.ts';
import type { View } from './nodegroup-drain.ts';

const MINUTE = 60_000;

describe('the rollout of a node group of one, step by step', () => {
  let base: Awaited<ReturnType<typeof activeCluster>>;
  let key: string;
  let clock: number;
  let nodes: KubeNode[];
  let pods: Pod[];
  let held: boolean;
  /** Of one test alone: Auto Scaling finds an instance by its id, whatever its group. */
  let ids: { old: string; young: string };
  let tests = 0;
  before(async () => {
    base = await activeCluster();
  });
  after(() => base.close());

  const group = async () => (await nodegroups.at(base.env.store, key))!.value;
  const desired = async () => (await autoScalingGroups.get(base.env.store, base.scope, fleetNameOf(await group())))!.value.desiredCapacity;
  const members = async () => (await autoScalingMembers.list(base.env.store, base.scope, fleetNameOf(await group()))).map(({ value }) => value);

  /** An instance of the fleet that is a Ready node. */
  async function join(id: string, version: string): Promise<void> {
    const name = fleetNameOf(await group());
    await base.env.store.commit([autoScalingMembers.put(autoScalingMembers.key(base.scope, name, id), {
      id, group: name, zone: 'us-east-1a', subnetId: base.subnetIds[0]!, lifecycleState: 'InService', health: 'Healthy', protectedFromScaleIn: false, createdAt: new Date(clock).toISOString(),
      instanceId: id, instanceType: 't3.medium', template: { id: 'lt-1', name: 'lt', version },
    })]);
    nodes.push({ metadata: { name: id }, spec: { providerID: `aws:///us-east-1a/${id}` }, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  }

  const client = {
    list: async () => ({ items: pods, resourceVersion: '1' }),
    patch: async (_: unknown, { name }: { name: string }, change: { spec: object }) => {
      nodes = nodes.map((node) => (node.metadata.name === name ? { ...node, spec: { ...node.spec, ...change.spec } } : node));
    },
    async evict() {
      if (held) throw new KubeError(429, 'TooManyRequests', 'a budget is used up');
      pods = [];
    },
  };
  async function step(): Promise<boolean> {
    // The members that the rollout uses of a world.
    const world = { client, caches: { nodes: { list: () => nodes } } } as unknown as View['world'];
    return rolledOut({ ...base.env, now: () => new Date(clock) }, base.scope, key, { group: await group(), world, own: nodes });
  }

  beforeEach(async () => {
    [clock, nodes, held] = [Date.parse('2026-01-01T00:00:00Z'), [], false];
    tests++;
    ids = { old: `i-0000000000000${tests}00a`, young: `i-0000000000000${tests}00b` };
    pods = [{ metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: ids.old }, status: { phase: 'Running' } }];
    const name = `workers-${tests}`;
    const data = { ImageId: imageId('eks-optimized'), InstanceType: 't3.medium' as const };
    const template = (await base.ec2('CreateLaunchTemplate', { LaunchTemplateName: name, LaunchTemplateData: data })).LaunchTemplate?.LaunchTemplateId ?? '';
    await base.eks('CreateNodegroup', { clusterName: 'shop', nodegroupName: name, nodeRole: base.roles.node, subnets: base.subnetIds, scalingConfig: { minSize: 1, maxSize: 1, desiredSize: 1 } });
    key = nodegroups.key(base.scope, 'shop', name);
    await ensureFleet(base.env, base.scope, await group(), template);
    const rollout: Nodegroup['rollout'] = { force: false, since: new Date(clock).toISOString(), target: { templateVersion: 2, size: 1 } };
    await nodegroups.update(base.env.store, key, (now) => ({ ...now, status: 'UPDATING', autoScalingGroupName: fleetNameOf(now), rollout }));
    await base.env.store.commit([updates.put(updates.key(base.scope, 'shop', name), { id: name, cluster: 'shop', nodegroup: name, type: 'VersionUpdate', status: 'InProgress', params: [], createdAt: '', errors: [] })]);
    await join(ids.old, '1');
  });

  it('makes room for a node more, drains the old one when it is there, and lets it go with its place', async () => {
    assert.equal(await step(), false);
    assert.equal(await desired(), 2, 'beyond the most that the group may have');
    assert.equal(nodes[0]?.spec.unschedulable, undefined);
    await join(ids.young, '2');
    await step();
    assert.deepEqual(nodes.map(({ spec }) => spec.unschedulable ?? false), [true, false]);
    assert.deepEqual(pods, []);
    await step();
    assert.equal(await desired(), 1);
    assert.deepEqual((await members()).map(({ instanceId, lifecycleState }) => [instanceId, lifecycleState]), [[ids.old, 'Terminating'], [ids.young, 'InService']]);
    assert.equal(await step(), true);
    assert.equal((await group()).rollout, undefined);
  });

  it('fails when pods refuse to go for a quarter of an hour, and takes the new node back', async () => {
    held = true;
    await step();
    await join(ids.young, '2');
    clock += 10 * MINUTE;
    await step();
    assert.equal((await group()).rollout?.failed, undefined);
    clock += 6 * MINUTE;
    await step();
    const { status, errors } = (await updates.get(base.env.store, base.scope, 'shop', (await group()).name))!.value;
    assert.deepEqual([status, errors[0]?.errorCode, errors[0]?.resourceIds], ['Failed', 'PodEvictionFailure', [ids.old]]);
    assert.deepEqual(nodes.map(({ spec }) => spec.unschedulable), [false, undefined]);
    pods = [];
    await step();
    assert.deepEqual((await members()).map(({ instanceId, lifecycleState }) => [instanceId, lifecycleState]), [[ids.old, 'InService'], [ids.young, 'Terminating']]);
    assert.equal(await step(), true);
    assert.equal(await desired(), 1);
  });

  it('goes on whatever still runs, when it was forced', async () => {
    await nodegroups.update(base.env.store, key, (now) => ({ ...now, rollout: { ...now.rollout!, force: true } }));
    held = true;
    await step();
    await join(ids.young, '2');
    clock += 6 * MINUTE;
    await step();
    assert.equal((await members())[0]?.lifecycleState, 'Terminating');
  });
});
