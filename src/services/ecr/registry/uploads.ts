import type { Env, Scope } from '../../../control/service.ts';
import { DIGEST_PATTERN } from '../naming.ts';
import { layers, repositories } from '../records.ts';
import { append, cancelUpload, completeUpload, mount, receivedBytes, startUpload } from '../storage/uploads.ts';
import { authorize } from './access.ts';
import { send } from './call.ts';
import type { RepositoryCall } from './call.ts';
import { RegistryError } from './errors.ts';

/** Pushing a blob: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-blobs */

const blobAt = (name: string, digest: string) => ({ location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });

function progress(name: string, uploadId: string, received: number): Record<string, string> {
  return { location: `/v2/${name}/blobs/uploads/${uploadId}`, range: `0-${Math.max(0, received - 1)}`, 'docker-upload-uuid': uploadId };
}

/** POST: a mount, a blob in one go, or the beginning of an upload. */
export async function beginUpload(call: RepositoryCall): Promise<void> {
  const { env, scope, repository, query, request } = call;
  const { name } = repository.value;
  const [from, wanted, digest] = [query.get('from'), query.get('mount'), query.get('digest')];
  if (wanted && from && (await mountFrom(call, from, wanted))) return send(call, 201, blobAt(name, wanted));
  if (digest) checkDigest(digest);
  const uploadId = await startUpload(env, scope, repository);
  if (!digest) return send(call, 202, progress(name, uploadId, 0));
  await append(env, scope, repository, uploadId, request);
  await complete(env, scope, repository, uploadId, digest);
  send(call, 201, blobAt(name, digest));
}

/** PATCH: the next bytes. */
export async function continueUpload(call: RepositoryCall, uploadId: string): Promise<void> {
  const received = await append(call.env, call.scope, call.repository, uploadId, call.request, firstByteOf(call));
  send(call, 202, progress(call.repository.value.name, uploadId, received));
}

/** PUT: the last bytes, if any, and the digest of the whole. */
export async function endUpload(call: RepositoryCall, uploadId: string): Promise<void> {
  const { env, scope, repository, request, query } = call;
  const digest = checkDigest(query.get('digest') ?? '');
  await append(env, scope, repository, uploadId, request, firstByteOf(call));
  await complete(env, scope, repository, uploadId, digest);
  send(call, 201, blobAt(repository.value.name, digest));
}

export async function uploadStatus(call: RepositoryCall, uploadId: string): Promise<void> {
  const received = await receivedBytes(call.env, call.scope, call.repository, uploadId);
  send(call, 204, progress(call.repository.value.name, uploadId, received));
}

export async function dropUpload(call: RepositoryCall, uploadId: string): Promise<void> {
  await cancelUpload(call.env, call.scope, call.repository, uploadId);
  send(call, 204, {});
}

/** What did not have the digest that was said is of no use: it goes. */
async function complete(env: Env, scope: Scope, repository: RepositoryCall['repository'], uploadId: string, digest: string): Promise<void> {
  try {
    await completeUpload(env, scope, repository, uploadId, digest);
  } catch (error) {
    await cancelUpload(env, scope, repository, uploadId).catch(() => {});
    throw error;
  }
}

function checkDigest(digest: string): string {
  if (!DIGEST_PATTERN.test(digest)) throw new RegistryError('DIGEST_INVALID', `The digest '${digest}' is not valid`);
  return digest;
}

/** `Content-Range: <first>-<last>`, as the spec writes it, or with `bytes` and a total, as HTTP does. */
function firstByteOf({ request }: RepositoryCall): number | undefined {
  const header = request.headers['content-range'];
  if (header === undefined) return undefined;
  const match = /^(?:bytes )?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header);
  if (!match) throw new RegistryError('BLOB_UPLOAD_INVALID', `The content range '${header}' is not valid`);
  return Number(match[1]);
}

/** False, and so an ordinary upload, where there is nothing to mount or the caller may not read it. */
async function mountFrom(call: RepositoryCall, from: string, digest: string): Promise<boolean> {
  const { env, scope, repository } = call;
  const source = await repositories.get(env.store, scope, from);
  const layer = source && (await layers.get(env.store, scope, source.value.id, digest));
  if (!layer) return false;
  const readable = await authorize(call, 'GetDownloadUrlForLayer', source.value).then(() => true, (error: unknown) => {
    if (error instanceof RegistryError) return false;
    throw error;
  });
  return readable && mount(env, scope, repository, layer.value, digest);
}
