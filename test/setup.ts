import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allInstallations } from '../src/cli/installation.ts';
import { bringUp, gantry, showLogs } from './fixtures/gantry.ts';
import { leaksOf } from './fixtures/leaks.ts';

/**
 * Node's global set-up of a run with end-to-end tests: one installation that they share, `test-<process id>`, gone after the run; the
 * run fails if anything of it is left. Where GANTRY_TEST names an installation that is up, that one is used and left as it is (its
 * name, so that a test can be run again and again while one works on it).
 */
const name = process.env.GANTRY_TEST ?? `test-${process.pid}`;
const ours = process.env.GANTRY_TEST === undefined;
/** `gantry up` writes a profile: not into the user's own files. */
const aws = ours ? mkdtempSync(join(tmpdir(), 'gantry-test-')) : '';

export async function globalSetup(): Promise<void> {
  if (ours) Object.assign(process.env, { AWS_CONFIG_FILE: join(aws, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(aws, 'credentials') });
  try {
    // The files of tests, each a process of its own, inherit it (fixtures/shared.ts).
    process.env.GANTRY_TEST_INSTALLATION = JSON.stringify(await bringUp(name));
  } catch (error) {
    await globalTeardown();
    throw error;
  }
}

/** Node 24 calls this again, forever, if it throws. */
export async function globalTeardown(): Promise<void> {
  if (!ours) return;
  try {
    // A test's own, that it did not come to take down, is named after this one.
    const names = (await allInstallations()).map((one) => one.name).filter((one) => one === name || one.startsWith(`${name}-`));
    for (const one of names) {
      if (process.exitCode) showLogs(one);
      await gantry(one, 'down', '--purge');
    }
    rmSync(aws, { recursive: true, force: true });
  } catch (error) {
    fail(`gantry down failed: ${String(error)}`);
  }
  const leaks = await leaksOf(name);
  if (leaks.length > 0) fail(`left on this machine:\n${leaks.join('\n')}`);
}

function fail(why: string): void {
  console.error(`The tests' installation ${name}: ${why}`);
  process.exitCode = 1;
}
