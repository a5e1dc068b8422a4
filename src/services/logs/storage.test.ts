import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openStorage } from './storage.ts';

const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER, descending: false, limit: 100_000 };

describe('the storage of logs', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-logs-'));
    path = join(folder, 'logs.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('has every acknowledged event after kill -9, and numbers on from there', async () => {
    const writer = `
      import { openStorage } from ${JSON.stringify(new URL('storage.ts', import.meta.url).href)};
      const storage = openStorage(${JSON.stringify(path)});
      await storage.createStream('g', 's', 1);
      const { number } = storage.stream('g', 's');
      for (let n = 0; ; n += 1) {
        await storage.append('g', number, [{ timestamp: n, message: String(n) }], n);
        process.stdout.write(n + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = '';
    for await (const chunk of child.stdout) {
      acknowledged += String(chunk);
      if (acknowledged.split('\n').length > 200) child.kill('SIGKILL');
    }
    const last = Number(acknowledged.slice(0, acknowledged.lastIndexOf('\n')).split('\n').at(-1));
    const storage = openStorage(path);
    const { number } = storage.stream('g', 's')!;
    const found = storage.events({ stream: number }, ALL);
    assert.ok(found.length > last);
    assert.deepEqual(found.map(({ message }) => Number(message)), found.map((_event, index) => index));
    await storage.append('g', number, [{ timestamp: 1e6, message: 'next' }], 1);
    assert.ok(storage.events({ stream: number }, ALL).at(-1)!.id > found.at(-1)!.id);
    storage.close();
  });

  test('gives the space of what is deleted back, step by step', async () => {
    const storage = openStorage(path);
    for (const name of ['kept', 'gone']) {
      await storage.createStream('g', name, 1);
      const events = Array.from({ length: name === 'gone' ? 9000 : 10 }, (_event, index) => ({ timestamp: index, message: 'x'.repeat(500) }));
      await storage.append('g', storage.stream('g', name)!.number, events, 1);
    }
    const gone = storage.stream('g', 'gone')!.number;
    assert.equal(await storage.deleteStream('g', 'gone'), true);
    assert.equal(await storage.deleteStream('g', 'gone'), false);
    assert.equal(storage.storedBytes('g'), 10 * 526);
    assert.equal(await storage.append('g', gone, [{ timestamp: 1, message: 'late' }], 1), undefined);
    let steps = 1;
    while (await storage.sweep(new Map([['g', undefined]]), storage.groups())) steps += 1;
    assert.ok(steps > 3);
    assert.equal(storage.events({ group: 'g' }, ALL).length, 10);
    storage.close();
    assert.ok(statSync(path).size < 500_000);
  });
});
