import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { layFiles } from './files.ts';

let root = '';
let outside = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'gantry-root-'));
  outside = await mkdtemp(join(tmpdir(), 'gantry-outside-'));
});
after(() => Promise.all([root, outside].map((folder) => rm(folder, { recursive: true }))));

const file = (path: string, content: string, mode = 0o600) => ({ path, content: Buffer.from(content).toString('base64'), mode });
const inode = async (path: string) => (await stat(join(root, path))).ino;

test('files come to be with their modes, and change as a whole; what is as wished is left alone', async () => {
  await layFiles(root, [file('/etc/kubernetes/pki/ca.key', 'secret'), file('/etc/kubernetes/run', '#!/bin/sh\n', 0o755)]);
  assert.equal(await readFile(join(root, 'etc/kubernetes/pki/ca.key'), 'utf8'), 'secret');
  assert.equal((await stat(join(root, 'etc/kubernetes/pki/ca.key'))).mode & 0o7777, 0o600);
  assert.equal((await stat(join(root, 'etc/kubernetes/run'))).mode & 0o7777, 0o755);
  const before = await inode('etc/kubernetes/run');
  await layFiles(root, [file('/etc/kubernetes/run', '#!/bin/sh\n', 0o755)]);
  assert.equal(await inode('etc/kubernetes/run'), before);
  await layFiles(root, [file('/etc/kubernetes/run', '#!/bin/bash\n', 0o700)]);
  assert.notEqual(await inode('etc/kubernetes/run'), before);
  assert.equal(await readFile(join(root, 'etc/kubernetes/run'), 'utf8'), '#!/bin/bash\n');
  assert.deepEqual((await readdir(join(root, 'etc/kubernetes'))).sort(), ['pki', 'run']);
});

test('no path leads out of the root', async () => {
  for (const path of ['etc/relative', '/../escape', '/etc/../../escape', '/etc//passwd', '/etc/']) await assert.rejects(layFiles(root, [file(path, 'x')]), /not an absolute path/);
  await mkdir(join(root, 'srv'));
  await symlink(outside, join(root, 'srv/link'));
  await assert.rejects(layFiles(root, [file('/srv/link/x', 'x')]));
  await assert.rejects(layFiles(root, [file('/srv/link/deeper/x', 'x')]));
  await symlink(join(outside, 'target'), join(root, 'srv/file'));
  await layFiles(root, [file('/srv/file', 'in place of the link')]);
  assert.equal(await readFile(join(root, 'srv/file'), 'utf8'), 'in place of the link');
  assert.deepEqual(await readdir(outside), []);
});
