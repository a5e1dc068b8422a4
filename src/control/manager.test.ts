import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { it } from 'node:test';
import { openSqlite } from '../store/sqlite.ts';
import type { Controller } from './controller.ts';
import { runControllers } from './manager.ts';
import type { Env } from './service.ts';

async function withController(controller: (seen: string[], env: Env) => Controller, test: (env: Env, seen: string[]) => Promise<void>) {
  const store = openSqlite(':memory:');
  const env = { store, now: () => new Date(), randomHex: (n: number) => '0'.repeat(n), log() {}, installation: {} } as unknown as Env;
  const abort = new AbortController();
  const seen: string[] = [];
  const run = runControllers([controller(seen, env)], env, abort.signal);
  try {
    await test(env, seen);
  } finally {
    abort.abort();
    await run;
    await store.close();
  }
}

const until = async (holds: () => boolean) => {
  for (let i = 0; i < 6000 && !holds(); i++) await sleep(10);
  assert.ok(holds());
};

it('looks at what is there and at what changes', async () => {
  await withController(
    (seen) => ({ name: 't', watches: [{ prefix: 'a/' }], reconcile: async (item) => void seen.push(item) }),
    async ({ store }, seen) => {
      await store.commit([{ put: 'a/1', value: 1 }]);
      await until(() => seen.includes('a/1'));
      await store.commit([{ delete: 'a/1' }]);
      await until(() => seen.filter((item) => item === 'a/1').length >= 2);
    },
  );
});

it('never works on one item twice at a time, and looks again if it changed meanwhile', async () => {
  let inside = 0;
  let most = 0;
  const held = Promise.withResolvers<void>();
  await withController(
    (seen) => ({
      name: 't',
      watches: [{ prefix: 'a/', items: () => ['one'] }],
      async reconcile(_item, { store }) {
        most = Math.max(most, ++inside);
        seen.push(String((await store.get('a/1'))?.value));
        await held.promise;
        inside--;
      },
    }),
    async ({ store }, seen) => {
      await store.commit([{ put: 'a/1', value: 0 }]);
      await until(() => seen.length === 1);
      for (let i = 1; i <= 5; i++) await store.commit([{ put: 'a/1', value: i }]);
      held.resolve();
      await until(() => seen.at(-1) === '5');
      assert.equal(most, 1);
    },
  );
});

it('tries again after a failure, and when asked to', async () => {
  await withController(
    (seen) => ({
      name: 't',
      watches: [{ prefix: 'a/' }],
      async reconcile(item) {
        seen.push(item);
        if (seen.length === 1) throw new Error('not yet');
        if (seen.length === 2) return { againInMs: 10 };
        return undefined;
      },
    }),
    async ({ store }, seen) => {
      await store.commit([{ put: 'a/1', value: 1 }]);
      await until(() => seen.length === 3);
    },
  );
});
