import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { arrows } from './arrows.ts';
import { sizes } from './sizes.ts';
import { sources } from './sources.ts';

/** `npm run check`: the house rules that a program can hold. Each check prints what is wrong, with file and line, or nothing. */

const bin = join(import.meta.dirname, '../node_modules/.bin');

/** A package's program, on the pinned Node. */
const program = (name: string, ...args: string[]) => () => {
  const { status, stdout, stderr } = spawnSync(join(bin, name), args, { encoding: 'utf8', env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
  return status === 0 ? [] : [stdout.trim(), stderr.trim()].filter(Boolean);
};

const checks: Record<string, () => string[]> = {
  types: program('tsc', '--noEmit'),
  lint: program('oxlint', '--type-aware', '--quiet', '-f', 'unix'),
  'import arrows': () => arrows(sources()),
  'file sizes': () => sizes(sources()),
  'dead code': program('knip', '--no-progress'),
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const from = performance.now();
  const wrong = check();
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(`${wrong.length ? '✗' : '✓'} ${name} (${seconds} s)`);
  for (const line of wrong) console.log(line);
  if (wrong.length) failed++;
}
process.exitCode = failed ? 1 : 0;
