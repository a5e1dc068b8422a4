import { omit } from '../../control/omit.ts';
import { transact } from '../../control/transact.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Change, Entry } from '../../store/store.ts';
import { begin, detailsOf, finish, newActivityId } from './activities.ts';
import { members } from './records.ts';
import type { Activity, Group, Member } from './records.ts';

/** The member leaves the group from now on; its instance follows once it is drained. Undefined where it is leaving already. */
export async function beginTermination(env: Env, scope: Scope, group: Group, { id, activity }: Member, cause: string): Promise<Activity | undefined> {
  const begun = await transact(env, async () => {
    const entry = await members.get(env.store, scope, group.name, id);
    if (!entry || entry.value.lifecycleState === 'Terminating') return { changes: [], result: undefined };
    const { changes, record } = termination(env, scope, group, entry, cause);
    return { changes, result: record };
  });
  // A launch that ends this way was not a failure.
  if (begun) await finish(env, scope, group.name, activity);
  return begun;
}

/** The changes that begin a member's end, and the activity that tells of it. */
export function termination(env: Env, scope: Scope, group: Group, { key, value, revision }: Entry<Member>, cause: string): { changes: Change[]; record: Activity } {
  const activityId = newActivityId(env);
  const { record, change } = begin(env, scope, group, { id: activityId, cause, description: `Terminating EC2 instance: ${value.instanceId ?? ''}`, details: detailsOf(value) });
  return { record, changes: [members.put(key, { ...omit(value, 'launching'), lifecycleState: 'Terminating', activity: activityId }, revision), change] };
}
