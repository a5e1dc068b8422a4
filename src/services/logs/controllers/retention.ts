import type { Controller } from '../../../control/controller.ts';
import { groups } from '../records.ts';
import { storageOf } from '../storage-of.ts';

const DAY_MS = 86_400_000;
/** Pause between two steps while there is more to take away, so that requests have their turn. */
const STEP_MS = 50;

/** Takes away events past their group's retention, and all of deleted streams and groups. */
export const retention: Controller = {
  name: 'logs/retention',
  watches: [{ prefix: groups.prefix, items: () => ['all'] }],
  resyncSeconds: 60,
  async reconcile(_item, env) {
    const storage = storageOf(env);
    // In this order: a group that is known to the storage but has no record any more is deleted. A record comes before its events do.
    const known = storage.groups();
    const now = env.now().getTime();
    const expiry = new Map((await groups.all(env.store)).map(({ value }) => [value.id, value.retentionDays === undefined ? undefined : now - value.retentionDays * DAY_MS]));
    const more = await storage.sweep(expiry, known);
    return more ? { againInMs: STEP_MS } : undefined;
  },
};
