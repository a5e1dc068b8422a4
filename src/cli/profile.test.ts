import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadSharedConfigFiles } from '@smithy/core/config';
import type { Installation } from '../wire/installation.ts';
import { removeProfile, withoutSection, withSection, writeProfile } from './profile.ts';

const PAIRS = { endpoint_url: 'http://127.0.0.1:4566', region: 'us-east-1' };
const KEYS = Object.keys(PAIRS);
const SECTION = 'profile demo';

describe('a section of an AWS file', () => {
  const users = '# mine\r\n[default]\nregion=eu-west-1\n\n[profile demo2]\ns3 =\n  endpoint_url = http://x\n';

  it('is added after what is there and taken away again, every other byte as it was', () => {
    const added = withSection(users, SECTION, PAIRS) ?? '';
    assert.ok(added.startsWith(users));
    assert.match(added, /\n\n\[profile demo\]\n#.*\nendpoint_url = http:\/\/127\.0\.0\.1:4566\nregion = us-east-1\n$/);
    assert.equal(withoutSection(added, SECTION, KEYS), users);
  });

  it('is changed in place and keeps what the user put into it and behind it', () => {
    const first = withSection(users, SECTION, { ...PAIRS, region: 'us-west-2' }) ?? '';
    const edited = `${first}cli_pager =\n\n[profile last]\nregion = a\n`;
    const second = withSection(edited, SECTION, PAIRS) ?? '';
    assert.equal(second, edited.replace('us-west-2', 'us-east-1'));
    assert.equal(withSection(second, SECTION, PAIRS), second);
    assert.equal(withoutSection(second, SECTION, KEYS), `${users}\n[profile demo]\ncli_pager =\n\n[profile last]\nregion = a\n`);
  });

  it('is left alone where the user has one of that name', () => {
    const own = '[ profile  "demo" ]\nregion = a\n';
    assert.equal(withSection(own, SECTION, PAIRS), undefined);
    assert.equal(withoutSection(own, SECTION, KEYS), own);
  });

  it('leaves nothing of an otherwise empty file', () => {
    assert.equal(withoutSection(withSection('', SECTION, PAIRS) ?? '', SECTION, KEYS), '');
  });
});

it('writes a profile that the SDK reads, and takes it away', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-profile-'));
  const saved = { ...process.env };
  process.env.AWS_CONFIG_FILE = join(dir, 'aws/config');
  process.env.AWS_SHARED_CREDENTIALS_FILE = join(dir, 'credentials');
  const installation = { name: 'demo', port: 4567, region: 'us-east-1' } as Installation;
  const before = '[default]\naws_access_key_id = A\naws_secret_access_key = B\n';
  try {
    await writeFile(join(dir, 'credentials'), before, { mode: 0o640 });
    assert.ok(await writeProfile(installation, { accessKeyId: 'AKIADEMO', secretAccessKey: 'a/b+c' }));
    const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
    assert.equal(configFile.demo?.endpoint_url, 'http://127.0.0.1:4567');
    assert.deepEqual({ ...credentialsFile.demo }, { aws_access_key_id: 'AKIADEMO', aws_secret_access_key: 'a/b+c' });
    assert.equal((await stat(join(dir, 'credentials'))).mode & 0o777, 0o640);
    assert.equal((await stat(join(dir, 'aws/config'))).mode & 0o777, 0o600);
    await removeProfile('demo');
    await removeProfile('demo');
    assert.equal(await readFile(join(dir, 'credentials'), 'utf8'), before);
    await assert.rejects(stat(join(dir, 'aws/config')), { code: 'ENOENT' });
  } finally {
    process.env = saved;
    await rm(dir, { recursive: true });
  }
});
