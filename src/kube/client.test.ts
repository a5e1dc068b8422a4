import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer, whyNotHere } from '../services/eks/testing/api-server.ts';
import type { TestApiServer } from '../services/eks/testing/api-server.ts';
import { isConflict, isNotFound, isTooManyRequests, KubeError } from './errors.ts';
import { nodes, podDisruptionBudgets, pods, services } from './resources.ts';
import type { KubeNode, KubeObject, KubeService } from './types.ts';
import { watchCache } from './watch-cache.ts';

const skip = whyNotHere();

describe('the client of a real kube-apiserver', { skip: skip ?? false }, () => {
  let api: TestApiServer;
  before(async () => {
    api = await startApiServer();
  });
  after(() => api?.close());

  const node = (name: string, labels: Record<string, string> = {}): KubeNode => ({ metadata: { name, labels }, spec: {} });
  const pod = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, namespace: 'default', labels }, spec: { containers: [{ name: 'c', image: 'registry.test/c:1' }] } });

  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 120_000; !(await holds()); await sleep(20)) assert.ok(Date.now() < deadline, `not within 120 s: ${what}`);
  }

  it('creates, reads, patches, applies and deletes', async () => {
    const made = await api.client.create(nodes, node('a', { tier: 'web' }));
    assert.ok(made.metadata.uid);
    await assert.rejects(api.client.create(nodes, node('a')), (error) => isConflict(error) && (error as KubeError).reason === 'AlreadyExists');
    await assert.rejects(api.client.get(nodes, { name: 'none' }), (error) => isNotFound(error) && (error as KubeError).message === 'nodes "none" not found');
    assert.equal(await api.client.find(nodes, { name: 'none' }), undefined);

    const patched = await api.client.patch(nodes, { name: 'a' }, { metadata: { labels: { tier: null, zone: 'x' } }, spec: { unschedulable: true } });
    assert.deepEqual([patched.metadata.labels?.['tier'], patched.metadata.labels?.['zone'], patched.spec.unschedulable], [undefined, 'x', true]);
    await assert.rejects(api.client.patch(nodes, { name: 'a' }, { metadata: { resourceVersion: made.metadata.resourceVersion, labels: { late: 'yes' } } }), isConflict);

    const ready = await api.client.patch(nodes, { name: 'a' }, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'status');
    assert.equal(ready.status?.conditions?.[0]?.type, 'Ready');

    const service: KubeService = { metadata: { name: 's', namespace: 'default', labels: { one: '1', two: '2' } }, spec: { ports: [{ port: 80 }] } };
    await api.client.apply(services, service);
    const again = await api.client.apply(services, { ...service, metadata: { ...service.metadata, labels: { one: '1' } } });
    assert.deepEqual(again.metadata.labels, { one: '1' }, 'what the manager no longer gives is removed');

    await assert.rejects(api.client.delete(nodes, { name: 'a' }, { uid: '00000000-0000-0000-0000-000000000000' }), isConflict);
    assert.equal(await api.client.delete(nodes, { name: 'a' }), true);
    assert.equal(await api.client.delete(nodes, { name: 'a' }), false);
  });

  it('lists all pages, by selectors', async () => {
    for (let i = 0; i < 5; i++) await api.client.create(pods, pod(`p${i}`, { even: String(i % 2 === 0) }));
    const { items, resourceVersion } = await api.client.list(pods, { namespace: 'default', labelSelector: 'even=true' });
    assert.deepEqual(items.map(({ metadata }) => metadata.name), ['p0', 'p2', 'p4']);
    assert.equal(items[0]?.kind, 'Pod');
    assert.ok(resourceVersion);
  });

  it('refuses an eviction that a disruption budget does not allow', async () => {
    await api.client.create(pods, pod('guarded', { app: 'guarded' }));
    await api.client.patch(pods, { name: 'guarded', namespace: 'default' }, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, 'status');
    await api.client.create(podDisruptionBudgets, { metadata: { name: 'guarded', namespace: 'default' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } } } as KubeObject);
    await assert.rejects(api.client.evict(pods, { name: 'guarded', namespace: 'default' }), isTooManyRequests);
    await api.client.evict(pods, { name: 'p0', namespace: 'default' });
  });

  it('keeps a cache true through changes and a restart of the server', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const cache = watchCache(api.client, nodes, { onChange: ({ metadata }) => seen.push(metadata.name) });
    const done = cache.run(stop.signal);
    const names = () => cache.list().map(({ metadata }) => metadata.name).sort().join();
    try {
      await until('first list', () => cache.synced);
      await api.client.create(nodes, node('x'));
      await api.client.create(nodes, node('y'));
      await until('both added', () => names() === 'x,y');
      await api.client.delete(nodes, { name: 'x' });
      await until('one deleted', () => names() === 'y');
      await api.restart();
      await api.client.create(nodes, node('z'));
      await until('one added after the restart', () => names() === 'y,z');
      assert.ok(seen.includes('x') && seen.includes('z'));
    } finally {
      stop.abort();
      await done;
    }
  });
});

describe('a cache of a server that forgets', () => {
  it('lists again when the resource version it watches from has expired, and tells what is gone', async () => {
    let lists = 0;
    const stop = new AbortController();
    const objects = [[{ metadata: { name: 'old' } }, { metadata: { name: 'kept' } }], [{ metadata: { name: 'kept' } }, { metadata: { name: 'new' } }]] as KubeNode[][];
    const told: string[] = [];
    const client = {
      list: async () => ({ items: objects[lists++] ?? [], resourceVersion: String(lists) }),
      async *watch(_resource: unknown, from: string) {
        if (from === '1') throw new KubeError(410, 'Expired', 'too old resource version: 1');
        yield { type: 'BOOKMARK', object: { metadata: { name: '', resourceVersion: '2' } } };
        await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
      },
    };
    // The fake has the two functions, without their type parameters.
    const cache = watchCache(client as unknown as Parameters<typeof watchCache>[0], nodes, { onChange: ({ metadata }) => told.push(metadata.name) });
    const done = cache.run(stop.signal);
    while (cache.get('new') === undefined) await sleep(5);
    assert.equal(lists, 2);
    assert.equal(cache.get('old'), undefined);
    assert.deepEqual(told, ['old', 'kept', 'old', 'kept', 'new']);
    stop.abort();
    await done;
  });
});
