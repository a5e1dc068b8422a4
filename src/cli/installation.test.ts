import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { forgetChoice } from './choices.ts';
import { UserError } from './command.ts';
import { checkName, ensureInstallation, freeBlock, installationOf, readAdminKey } from './installation.ts';

it('takes the first /22 that nothing overlaps', () => {
  assert.equal(freeBlock([]), '198.18.0.0/22');
  assert.equal(freeBlock(['198.18.0.0/22', '10.0.0.0/8']), '198.18.4.0/22');
  assert.equal(freeBlock(['198.18.0.0/16']), '198.19.0.0/22');
  assert.equal(freeBlock(['198.18.3.255']), '198.18.4.0/22');
  assert.throws(() => freeBlock(['198.18.0.0/15']), UserError);
});

it('refuses names that could not be part of every name', () => {
  for (const name of ['', 'A', 'a_b', 'a/b', '..', 'x'.repeat(21)]) assert.throws(() => checkName(name), UserError);
  assert.equal(checkName('my-cloud-2'), 'my-cloud-2');
});

describe('installations', () => {
  let home = '';
  const saved = process.env.GANTRY_HOME;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'gantry-home-'));
    process.env.GANTRY_HOME = home;
  });
  after(async () => {
    if (saved === undefined) delete process.env.GANTRY_HOME;
    else process.env.GANTRY_HOME = saved;
    for (const name of await readdir(home)) await forgetChoice(join(home, name));
    await rm(home, { recursive: true });
  });

  it('are not there before up', async () => {
    await assert.rejects(installationOf('a'), /gantry up/);
  });

  it('made at once differ in account, port, addresses and key, and stay what they are', async () => {
    const [a, b] = await Promise.all([ensureInstallation('a'), ensureInstallation('b')]);
    assert.match(a.account, /^\d{12}$/);
    assert.notEqual(a.account, b.account);
    assert.notEqual(a.port, b.port);
    assert.notEqual(a.publicCidr, b.publicCidr);
    assert.deepEqual(a.zones, ['a', 'b', 'c'].map((letter) => `${a.region}${letter}`));
    assert.deepEqual(await ensureInstallation('a'), a);
    const key = await readAdminKey(a);
    assert.match(key.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
    assert.match(key.secretAccessKey, /^[\w+/]{40}$/);
    assert.notDeepEqual(await readAdminKey(b), key);
    for (const file of ['admin.json', 'host.token']) assert.equal((await stat(join(home, 'a', file))).mode & 0o777, 0o600);
    assert.match(await readFile(join(home, 'a/host.token'), 'utf8'), /^[0-9a-f]{64}\n$/);
  });

  it('differ also if they are made in different homes, before either is up', async () => {
    const a = await ensureInstallation('a');
    process.env.GANTRY_HOME = await mkdtemp(join(tmpdir(), 'gantry-home-'));
    try {
      const stranger = await ensureInstallation('a');
      assert.notEqual(stranger.port, a.port);
      assert.notEqual(stranger.publicCidr, a.publicCidr);
      await forgetChoice(stranger.stateDir);
    } finally {
      await rm(process.env.GANTRY_HOME, { recursive: true });
      process.env.GANTRY_HOME = home;
    }
  });

  it('do not take a port that something listens on', async () => {
    // What is free next, unless others of this machine come and go meanwhile.
    const { port, stateDir } = await ensureInstallation('next');
    await rm(stateDir, { recursive: true });
    await forgetChoice(stateDir);
    const stranger = createServer();
    await new Promise((resolve) => stranger.once('error', resolve).listen(port, '127.0.0.1', () => resolve(undefined)));
    try {
      assert.notEqual((await ensureInstallation('c')).port, port);
    } finally {
      stranger.close();
    }
  });
});
