import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Env } from '../../control/service.ts';

/**
 * SecureStrings at rest: AES-256-GCM under the installation's own key, `<stateDir>/control/ssm.key`, which stands for `alias/aws/ssm`.
 * The store never has the plain value; whoever has both files has it. Sealed: base64 of nonce (12 bytes), tag (16), text.
 */
export async function seal(env: Env, name: string, plain: string): Promise<string> {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await key(env), nonce).setAAD(Buffer.from(name));
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
}

export async function unseal(env: Env, name: string, sealed: string): Promise<string> {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', await key(env), bytes.subarray(0, 12)).setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
}

async function key(env: Env): Promise<Buffer> {
  const folder = join(env.installation.stateDir, 'control');
  const path = join(folder, 'ssm.key');
  const found = await readFile(path).catch(absent);
  if (found) return found;
  await mkdir(folder, { recursive: true });
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(fresh, randomBytes(32), { mode: 0o600, flush: true });
  // Whole or not at all, and of two that come at once the first stays.
  await link(fresh, path).catch(already);
  await rm(fresh);
  return readFile(path);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function already(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
