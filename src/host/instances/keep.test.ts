import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testHost } from '../network/testing.ts';
import { folderOf } from './folder.ts';
import { keepInstance } from './keep.ts';

test('of an instance that is gone nothing more is said: each word wakes all parts, and two that go would wake each other for ever', async () => {
  const fixture = await testHost();
  const said: unknown[] = [];
  const never = () => assert.fail('there is nothing to do');
  const id = 'i-0123456789abcdef0';
  await keepInstance({
    host: { ...fixture.host, report: (...words: unknown[]) => void said.push(words) },
    place: () => ({ installationName: fixture.host.installation.name, id, folder: folderOf(fixture.host.stateDir, id), runcRoot: fixture.host.runDir }),
    wish: () => undefined, seen: () => {}, start: never, refresh: never,
  }, id);
  assert.deepEqual(said, []);
  await fixture.removeFolder();
});
