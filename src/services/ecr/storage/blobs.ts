import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Env } from '../../../control/service.ts';
import { exclusively } from './exclusively.ts';

/**
 * Bytes by their digest, shared by all repositories:
 *
 *   <stateDir>/control/ecr/blobs/sha256/ab/abcd…   whole, verified, on disk before any record names them
 *   <stateDir>/control/ecr/uploads/<id>            still growing, or on their way to `blobs`
 *
 * Garbage is a blob that no record names and that was last wanted long ago. Whoever is about to write a record that names a blob says
 * so first (`place`, `want`), which sets its time anew under the same lock as the collector's; so nothing goes between the two.
 */
export const uploadsFolder = ({ installation }: Env) => join(installation.stateDir, 'control', 'ecr', 'uploads');
const blobsFolder = ({ installation }: Env) => join(installation.stateDir, 'control', 'ecr', 'blobs', 'sha256');

export function blobPath(env: Env, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return join(blobsFolder(env), hex.slice(0, 2), hex);
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

export const digestOfBytes = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Moves a verified file to its place. It survives a power cut once this has returned. */
export async function place(env: Env, from: string, digest: string): Promise<void> {
  const to = blobPath(env, digest);
  await synced(from);
  await mkdir(dirname(to), { recursive: true });
  await exclusively(digest, async () => {
    const now = new Date();
    await utimes(from, now, now);
    await rename(from, to);
    await synced(dirname(to));
  });
}

/** Manifests, which are small. */
export async function placeBytes(env: Env, bytes: Uint8Array, digest: string): Promise<void> {
  const from = join(uploadsFolder(env), `m-${env.randomHex(32)}`);
  await mkdir(dirname(from), { recursive: true });
  await writeFile(from, bytes);
  await place(env, from, digest);
}

/** False if there is no such blob. */
export async function want(env: Env, digest: string): Promise<boolean> {
  return exclusively(digest, async () => {
    const now = new Date();
    return utimes(blobPath(env, digest), now, now).then(() => true, ifMissing(false));
  });
}

/** Its handle reads on even if the blob is collected meanwhile; the caller closes it. */
export async function openBlob(env: Env, digest: string): Promise<FileHandle | undefined> {
  return open(blobPath(env, digest)).catch(ifMissing(undefined));
}

export const readBlob = async (env: Env, digest: string): Promise<Buffer | undefined> => readFile(blobPath(env, digest)).catch(ifMissing(undefined));

/** Deletes blobs that are not in `named` and were last wanted before `before`. Answers their digests. */
export async function collect(env: Env, named: ReadonlySet<string>, before: Date): Promise<string[]> {
  const collected: string[] = [];
  for (const folder of await readdir(blobsFolder(env)).catch(ifMissing([]))) {
    for (const hex of await readdir(join(blobsFolder(env), folder))) {
      const digest = `sha256:${hex}`;
      if (named.has(digest)) continue;
      await exclusively(digest, async () => {
        const path = blobPath(env, digest);
        if ((await stat(path)).mtime >= before) return;
        await unlink(path);
        collected.push(digest);
      });
    }
  }
  return collected;
}

async function synced(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** For `catch`: the fallback where the file is not there; any other fault goes on. */
export const ifMissing = <T>(fallback: T) => (error: NodeJS.ErrnoException): T => {
  if (error.code !== 'ENOENT') throw error;
  return fallback;
};
