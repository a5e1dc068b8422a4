import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, run, spawnDetached } from './command.ts';

describe('run', () => {
  it('answers both outputs and gives input and environment', async () => {
    const { stdout, stderr } = await run(['sh', '-c', 'cat; echo $GREETING >&2'], { input: 'in', env: { GREETING: 'hello' } });
    assert.equal(stdout, 'in');
    assert.equal(stderr, 'hello\n');
  });

  it('passes arguments as they are, without a shell', async () => {
    assert.equal((await run(['printf', '%s', '$HOME; `id`'])).stdout, '$HOME; `id`');
  });

  it('fails with argv, code and output', async () => {
    const error = await run(['sh', '-c', 'echo out; echo bad >&2; exit 3']).catch((e: unknown) => e);
    assert.ok(error instanceof CommandError);
    assert.equal(error.exitCode, 3);
    assert.equal(error.stdout, 'out\n');
    assert.match(error.message, /^sh -c .*: exit code 3: bad$/s);
  });

  it('fails when the program is not there', async () => {
    await assert.rejects(run(['/no/such/program']), (e) => e instanceof CommandError && e.exitCode === null && /ENOENT/.test(e.message));
  });

  it('kills what runs past its time', async () => {
    await assert.rejects(run(['sleep', '60'], { timeoutMs: 50 }), (e) => e instanceof CommandError && e.killedBy === 'SIGKILL');
  });

  it('does not wait for the children of what it killed', { timeout: 300_000 }, async () => {
    // Until it came to say its child's id.
    for (let timeoutMs = 250, child = 0; child === 0; timeoutMs *= 2) {
      const error = await run(['sh', '-c', 'sleep 3600 & echo $!; wait'], { timeoutMs }).catch((e: unknown) => e);
      assert.ok(error instanceof CommandError && error.killedBy === 'SIGKILL');
      child = Number(error.stdout);
      if (child) process.kill(child);
    }
  });

  it('does not fail because a program left its input unread', async () => {
    await run(['true'], { input: 'x'.repeat(1 << 20) });
  });

  it('tells lines of stderr whole', async () => {
    const lines: string[] = [];
    await run(['sh', '-c', 'printf one >&2; sleep 0.1; printf "\\ntwo\\n" >&2'], { onLine: (line) => lines.push(line) });
    assert.deepEqual(lines, ['one', 'two']);
  });
});

it('spawnDetached answers the pid and adds the output to the log', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-command-'));
  try {
    const pid = await spawnDetached(['sh', '-c', 'echo $$'], { logFile: join(dir, 'log') });
    let log = '';
    for (let i = 0; i < 6000 && !log.endsWith('\n'); i++) {
      await sleep(10);
      log = await readFile(join(dir, 'log'), 'utf8');
    }
    assert.equal(log, `${pid}\n`);
    await assert.rejects(spawnDetached(['/no/such/program'], { logFile: join(dir, 'log') }), CommandError);
  } finally {
    await rm(dir, { recursive: true });
  }
});
