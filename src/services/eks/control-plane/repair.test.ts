import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostKey, observedKey } from '../../../control/hosts.ts';
import type { Env } from '../../../control/service.ts';
import { openSqlite } from '../../../store/sqlite.ts';
import { bindingsOf } from '../controllers/access.ts';
import { members } from '../records.ts';
import type { AccessEntry, Cluster, Member } from '../records.ts';
import { peerUrl } from './arguments.ts';
import type { Etcd, EtcdMember } from './etcd.ts';
import { repair } from './members.ts';
import { missingPlaces, wantedPlaces } from './zones.ts';

const scope = { account: '123456789012', region: 'us-east-1' };
const cluster = { name: 'shop' } as Cluster;

const member = (index: number, more: Partial<Member> = {}): Member => ({
  id: `i-${index}`, cluster: 'shop', zone: `us-east-1${'abc'[index]}`, subnetId: `subnet-${index}`, hostId: 'h', generation: 1, createdAt: '', seenRunning: true,
  network: { interfaceId: `eni-${index}`, address: `10.0.0.${index}` }, etcd: { state: 'new', initialCluster: '' }, ...more,
});

/** A store with these members on a living host, and an etcd that lists those that are given. */
async function world(all: Member[], running: number[], listed: Member[]) {
  const store = openSqlite(':memory:');
  const now = () => new Date();
  await store.commit([{ put: hostKey('h'), value: { id: 'h', seenAt: now().toISOString(), zones: [] } }]);
  for (const one of all) await store.commit([members.put(members.key(scope, 'shop', one.id), one)]);
  for (const index of running) await store.commit([{ put: observedKey('h', 'instance', `i-${index}`), value: { generation: 1, state: 'running' } }]);
  let list: EtcdMember[] = listed.map(({ id, network }) => ({ ID: id, name: id, peerURLs: [peerUrl(network!.address)] }));
  const etcd: Etcd = {
    list: async () => list,
    add: async (url) => (list = [...list, { ID: 'new', peerURLs: [url] }]),
    remove: async (ID) => { list = list.filter((one) => one.ID !== ID); },
  };
  const env = { store, now, log() {}, randomHex: () => '0', installation: {} } as unknown as Env;
  const standing = async () => (await members.list(store, scope, 'shop')).filter(({ value }) => !value.retired);
  return { env, etcd, standing, step: async () => repair(env, cluster, await standing(), etcd), listed: () => list.map(({ ID }) => ID), close: () => store.close() };
}

describe('repair of a control plane', () => {
  it('takes a dead member out of etcd and retires it, while the others have a quorum', async () => {
    const all = [member(0), member(1), member(2)];
    const { step, listed, standing, close } = await world(all, [0, 2], all);
    await step();
    assert.deepEqual(listed(), ['i-0', 'i-2']);
    assert.deepEqual((await standing()).map(({ value }) => value.id), ['i-0', 'i-2']);
    await close();
  });

  it('lets a fresh member join, and does so once', async () => {
    const { etcd: _none, ...fresh } = member(1, { seenRunning: false });
    const { step, listed, standing, close } = await world([member(0), fresh, member(2)], [0, 2], [member(0), member(2)]);
    await step();
    await step();
    assert.deepEqual(listed(), ['i-0', 'i-2', 'new']);
    const joined = (await standing()).find(({ value }) => value.id === 'i-1')?.value;
    assert.deepEqual(joined?.etcd, { state: 'existing', initialCluster: 'i-0=https://10.0.0.0:2380,i-1=https://10.0.0.1:2380,i-2=https://10.0.0.2:2380' });
    await close();
  });

  it('without a quorum starts the dead ones again as they are', async () => {
    const all = [member(0), member(1), member(2)];
    const { step, listed, standing, close } = await world(all, [0], all);
    await step();
    assert.equal(listed().length, 3);
    assert.deepEqual((await standing()).map(({ value }) => value.generation), [1, 2, 2]);
    await close();
  });

  it('takes out of etcd whom no record knows', async () => {
    const all = [member(0), member(1), member(2)];
    const { step, listed, close } = await world(all, [0, 1, 2], [...all, member(7)]);
    await step();
    assert.deepEqual(listed(), ['i-0', 'i-1', 'i-2']);
    await close();
  });
});

it('members are three over the zones, or one', () => {
  const places = ['a', 'b', 'c'].map((zone) => ({ zone, subnetId: `subnet-${zone}` }));
  assert.deepEqual(wantedPlaces(places, undefined).map(({ zone }) => zone), ['a', 'b', 'c']);
  assert.deepEqual(wantedPlaces(places.slice(0, 2), undefined).map(({ zone }) => zone), ['a', 'b', 'a']);
  assert.deepEqual(wantedPlaces(places, '1').map(({ zone }) => zone), ['a']);
  assert.deepEqual(missingPlaces(wantedPlaces(places.slice(0, 2), undefined), [{ zone: 'a' }]).map(({ zone }) => zone), ['b', 'a']);
});

it('access policies bind in the namespaces that match', () => {
  const policy = (name: string, scoped: AccessEntry['policies'][number]['scope']) => ({ policyArn: `arn:aws:eks::aws:cluster-access-policy/${name}`, scope: scoped, associatedAt: '', modifiedAt: '' });
  const entry = { principalArn: 'arn:aws:iam::123456789012:user/a', policies: [policy('AmazonEKSEditPolicy', { type: 'namespace', namespaces: ['dev-*', 'qa'] }), policy('AmazonEKSViewPolicy', { type: 'cluster' })] } as AccessEntry;
  const made = bindingsOf(entry, ['dev-a', 'qa', 'qa2', 'default']);
  assert.deepEqual(made.map(({ metadata, roleRef }) => [metadata.namespace, roleRef.name]), [['dev-a', 'edit'], ['qa', 'edit'], [undefined, 'view']]);
});
