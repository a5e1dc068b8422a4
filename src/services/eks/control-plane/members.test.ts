import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostKey } from '../../../control/hosts.ts';
import { clusterController } from '../controllers/clusters.ts';
import { clusters, members } from '../records.ts';
import { activeCluster } from '../testing/active-cluster.ts';

test('members take memory of their host; where there is too little the cluster says so; what goes gives it back', async () => {
  const { env, scope, eks, close } = await activeCluster();
  const key = clusters.key(scope, 'shop');
  await clusters.update(env.store, key, (now) => ({ ...now, status: 'CREATING' }));
  const host = (memoryMiB: number) => env.store.commit([{ put: hostKey('h'), value: { id: 'h', zones: env.installation.zones, vcpus: 2, memoryMiB, seenAt: env.now().toISOString() } }]);
  const taken = async () => (await env.store.list('ec2/host-placement/')).entries.flatMap(({ value }) => Object.values((value as { memoryMiB: Record<string, number> }).memoryMiB));

  await host(2500);
  await assert.rejects(clusterController.reconcile(key, env), /No machine has the memory for member 3 of 3/);
  assert.deepEqual((await eks('DescribeCluster', { name: 'shop' })).cluster?.health?.issues?.map(({ code }) => code), ['ResourceLimitExceeded']);
  assert.deepEqual(await taken(), [1024, 1024]);

  await host(3500);
  await clusterController.reconcile(key, env);
  assert.equal((await members.list(env.store, scope, 'shop')).length, 3);
  assert.deepEqual(await taken(), [1024, 1024, 1024]);

  await eks('DeleteCluster', { name: 'shop' });
  await clusterController.reconcile(key, env);
  assert.deepEqual(await taken(), []);
  await close();
});
