import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { failure, repositoryNotFound, uploadNotFound } from '../errors.ts';
import { requireRepository, transact } from '../lookups.ts';
import { layers, uploads } from '../records.ts';
import type { Layer, Repository } from '../records.ts';
import { digestOf, ifMissing, place, uploadsFolder, want } from './blobs.ts';
import { exclusively } from './exclusively.ts';
import { uuid } from '../../../control/uuid.ts';

/** A layer on its way in. What was received survives a restart; the client asks how much that is and goes on from there. */

type Uploading = Pick<Entry<Repository>, 'key' | 'value' | 'revision'>;

const UPLOAD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const fileOf = (env: Env, uploadId: string) => join(uploadsFolder(env), uploadId);

export async function startUpload(env: Env, scope: Scope, repository: Uploading): Promise<string> {
  const uploadId = uuid(env.randomHex(32));
  await mkdir(uploadsFolder(env), { recursive: true });
  await (await open(fileOf(env, uploadId), 'wx')).close();
  await env.store.commit([uploads.put(uploads.key(scope, repository.value.id, uploadId), { startedAt: env.now().toISOString() }, 0)]);
  return uploadId;
}

/** Bytes received so far. Throws UploadNotFoundException. */
export async function receivedBytes(env: Env, scope: Scope, repository: Uploading, uploadId: string): Promise<number> {
  const known = UPLOAD_ID.test(uploadId) && (await uploads.get(env.store, scope, repository.value.id, uploadId));
  const file = known ? await stat(fileOf(env, uploadId)).catch(ifMissing(undefined)) : undefined;
  if (!file) throw uploadNotFound(scope, repository.value.name, uploadId);
  return file.size;
}

/** Appends a stream, from the byte that follows what was received. Answers how many bytes there are now. */
export async function append(env: Env, scope: Scope, repository: Uploading, uploadId: string, source: Readable | Uint8Array, firstByte?: number): Promise<number> {
  return exclusively(uploadId, async () => {
    const received = await receivedBytes(env, scope, repository, uploadId);
    if (firstByte !== undefined && firstByte !== received) {
      throw failure('InvalidLayerPartException', `The layer part's first byte should be '${received}' and is '${firstByte}'`, {
        registryId: scope.account, repositoryName: repository.value.name, uploadId, lastValidByteReceived: received - 1,
      });
    }
    await pipeline(source instanceof Uint8Array ? [source] : source, createWriteStream(fileOf(env, uploadId), { flags: 'a' }));
    return receivedBytes(env, scope, repository, uploadId);
  });
}

/** Verifies the digest, puts the blob in its place, and only then records that the repository has it. */
export async function completeUpload(env: Env, scope: Scope, repository: Uploading, uploadId: string, digest: string, mediaType?: string): Promise<Layer> {
  return exclusively(uploadId, async () => {
    const size = await receivedBytes(env, scope, repository, uploadId);
    const found = await digestOf(fileOf(env, uploadId));
    if (found !== digest) throw failure('InvalidLayerException', `Layer digest '${digest}' does not match the digest '${found}' of what was uploaded`);
    await place(env, fileOf(env, uploadId), digest);
    const layer: Layer = { size, uploadedAt: env.now().toISOString(), ...(mediaType ? { mediaType } : {}) };
    await recordLayer(env, scope, repository, digest, layer, [{ delete: uploads.key(scope, repository.value.id, uploadId) }]);
    return layer;
  });
}

export async function cancelUpload(env: Env, scope: Scope, repository: Uploading, uploadId: string): Promise<void> {
  await receivedBytes(env, scope, repository, uploadId);
  await env.store.commit([{ delete: uploads.key(scope, repository.value.id, uploadId) }]);
  await rm(fileOf(env, uploadId), { force: true });
}

/** Lets a repository have a blob that another one has. False if there is no such blob. */
export async function mount(env: Env, scope: Scope, repository: Uploading, source: Layer, digest: string): Promise<boolean> {
  if (!(await want(env, digest))) return false;
  await recordLayer(env, scope, repository, digest, { ...source, uploadedAt: env.now().toISOString() });
  return true;
}

async function recordLayer(env: Env, scope: Scope, repository: Uploading, digest: string, layer: Layer, more: { delete: string }[] = []): Promise<void> {
  const { id, name } = repository.value;
  await transact(env, async () => {
    const { key, value, revision } = await requireRepository(env, scope, name);
    // Deleted and made again meanwhile: another repository.
    if (value.id !== id) throw repositoryNotFound(scope.account, name);
    return { changes: [{ check: key, expect: revision }, layers.put(layers.key(scope, id, digest), layer), ...more], result: undefined };
  });
}

/** Takes away uploads that nobody went on with. */
export async function dropStale(env: Env, before: Date): Promise<void> {
  for (const { key, value } of await uploads.all(env.store)) {
    const { names: [, uploadId = ''] } = uploads.parse(key);
    const file = await stat(fileOf(env, uploadId)).catch(ifMissing(undefined));
    if ((file?.mtime ?? new Date(value.startedAt)) < before) await env.store.commit([{ delete: key }]);
  }
  const known = new Set((await uploads.all(env.store)).map(({ key }) => uploads.parse(key).names[1]));
  for (const name of await readdir(uploadsFolder(env)).catch(ifMissing([]))) {
    const path = join(uploadsFolder(env), name);
    const file = await stat(path).catch(ifMissing(undefined));
    if (!known.has(name) && file && file.mtime < before) await rm(path, { force: true });
  }
}

