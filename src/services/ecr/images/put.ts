import type { Env, Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { failure, invalidParameter, layersNotFound } from '../errors.ts';
import { requireRepository, transact } from '../lookups.ts';
import { DIGEST_PATTERN, TAG_PATTERN } from '../naming.ts';
import { imageTags, images, layers, repositories } from '../records.ts';
import type { Image, Repository } from '../records.ts';
import { digestOfBytes, placeBytes, want } from '../storage/blobs.ts';
import { parseManifest } from './manifest.ts';
import type { ParsedManifest } from './manifest.ts';
import { isImmutable } from './mutability.ts';

export interface NewImage {
  bytes: Uint8Array;
  mediaType?: string;
  tag?: string;
  /** What the bytes must hash to. */
  digest?: string;
}

/** `existed`: the very image was there, with the very tag. */
export interface PutImageResult {
  image: Image;
  existed: boolean;
}

/**
 * Puts a manifest, whose layers or images the repository must have, and moves the tag to it. The bytes first, then the record, in one
 * commit with the repository, so that one which is deleted meanwhile as empty is not.
 */
export async function putImage(env: Env, scope: Scope, name: string, wish: NewImage, registryId?: string): Promise<PutImageResult> {
  const digest = digestOfBytes(wish.bytes);
  if (wish.tag !== undefined && !TAG_PATTERN.test(wish.tag)) throw invalidParameter('imageTag', `must satisfy regular expression '${TAG_PATTERN.source.slice(1, -1)}'`);
  if (wish.digest !== undefined && wish.digest !== digest) {
    throw DIGEST_PATTERN.test(wish.digest)
      ? failure('ImageDigestDoesNotMatchException', `Image digest '${wish.digest}' does not match the digest '${digest}' of the image manifest`)
      : invalidParameter('imageDigest', 'must satisfy regular expression \'sha256:[a-f0-9]{64}\'');
  }
  await requireRepository(env, scope, name, registryId);
  const manifest = parseManifest(wish.bytes, wish.mediaType);
  await placeBytes(env, wish.bytes, digest);
  return transact<PutImageResult>(env, async () => {
    const { key, value: repository, revision } = await requireRepository(env, scope, name, registryId);
    const [existing, tagged] = await Promise.all([
      images.get(env.store, scope, repository.id, digest),
      wish.tag === undefined ? undefined : imageTags.get(env.store, scope, repository.id, wish.tag),
    ]);
    if (tagged && tagged.value !== digest && isImmutable(repository, wish.tag!)) throw immutable(repository, wish.tag!);
    const image: Image = existing?.value ?? { digest, ...manifest, manifestSize: wish.bytes.length, pushedAt: env.now().toISOString() };
    const existed = existing !== undefined && (wish.tag === undefined || tagged?.value === digest);
    if (existed) return { changes: [], result: { image, existed } };
    const changes = [
      repositories.put(key, repository, revision),
      ...(await contentChecks(env, scope, repository, manifest)),
      ...(existing ? [{ check: existing.key, expect: existing.revision }] : [images.put(images.key(scope, repository.id, digest), image, 0)]),
      ...(wish.tag === undefined ? [] : [imageTags.put(imageTags.key(scope, repository.id, wish.tag), digest, tagged?.revision ?? 0)]),
    ];
    return { changes, result: { image, existed } };
  });
}

const immutable = ({ name }: Repository, tag: string) =>
  failure('ImageTagAlreadyExistsException', `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`);

/** That the repository has all that the manifest names, and changes that fail if any of it goes meanwhile. */
async function contentChecks(env: Env, scope: Scope, repository: Repository, manifest: ParsedManifest): Promise<Change[]> {
  const found = await Promise.all(manifest.layers.map(async (digest) => ({ digest, entry: await layers.get(env.store, scope, repository.id, digest), there: await want(env, digest) })));
  const absent = found.filter(({ entry, there }) => !entry || !there).map(({ digest }) => digest);
  if (absent.length) throw layersNotFound(scope, repository.name, absent);
  const children = await Promise.all(manifest.children.map(async (digest) => ({ digest, entry: await images.get(env.store, scope, repository.id, digest) })));
  const missing = children.filter(({ entry }) => !entry).map(({ digest }) => digest);
  if (missing.length) throw failure('ReferencedImagesNotFoundException', `The manifest list references images that do not exist in the repository with name '${repository.name}': [${missing.join(', ')}]`);
  return [...found, ...children].map(({ entry }) => ({ check: entry!.key, expect: entry!.revision }));
}
