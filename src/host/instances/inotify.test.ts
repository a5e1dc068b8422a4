import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { raiseInotifyLimits } from './inotify.ts';

test('limits that are too low are raised, higher ones are left, and what cannot be raised is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-t-'));
  const [low, high, absent] = ['low', 'high', 'absent'].map((name) => join(folder, name));
  writeFileSync(low!, '128\n');
  writeFileSync(high!, '1048576\n');
  const failures = await raiseInotifyLimits({ [low!]: 8192, [high!]: 8192, [absent!]: 1 });
  assert.deepEqual([readFileSync(low!, 'utf8'), readFileSync(high!, 'utf8')], ['8192', '1048576\n']);
  assert.match(failures.join(), /absent: Error: ENOENT/);
  rmSync(folder, { recursive: true });
});
