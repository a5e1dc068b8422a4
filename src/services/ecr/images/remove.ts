import type { Env, Scope } from '../../../control/service.ts';
import { requireRepository, transact } from '../lookups.ts';
import { imageTags, images, repositories } from '../records.ts';
import { findImage, imagesOf, tagOf } from './find.ts';
import type { ImageId } from './find.ts';

export type Removal =
  | { ok: true; ids: ImageId[] }
  | { ok: false; code: 'ImageNotFound' | 'ImageTagDoesNotMatchDigest' | 'MissingDigestAndTag' | 'ImageReferencedByManifestList'; reason: string };

const REASONS = {
  ImageNotFound: 'Requested image not found',
  ImageTagDoesNotMatchDigest: 'Requested image tag does not map to the requested digest',
  MissingDigestAndTag: 'Neither image digest nor image tag was specified',
};

/**
 * By tag: takes the tag, and the image with its last tag. By digest: takes the image with all of its tags. Answers what went, each tag
 * by itself. An image of an index stays as long as the index does. The bytes are the garbage collector's.
 */
export async function removeImage(env: Env, scope: Scope, name: string, id: ImageId, registryId?: string): Promise<Removal> {
  return transact<Removal>(env, async () => {
    const { key, value: repository, revision } = await requireRepository(env, scope, name, registryId);
    const found = await findImage(env, scope, repository, id);
    if (typeof found === 'string') return { changes: [], result: { ok: false, code: found, reason: REASONS[found] } };
    const digest = found.entry.value.digest;
    const tags = (await imageTags.list(env.store, scope, repository.id)).filter((entry) => entry.value === digest);
    const going = id.imageTag ? tags.filter((entry) => tagOf(entry) === id.imageTag) : tags;
    const whole = going.length === tags.length;
    const lists = whole ? (await imagesOf(env, scope, repository)).filter(({ image }) => image.children.includes(digest)).map(({ image }) => image.digest) : [];
    if (lists.length) return { changes: [], result: { ok: false, code: 'ImageReferencedByManifestList', reason: `Requested image referenced by manifest list: [${lists.join(', ')}]` } };
    const changes = [
      repositories.put(key, repository, revision),
      ...going.map((entry) => ({ delete: entry.key, expect: entry.revision })),
      ...(whole ? [{ delete: images.key(scope, repository.id, digest), expect: found.entry.revision }] : []),
    ];
    const ids = going.length ? going.map((entry) => ({ imageDigest: digest, imageTag: tagOf(entry) })) : [{ imageDigest: digest }];
    return { changes, result: { ok: true, ids } };
  });
}
