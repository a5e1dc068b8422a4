import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadSync } from '@grpc/proto-loader';
import { run } from './command.ts';
import { binDir, ensure, everydayEngines, list } from './index.ts';
import { withLock } from './lock.ts';
import { directives } from './manifest.ts';
import { criProto } from './protos.ts';

const DEADLINE = { timeout: 300_000 };

it('reads the directives of a go.mod, single and in blocks', () => {
  const mod = 'module m\n\ntool a/b // why\n\ntool (\n\tc/d\n)\nrequire (\n\tx v1.2.3 // indirect\n)\nrequire y v2.0.0\n';
  assert.deepEqual(directives(mod, 'tool'), [['a/b'], ['c/d']]);
  assert.deepEqual(directives(mod, 'require'), [['x', 'v1.2.3'], ['y', 'v2.0.0']]);
});

it('names every engine, its version and programs', async () => {
  const engines = await list();
  assert.deepEqual(engines.map((engine) => engine.name), ['containerd', 'runc', 'cni-plugins', 'kubernetes-1.36', 'etcd', 'coredns', 'csi', 'conformance']);
  assert.deepEqual(everydayEngines, ['containerd', 'runc', 'cni-plugins']);
  for (const engine of engines) assert.match(engine.version, /^\d+\.\d+\.\d+$/);
  const programs = Object.fromEntries(engines.map((engine) => [engine.name, engine.programs]));
  assert.ok(programs['cni-plugins']?.includes('host-device'));
  assert.deepEqual(programs.etcd, ['etcdctl', 'etcd']);
});

it('gives the lock to one at a time, and frees that of a killed holder', DEADLINE, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-lock-'));
  try {
    const file = join(dir, 'lock');
    const code = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}; await withLock(${JSON.stringify(file)}, async () => { console.log('held'); await new Promise(() => setInterval(() => {}, 1000)); });`;
    const holder = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    let waited = false;
    const mine = withLock(file, async () => 'mine', () => {
      waited = true;
      holder.kill('SIGKILL');
    });
    assert.equal(await mine, 'mine');
    assert.ok(waited);
  } finally {
    await rm(dir, { recursive: true });
  }
});

describe('a real engine in a cache of its own', DEADLINE, () => {
  let cache = '';
  const saved = process.env.GANTRY_CACHE;
  before(async () => {
    cache = await mkdtemp(join(tmpdir(), 'gantry-engines-'));
    process.env.GANTRY_CACHE = cache;
  });
  after(async () => {
    if (saved === undefined) delete process.env.GANTRY_CACHE;
    else process.env.GANTRY_CACHE = saved;
    await rm(cache, { recursive: true });
  });

  it('is missing at first, and says how to get it', async () => {
    await assert.rejects(binDir('cni-plugins'), /gantry engines build cni-plugins/);
  });

  it('is built once by two builders after a killed one', async () => {
    const parent = join(cache, 'engines/cni-plugins');
    await mkdir(join(parent, '.building-killed'), { recursive: true });
    const code = `import { ensure } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))}; await ensure('cni-plugins');`;
    const builder = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], { stdio: 'inherit' });
    const steps = new Set<string>();
    const [dir, [code0]] = await Promise.all([ensure('cni-plugins', (step) => steps.add(step.what)), once(builder, 'exit')]);
    assert.equal(code0, 0);
    assert.deepEqual((await readdir(parent)).length, 1, 'one whole build and nothing unfinished');
    assert.ok(steps.has('compiling') || steps.has('waiting for another build'));
    const { stderr } = await run([join(dir, 'bridge')], { input: '', env: { CNI_COMMAND: undefined } });
    assert.match(stderr, /CNI bridge plugin v1\.\d+/);
    assert.equal(await binDir('cni-plugins'), dir);
  });

  it('is taken from the folder that a user names, if the version is right', async () => {
    const given = join(cache, 'mine');
    await mkdir(join(given, 'cni-plugins'), { recursive: true });
    const built = await binDir('cni-plugins');
    process.env.GANTRY_ENGINES_DIR = given;
    try {
      for (const program of await readdir(built)) await symlink(join(built, program), join(given, 'cni-plugins', program));
      assert.equal(await ensure('cni-plugins'), join(given, 'cni-plugins'));
      await rm(join(given, 'cni-plugins/bridge'));
      await writeFile(join(given, 'cni-plugins/bridge'), '#!/bin/sh\necho CNI bridge plugin v0.0.1\n', { mode: 0o755 });
      await assert.rejects(ensure('cni-plugins'), /bridge is not version 1\./);
    } finally {
      delete process.env.GANTRY_ENGINES_DIR;
    }
  });
});

it('containerd, its shim and runc print the pinned versions; the CRI proto loads', DEADLINE, async () => {
  const [containerd, runc] = [await ensure('containerd'), await ensure('runc')];
  const versions = Object.fromEntries((await list()).map((engine) => [engine.name, engine.version]));
  for (const program of ['containerd', 'ctr', 'containerd-shim-runc-v2']) {
    assert.ok((await run([join(containerd, program), '-v'])).stdout.includes(`v${versions.containerd}`), program);
  }
  const { stdout } = await run([join(runc, 'runc'), '--version']);
  assert.ok(stdout.includes(`runc version ${versions.runc}`));
  assert.match(stdout, /libseccomp: \d/);
  assert.ok('runtime.v1.RuntimeService' in loadSync(await criProto()));
});
