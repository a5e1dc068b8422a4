import type { Controller } from '../../../control/controller.ts';
import type { Env } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { images, imageTags, layers, repositories, signingKeys, uploads } from '../records.ts';
import { collect } from '../storage/blobs.ts';
import { dropStale } from '../storage/uploads.ts';

const EVERY_SECONDS = 600;
/** A layer that was pushed waits this long for its manifest, a blob that nobody names for a record. */
const LAYER_MS = 24 * 3_600_000;
const BLOB_MS = 3_600_000;
const UPLOAD_MS = 24 * 3_600_000;

/**
 * Takes away what nobody can reach: uploads that nobody went on with, layers that no image has, what deleted repositories left, and
 * at last the bytes. There is one item; the watch is of a record that never changes, so the resync is its clock.
 */
export const garbage: Controller = {
  name: 'ecr/garbage',
  watches: [{ prefix: signingKeys.prefix, items: () => ['blobs'] }],
  resyncSeconds: EVERY_SECONDS,
  async reconcile(_item, env) {
    await sweep(env, env.now());
  },
};

export async function sweep(env: Env, now: Date): Promise<string[]> {
  await dropStale(env, new Date(now.getTime() - UPLOAD_MS));
  await dropRecords(env, now);
  const named = new Set([...(await layers.all(env.store)).map(({ key }) => layers.parse(key)), ...(await images.all(env.store)).map(({ key }) => images.parse(key))].map(({ names }) => names[1]!));
  const collected = await collect(env, named, new Date(now.getTime() - BLOB_MS));
  if (collected.length) env.log('blobs that nothing refers to were deleted', { count: collected.length });
  return collected;
}

/** Each with what was read, so that a push which comes between fails the deletion and not the other way round. */
async function dropRecords(env: Env, now: Date): Promise<void> {
  const living = new Set((await repositories.all(env.store)).map(({ value }) => value.id));
  const used = new Set((await images.all(env.store)).flatMap(({ key, value }) => value.layers.map((digest) => `${images.parse(key).names[0]} ${digest}`)));
  const changes: Change[] = [];
  for (const kind of [images, imageTags, uploads]) {
    for (const { key, revision } of await kind.all(env.store)) if (!living.has(kind.parse(key).names[0]!)) changes.push({ delete: key, expect: revision });
  }
  for (const { key, value, revision } of await layers.all(env.store)) {
    const { names: [repository = '', digest = ''] } = layers.parse(key);
    const unused = !used.has(`${repository} ${digest}`) && now.getTime() - Date.parse(value.uploadedAt) > LAYER_MS;
    if (unused || !living.has(repository)) changes.push({ delete: key, expect: revision });
  }
  for (const change of changes) await env.store.commit([change]);
}
