import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openSqlite } from './sqlite.ts';
import type { Entry, Store, StoreEvent } from './store.ts';

/** What every engine of the store must hold; each is opened on a fresh folder and can be opened again on the same one. */
const engines: Record<string, (folder: string) => Store> = { sqlite: (folder) => openSqlite(join(folder, 'store.db')) };

for (const [name, open] of Object.entries(engines)) {
  describe(`store on ${name}`, () => {
    let folder: string;
    let store: Store;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'gantry-store-'));
      store = open(folder);
    });
    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });

    const put = async (key: string, value: unknown, expect?: number) => {
      const commit = await store.commit([expect === undefined ? { put: key, value } : { put: key, value, expect }]);
      assert.ok(commit.ok);
      return commit.revision;
    };

    it('gives back what was put, with its revisions', async () => {
      const first = await put('a/x', { n: 1 });
      const second = await put('a/x', { n: 2 });
      assert.ok(second > first);
      assert.deepEqual(await store.get('a/x'), { key: 'a/x', value: { n: 2 }, revision: second, createRevision: first } satisfies Entry);
      assert.equal(await store.get('a/y'), undefined);
    });

    it('lists a prefix in key order and nothing beside it', async () => {
      for (const key of ['a/2', 'a/1', 'a0', 'a', 'b/1', 'a/1/deep']) await put(key, key);
      assert.deepEqual((await store.list('a/')).entries.map((e) => e.key), ['a/1', 'a/1/deep', 'a/2']);
    });

    it('answers a lost race with what is there, and writes nothing of that commit', async () => {
      const revision = await put('k', 'mine', 0);
      const lost = await store.commit([{ put: 'other', value: 1 }, { put: 'k', value: 'theirs', expect: 0 }]);
      assert.deepEqual(lost, { ok: false, key: 'k', current: { key: 'k', value: 'mine', revision, createRevision: revision } });
      assert.equal(await store.get('other'), undefined);
      assert.ok((await store.commit([{ check: 'k', expect: revision }, { delete: 'k', expect: revision }])).ok);
      assert.equal(await store.get('k'), undefined);
    });

    it('lets exactly one of many racing writers win each revision', async () => {
      await put('counter', 0);
      const add = async () => {
        for (;;) {
          const entry = await store.get('counter');
          const commit = await store.commit([{ put: 'counter', value: (entry!.value as number) + 1, expect: entry!.revision }]);
          if (commit.ok) return;
        }
      };
      await Promise.all(Array.from({ length: 40 }, add));
      assert.equal((await store.get('counter'))!.value, 40);
    });

    const read = async (watch: AsyncIterable<StoreEvent[]>, most: number) => {
      const events: StoreEvent[] = [];
      for await (const batch of watch) {
        events.push(...batch);
        if (events.length >= most) break;
      }
      return events;
    };

    it('watches from a revision: what happened since, then what happens', async () => {
      await put('w/old', 1);
      const { revision } = await store.list('w/');
      await put('w/a', 1);
      await put('beside', 1);
      const events = read(store.watch('w/', revision, new AbortController().signal), 3);
      await put('w/b', 2);
      await store.commit([{ delete: 'w/a' }, { delete: 'w/none' }]);
      assert.deepEqual((await events).map((e) => (e.type === 'put' ? `+${e.entry.key}` : `-${e.key}=${String(e.previous)}`)), ['+w/a', '+w/b', '-w/a=1']);
    });

    it('lets nobody who read a value change it for others', async () => {
      await put('f/a', { list: [1] });
      const [{ entries: [listed] }, got] = [await store.list('f/'), await store.get('f/a')];
      for (const entry of [listed, got]) assert.throws(() => (entry!.value as { list: number[] }).list.push(2), TypeError);
      assert.deepEqual((await store.get('f/a'))!.value, { list: [1] });
    });

    it('lists in the order of keys what came, went and came again', async () => {
      for (const key of ['o/b', 'o/a/2', 'o/c', 'o/a/1', 'oo', 'o']) await put(key, key);
      await store.commit([{ delete: 'o/b' }, { delete: 'o/none' }]);
      await put('o/b', 'again');
      await put('o/b', 'and again');
      assert.deepEqual((await store.list('o/')).entries.map(({ key, value }) => `${key}=${String(value)}`), ['o/a/1=o/a/1', 'o/a/2=o/a/2', 'o/b=and again', 'o/c=o/c']);
    });

    it('ends a watch when told to', async () => {
      const abort = new AbortController();
      const events = read(store.watch('w/', 0, abort.signal), 1);
      abort.abort();
      assert.deepEqual(await events, []);
    });

    it('cuts off a reader that falls too far behind instead of waiting for it', async () => {
      const watch = store.watch('s/', (await store.list('s/')).revision, new AbortController().signal);
      for (let i = 0; i < 12; i++) await store.commit(Array.from({ length: 1000 }, (_, n) => ({ put: `s/${n}`, value: i })));
      assert.ok((await read(watch, 20_000)).length < 12_000);
    });

    it('deletes what hangs on a lease once the lease ends, and not before', async () => {
      const [short, kept] = [await store.grantLease(0.6), await store.grantLease(4)];
      await store.commit([{ put: 'l/short', value: 1, lease: short }, { put: 'l/kept', value: 1, lease: kept }]);
      for (const end = Date.now() + 5_000; Date.now() < end; await sleep(300)) assert.equal(await store.keepLeaseAlive(kept), true);
      assert.deepEqual((await store.list('l/')).entries.map((e) => e.key), ['l/kept']);
      assert.equal(await store.keepLeaseAlive(short), false);
    });

    it('keeps everything over a reopening, watches included', async () => {
      const revision = await put('a', 1);
      await put('b/1', 2);
      await store.close();
      store = open(folder);
      assert.equal((await store.get('b/1'))!.value, 2);
      assert.deepEqual((await read(store.watch('b/', revision, new AbortController().signal), 1)).length, 1);
      assert.ok((await put('c', 3)) > revision + 1);
    });

    it('loses no acknowledged write to kill -9', async () => {
      const program = `
        import { openSqlite } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
        const store = openSqlite(${JSON.stringify(join(folder, 'killed.db'))});
        for (let i = 0; ; i++) { await store.commit([{ put: 'n/' + i, value: i }]); process.stdout.write(i + '\\n'); }`;
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      let printed = '';
      child.stdout.on('data', (data) => (printed += data));
      while (printed.length < 2000) await sleep(20);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.stdout.on('close', resolve));
      const last = Number(printed.split('\n').at(-2));
      const again = openSqlite(join(folder, 'killed.db'));
      assert.equal((await again.get(`n/${last}`))?.value, last);
      await again.close();
    });
  });
}
