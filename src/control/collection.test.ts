import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../store/sqlite.ts';
import { collection } from './collection.ts';

const things = collection<{ size: number; note?: string | undefined }>('t/thing');
const key = things.key({ account: '1', region: 'r' }, 'one');

test('an update that changes nothing writes nothing', async () => {
  const store = openSqlite(':memory:');
  await store.commit([things.put(key, { size: 1 }, 0)]);
  const { revision } = await store.list(things.prefix);
  assert.deepEqual(await things.update(store, key, (current) => ({ ...current, note: undefined })), { size: 1 });
  assert.equal((await store.list(things.prefix)).revision, revision);
  assert.deepEqual(await things.update(store, key, (current) => ({ size: current.size + 1 })), { size: 2 });
  assert.ok((await store.list(things.prefix)).revision > revision);
  await store.close();
});
