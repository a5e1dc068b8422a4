import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { KubeService } from '../../../../kube/types.ts';
import { clusters } from '../../records.ts';
import type { Cluster } from '../../records.ts';
import { activeCluster } from '../../testing/active-cluster.ts';
import { applyPlan, elbOf, removeStack } from './apply.ts';
import { planService } from './services.ts';

let world: Awaited<ReturnType<typeof activeCluster>>;
let cluster: Cluster;
before(async () => {
  world = await activeCluster();
  cluster = (await clusters.get(world.env.store, world.scope, 'shop'))!.value;
});
after(() => world.close());

const PREFIX = 'service.beta.kubernetes.io/aws-load-balancer-';
const stack = { kind: 'service' as const, id: 'default/web' };

/** What Elastic Load Balancing has after the Service was seen with these annotations. */
async function applied(annotations: Record<string, string>) {
  const service: KubeService = {
    kind: 'Service', metadata: { name: 'web', namespace: 'default', uid: 'u1', annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [PREFIX + key, value])) },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }] },
  };
  await applyPlan(world.env, world.scope, cluster, stack, planService('shop', service), () => []);
  return (await elbOf(world.env, world.scope)('DescribeLoadBalancers', {})).LoadBalancers ?? [];
}

it('a balancer of another scheme takes the place of the first, with the same target group; with a name of the user\'s own too', async () => {
  const [first] = await applied({});
  assert.deepEqual([first?.Scheme, first?.AvailabilityZones?.length], ['internet-facing', 3]);
  const internal = await applied({ scheme: 'internal' });
  assert.deepEqual(internal.map(({ Scheme }) => Scheme), ['internal']);
  const named = await applied({ name: 'mine' });
  assert.deepEqual(named.map(({ Scheme, LoadBalancerName }) => [Scheme, LoadBalancerName]), [['internet-facing', 'mine']]);
  const again = await applied({ name: 'mine', scheme: 'internal' });
  assert.deepEqual(again.map(({ Scheme, LoadBalancerName }) => [Scheme, LoadBalancerName]), [['internal', 'mine']]);
});

it('a balancer moves to the subnets that an annotation names', async () => {
  const [moved] = await applied({ name: 'mine', scheme: 'internal', subnets: world.subnetIds.slice(0, 2).join(',') });
  assert.deepEqual(moved?.AvailabilityZones?.map(({ SubnetId }) => SubnetId).sort(), world.subnetIds.slice(0, 2).sort());
});

it('a balancer of somebody else, whose name an annotation takes, stays as it is', async () => {
  const elb = elbOf(world.env, world.scope);
  const { LoadBalancers: [theirs] = [] } = await elb('CreateLoadBalancer', { Name: 'theirs', Type: 'network', Scheme: 'internal', Subnets: world.subnetIds });
  for (const scheme of ['internal', 'internet-facing']) await assert.rejects(applied({ name: 'theirs', scheme }), { name: 'DuplicateLoadBalancerName' });
  assert.deepEqual((await elb('DescribeLoadBalancers', { Names: ['theirs'] })).LoadBalancers, [theirs]);
  assert.deepEqual((await elb('DescribeListeners', { LoadBalancerArn: theirs?.LoadBalancerArn })).Listeners, []);
  await elb('DeleteLoadBalancer', { LoadBalancerArn: theirs?.LoadBalancerArn });
});

it('nothing of it is left when the Service goes', async () => {
  await removeStack(world.env, world.scope, cluster, stack);
  const elb = elbOf(world.env, world.scope);
  assert.deepEqual([(await elb('DescribeLoadBalancers', {})).LoadBalancers, (await elb('DescribeTargetGroups', {})).TargetGroups], [[], []]);
});
