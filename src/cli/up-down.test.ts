import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../engines/command.ts';
import { identify } from './supervisor/process.ts';
import { root } from './version.ts';

describe('an installation', { timeout: 600_000 }, () => {
  const name = `t${randomBytes(4).toString('hex')}`;
  let dir = '';
  const gantry = (...argv: string[]) =>
    run([join(root, 'gantry'), '--name', name, ...argv], {
      env: { GANTRY_HOME: join(dir, 'home'), GANTRY_RUN: join(dir, 'run'), AWS_CONFIG_FILE: join(dir, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(dir, 'credentials') },
    });
  // As `gantry status --output json` prints it.
  const status = async () => JSON.parse((await gantry('status', '--output', 'json')).stdout) as { ready: boolean; endpoint: string; controlPlane: { pid: number | null }; hostAgent: { pid: number | null } };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gantry-up-'));
  });
  after(async () => {
    await gantry('down', '--purge');
    await rm(dir, { recursive: true });
  });

  it('goes up, and up again changes nothing', async () => {
    await gantry('up');
    const first = await status();
    assert.ok(first.ready);
    await gantry('up');
    assert.deepEqual(await status(), first);
    assert.match(await readFile(join(dir, 'config'), 'utf8'), new RegExp(`endpoint_url = ${first.endpoint}`));
    assert.match((await gantry('env')).stdout, new RegExp(`^export AWS_ENDPOINT_URL=${first.endpoint}$`, 'm'));
  });

  it('has each of its programs back after its death, the other one untouched', async () => {
    for (const [killed, other] of [['controlPlane', 'hostAgent'], ['hostAgent', 'controlPlane']] as const) {
      const first = await status();
      const { pid } = first[killed];
      assert.ok(pid);
      process.kill(pid, 'SIGKILL');
      const killedAt = Date.now();
      let now = await status();
      while (!now.ready || now[killed].pid === null || now[killed].pid === pid) {
        assert.ok(Date.now() - killedAt < 120_000, `${killed} is not back: ${JSON.stringify(now)}`);
        await sleep(50);
        now = await status();
      }
      assert.equal(now[other].pid, first[other].pid);
    }
  });

  it('goes down and leaves nothing, also the second time', async () => {
    const { controlPlane, hostAgent } = await status();
    await gantry('down');
    for (const { pid } of [controlPlane, hostAgent]) assert.equal(identify(pid ?? 0), undefined);
    assert.ok(existsSync(join(dir, 'home', name, 'installation.json')), 'what it kept is for the next up');
    await gantry('down', '--purge');
    await gantry('down', '--purge');
    assert.ok(!existsSync(join(dir, 'home', name)));
    assert.ok(!existsSync(join(dir, 'config')));
    assert.ok(!(await run(['ip', 'netns', 'list'])).stdout.includes(name));
    for (const file of ['/proc/mounts', '/etc/hosts']) assert.ok(!(await readFile(file, 'utf8')).includes(name), file);
    assert.ok(!(await run(['nft', 'list', 'tables'])).stdout.includes(name));
  });
});
