import type { Env } from '../../../control/service.ts';
import { services, type Service } from '../records.ts';
import { withEvents } from './events.ts';

/** Adds events to a stored service, and what else is to be written with them; nothing is written where nothing changes. */
export async function tell(env: Env, key: string, sentences: string[], also: Partial<Service> = {}): Promise<void> {
  await services.update(env.store, key, (current) => {
    const next = withEvents(current, sentences, env);
    const same = Object.entries(also).every(([name, value]) => current[name as keyof Service] === value);
    return next === current && same ? undefined : { ...next, ...also };
  });
}
