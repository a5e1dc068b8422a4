import { findImage, imagesOf, notePull } from '../images/find.ts';
import type { ImageId } from '../images/find.ts';
import { MOST_MANIFEST_BYTES } from '../images/manifest.ts';
import { putImage } from '../images/put.ts';
import { removeImage } from '../images/remove.ts';
import { DIGEST_PATTERN, TAG_PATTERN } from '../naming.ts';
import { IMAGE_TYPES } from '../records.ts';
import { readBlob } from '../storage/blobs.ts';
import { send, sendJson } from './call.ts';
import type { RepositoryCall } from './call.ts';
import { RegistryError } from './errors.ts';

/** Manifests by tag or digest: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */

function idOf(reference: string): ImageId {
  if (reference.includes(':')) {
    if (!DIGEST_PATTERN.test(reference)) throw new RegistryError('DIGEST_INVALID', `The digest '${reference}' is not valid`);
    return { imageDigest: reference };
  }
  if (!TAG_PATTERN.test(reference)) throw new RegistryError('TAG_INVALID', `The tag '${reference}' is not valid`);
  return { imageTag: reference };
}

export async function getManifest(call: RepositoryCall, reference: string): Promise<void> {
  const { env, scope, repository, request } = call;
  const found = await findImage(env, scope, repository.value, idOf(reference));
  const bytes = typeof found === 'string' ? undefined : await readBlob(env, found.id.imageDigest);
  if (typeof found === 'string' || !bytes) throw new RegistryError('MANIFEST_UNKNOWN', 'Requested image not found');
  if (request.method === 'GET') await notePull(env, found.entry);
  send(call, 200, { 'content-type': found.entry.value.mediaType, 'docker-content-digest': found.id.imageDigest, etag: `"${found.id.imageDigest}"` }, bytes);
}

export async function putManifest(call: RepositoryCall, reference: string): Promise<void> {
  const { env, scope, repository, request } = call;
  const { imageDigest, imageTag } = idOf(reference);
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim();
  const { image } = await putImage(env, scope, repository.value.name, {
    bytes: await manifestBody(call), ...(mediaType ? { mediaType } : {}), ...(imageDigest ? { digest: imageDigest } : {}), ...(imageTag ? { tag: imageTag } : {}),
  });
  send(call, 201, { location: `/v2/${repository.value.name}/manifests/${image.digest}`, 'docker-content-digest': image.digest, ...(image.subject ? { 'oci-subject': image.subject } : {}) });
}

export async function deleteManifest(call: RepositoryCall, reference: string): Promise<void> {
  const removal = await removeImage(call.env, call.scope, call.repository.value.name, idOf(reference));
  if (!removal.ok) throw new RegistryError(removal.code === 'ImageReferencedByManifestList' ? 'DENIED' : 'MANIFEST_UNKNOWN', removal.reason);
  send(call, 202, {});
}

/** Everything that says to be about this digest, which need not be there. */
export async function listReferrers(call: RepositoryCall, digest: string): Promise<void> {
  if (!DIGEST_PATTERN.test(digest)) throw new RegistryError('DIGEST_INVALID', `The digest '${digest}' is not valid`);
  const type = call.query.get('artifactType');
  const found = (await imagesOf(call.env, call.scope, call.repository.value)).map(({ image }) => image).filter((image) => image.subject === digest && (!type || image.artifactType === type));
  const manifests = found.map(({ digest: own, mediaType, manifestSize, artifactType, annotations }) => ({ mediaType, digest: own, size: manifestSize, ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) }));
  sendJson(call, 200, { schemaVersion: 2, mediaType: IMAGE_TYPES.ociIndex, manifests }, { 'content-type': IMAGE_TYPES.ociIndex, ...(type ? { 'oci-filters-applied': 'artifactType' } : {}) });
}

async function manifestBody({ request }: RepositoryCall): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_MANIFEST_BYTES) throw new RegistryError('SIZE_INVALID', `A manifest has at most ${MOST_MANIFEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
