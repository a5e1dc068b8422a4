import { pipeline } from 'node:stream/promises';
import { DIGEST_PATTERN } from '../naming.ts';
import { layers } from '../records.ts';
import { blobPath, openBlob } from '../storage/blobs.ts';
import { send } from './call.ts';
import type { RepositoryCall } from './call.ts';
import { RegistryError } from './errors.ts';

/** GET and HEAD of a blob, whole or a range of it. Never in memory. */
export async function readBlob(call: Pick<RepositoryCall, 'env' | 'scope' | 'repository' | 'request' | 'response'>, digest: string): Promise<void> {
  const { env, scope, repository, request, response } = call;
  if (!DIGEST_PATTERN.test(digest)) throw new RegistryError('DIGEST_INVALID', `The digest '${digest}' is not valid`);
  const layer = await layers.get(env.store, scope, repository.value.id, digest);
  const handle = layer && (await openBlob(env, digest));
  if (!handle) {
    if (layer) env.log('a blob that is recorded is not on disk', { digest, path: blobPath(env, digest) });
    throw new RegistryError('BLOB_UNKNOWN', `The layer with digest '${digest}' does not exist in the repository with name '${repository.value.name}'`);
  }
  try {
    const { size } = await handle.stat();
    const range = rangeOf(request.headers.range, size);
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, 'accept-ranges': 'bytes', etag: `"${digest}"` };
    if (range === 'unsatisfiable') return send(call, 416, { 'content-range': `bytes */${size}` });
    const [first, last] = range ?? [0, size - 1];
    const length = { 'content-length': String(last - first + 1), ...(range ? { 'content-range': `bytes ${first}-${last}/${size}` } : {}) };
    response.writeHead(range ? 206 : 200, { ...headers, ...length });
    if (request.method === 'HEAD' || size === 0) return void response.end();
    await pipeline(handle.createReadStream({ start: first, end: last, autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

/** First and last byte of a single range (RFC 9110, 14.2); undefined: the whole. */
export function rangeOf(header: string | undefined, size: number): [number, number] | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const [first, last] = from === '' ? [Math.max(0, size - Number(to)), size - 1] : [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)];
  return first > last || (from === '' && Number(to) === 0) ? 'unsatisfiable' : [first, last];
}
