import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { imageTags, images } from '../records.ts';
import type { Image, Repository } from '../records.ts';

export interface TaggedImage {
  image: Image;
  tags: string[];
}

/** Every image with its tags, in the order of digests. */
export async function imagesOf(env: Env, scope: Scope, repository: Repository): Promise<TaggedImage[]> {
  const [found, tags] = await Promise.all([images.list(env.store, scope, repository.id), imageTags.list(env.store, scope, repository.id)]);
  const byDigest = Map.groupBy(tags, (tag) => tag.value);
  return found.map(({ value }) => ({ image: value, tags: (byDigest.get(value.digest) ?? []).map(tagOf) }));
}

export const tagOf = (entry: Pick<Entry, 'key'>) => imageTags.parse(entry.key).names[1] ?? '';

export interface ImageId {
  imageDigest?: string;
  imageTag?: string;
}

export type Found = { entry: Entry<Image>; id: Required<Pick<ImageId, 'imageDigest'>> & ImageId } | 'ImageNotFound' | 'ImageTagDoesNotMatchDigest' | 'MissingDigestAndTag';

/** By digest, by tag, or by both, which must then agree. */
export async function findImage(env: Env, scope: Scope, repository: Repository, { imageDigest, imageTag }: ImageId): Promise<Found> {
  if (!imageDigest && !imageTag) return 'MissingDigestAndTag';
  const tagged = imageTag ? (await imageTags.get(env.store, scope, repository.id, imageTag))?.value : undefined;
  if (imageTag && !tagged) return 'ImageNotFound';
  if (imageDigest && tagged && imageDigest !== tagged) return 'ImageTagDoesNotMatchDigest';
  const digest = imageDigest ?? tagged!;
  const entry = await images.get(env.store, scope, repository.id, digest);
  return entry ? { entry, id: { imageDigest: digest, ...(imageTag ? { imageTag } : {}) } } : 'ImageNotFound';
}

const PULL_TIME_GRAIN_MS = 3_600_000;

/** Pull times are kept to the hour, so that a busy image is not written at each pull. */
export async function notePull(env: Env, entry: Entry<Image>): Promise<void> {
  const now = env.now();
  if (entry.value.pulledAt && now.getTime() - Date.parse(entry.value.pulledAt) < PULL_TIME_GRAIN_MS) return;
  await env.store.commit([images.put(entry.key, { ...entry.value, pulledAt: now.toISOString() }, entry.revision)]);
}
