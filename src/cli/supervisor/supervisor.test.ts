import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from '../../wire/installation.ts';
import { keep, rotate } from './keep.ts';
import { stopPrograms } from './lifecycle.ts';
import { identify, isAlive, signalTo, stop } from './process.ts';
import { forgetRecord, logFile, running, writeRecord, type Program } from './programs.ts';

const TIMEOUT = { timeout: 300_000 };

const WITHIN_MS = 60_000;

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await sleep(20)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`not seen within ${WITHIN_MS} ms`);
}

describe('a process', TIMEOUT, () => {
  it('is not alive under another start time or boot', () => {
    const self = identify(process.pid);
    assert.ok(self && isAlive(self));
    assert.ok(!isAlive({ ...self, startTicks: '1' }));
    assert.ok(!isAlive({ ...self, bootId: 'x' }));
    assert.ok(!signalTo({ ...self, startTicks: '1' }, 'SIGKILL'), 'a stranger with the same id gets no signal');
  });

  it('is killed when it does not end by itself', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const found = identify(child.pid ?? 0);
    assert.ok(found);
    await stop(found, 200);
    assert.ok(!isAlive(found));
    process.kill(-found.pid, 'SIGKILL');
  });
});

describe('the supervisor', TIMEOUT, () => {
  let dir = '';
  let installation: Installation;
  let program: Program;
  const saved = process.env.GANTRY_RUN;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gantry-supervisor-'));
    process.env.GANTRY_RUN = join(dir, 'run');
    installation = { name: 'tiny', stateDir: join(dir, 'tiny') } as Installation;
    await mkdir(join(dir, 'tiny/logs'), { recursive: true });
    await mkdir(join(dir, 'src'));
    await writeFile(join(dir, 'src/tiny.ts'), 'console.log("tiny", process.argv[2]); setInterval(() => {}, 1000);');
    program = { name: 'host-agent', script: join(dir, 'src/tiny.ts') };
  });
  after(async () => {
    const left = await running(program, installation);
    if (left) await stop(left);
    if (saved === undefined) delete process.env.GANTRY_RUN;
    else process.env.GANTRY_RUN = saved;
    await rm(dir, { recursive: true });
  });

  it('starts a program again, and leaves it alive when it ends itself', async () => {
    const abort = new AbortController();
    const keeping = keep(program, installation, abort.signal, () => {});
    const greetings = (count: number) => async () => ((await readFile(logFile(installation, program.name), 'utf8')).split('tiny ').length > count ? true : undefined);
    try {
      const first = await until(() => running(program, installation));
      assert.equal(first.restarts, 0);
      await until(greetings(1));
      signalTo(first, 'SIGKILL');
      const second = await until(async () => {
        const now = await running(program, installation);
        return now && now.pid !== first.pid ? now : undefined;
      });
      assert.equal(second.restarts, 1);
      await until(greetings(2));
      abort.abort();
      await keeping;
      assert.ok(isAlive(second));
    } finally {
      abort.abort();
    }
  });

  it('adopts what an earlier one started, even if that died before writing it down', async () => {
    const before = await running(program, installation);
    assert.ok(before);
    await forgetRecord(installation.name, program.name);
    const abort = new AbortController();
    const said: string[] = [];
    const keeping = keep(program, installation, abort.signal, (line) => said.push(line));
    await until(async () => said[0]).finally(() => abort.abort());
    await keeping;
    assert.deepEqual(said, [`host-agent: goes on as process ${before.pid}`]);
  });

  it('stops nothing of strangers', async () => {
    const self = identify(process.pid);
    assert.ok(self);
    await writeRecord('strange', 'control-plane', { ...self, startTicks: '1', startedAt: '', restarts: 0 });
    await stopPrograms({ name: 'strange', stateDir: join(dir, 'strange') });
    await stopPrograms({ name: 'strange', stateDir: join(dir, 'strange') });
  });

  it('keeps one old log of a size', async () => {
    const file = join(dir, 'some.log');
    await rotate(file, 10);
    await appendFile(file, '0123456789');
    await rotate(file, 10);
    assert.equal((await stat(file)).size, 0);
    assert.equal(await readFile(`${file}.1`, 'utf8'), '0123456789');
  });
});
