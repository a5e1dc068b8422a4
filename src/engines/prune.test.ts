import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { run } from './command.ts';
import { prune, touch } from './prune.ts';

it('takes away what nobody has asked for in a month, unless it is mounted', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'gantry-prune-'));
  try {
    const names = ['0123456789abcd00', '0123456789abcd01', '0123456789abcd02', '0123456789abcd03', 'else'];
    const long = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    for (const name of names) await mkdir(join(parent, name)).then(() => utimes(join(parent, name), long, long));
    await touch(join(parent, '0123456789abcd01'));
    const mounted = join(parent, '0123456789abcd02');
    // In a mount namespace of its own, as an instance has it.
    await run(['unshare', '--mount', 'sh', '-c', 'mount --bind "$1" "$1" && exec "$0" --input-type=module --eval "$2"', process.execPath, mounted,
      `import { prune } from '${join(import.meta.dirname, 'prune.ts')}'; await prune('${parent}', /^[0-9a-f]{16}$/);`]);
    assert.deepEqual((await readdir(parent)).sort(), ['0123456789abcd01', '0123456789abcd02', 'else']);
    await prune(parent, /^[0-9a-f]{16}$/);
    assert.deepEqual((await readdir(parent)).sort(), ['0123456789abcd01', 'else']);
  } finally {
    await rm(parent, { recursive: true });
  }
});
