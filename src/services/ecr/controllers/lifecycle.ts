import type { Controller } from '../../../control/controller.ts';
import { imagesOf } from '../images/find.ts';
import { removeImage } from '../images/remove.ts';
import { expired } from '../lifecycle/evaluate.ts';
import { parseLifecyclePolicy } from '../lifecycle/policy.ts';
import { repositories } from '../records.ts';

/** AWS expires images within 24 hours. */
const EVERY_MS = 3_600_000;
/** A push in several steps (the images of an index before the index) is let finish. */
const YOUNGEST_MS = 600_000;

/** Expires images by the lifecycle policies of their repositories. An item is a repository's key. */
export const lifecycle: Controller = {
  name: 'ecr/lifecycle',
  watches: [{ prefix: repositories.prefix }],
  async reconcile(key, env) {
    const policy = (await repositories.at(env.store, key))?.value;
    if (!policy?.lifecycle) return undefined;
    const { text, evaluatedAt } = policy.lifecycle;
    const now = env.now();
    const waitMs = evaluatedAt ? Date.parse(evaluatedAt) + EVERY_MS - now.getTime() : 0;
    if (waitMs > 0) return { againInMs: waitMs };
    const scope = repositories.parse(key);
    for (const { image } of expired(parseLifecyclePolicy(text), await imagesOf(env, scope, policy), now)) {
      if (now.getTime() - Date.parse(image.pushedAt) < YOUNGEST_MS) continue;
      await removeImage(env, scope, policy.name, { imageDigest: image.digest });
      env.log('an image expired by its lifecycle policy', { repository: policy.name, digest: image.digest });
    }
    await repositories.update(env.store, key, (current) => (current.lifecycle?.text === text ? { ...current, lifecycle: { text, evaluatedAt: now.toISOString() } } : undefined));
    return { againInMs: EVERY_MS };
  },
};
