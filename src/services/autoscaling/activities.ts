import type { Env, Scope } from '../../control/service.ts';
import { uuid } from '../../control/uuid.ts';
import type { Change } from '../../store/store.ts';
import { activities } from './records.ts';
import type { Activity, Group, Member } from './records.ts';

const KEPT_MS = 42 * 24 * 3_600_000;

/** A new id that sorts by time, in a UUID's form as Auto Scaling's are (RFC 9562's version 7). */
export function newActivityId(env: Env): string {
  const time = env.now().getTime().toString(16).padStart(12, '0');
  return uuid(`${time}7${env.randomHex(3)}a${env.randomHex(15)}`);
}

export const detailsOf = (member: Pick<Member, 'subnetId' | 'zone'>) => JSON.stringify({ 'Subnet ID': member.subnetId, 'Availability Zone': member.zone });

export function begin(env: Env, scope: Scope, group: Group, activity: Pick<Activity, 'id' | 'description' | 'cause' | 'details'> & Partial<Activity>): { change: Change; record: Activity } {
  const record: Activity = { status: 'InProgress', progress: 0, startedAt: env.now().toISOString(), group: group.name, groupArn: group.arn, ...activity };
  return { record, change: activities.put(activities.key(scope, group.name, record.id), record, 0) };
}

/** An activity that is over as it begins. */
export const instantaneous = (env: Env) => ({ status: 'Successful' as const, progress: 100, endedAt: env.now().toISOString() });

export async function progress(env: Env, scope: Scope, group: string, id: string, change: Partial<Activity>): Promise<void> {
  await activities.update(env.store, activities.key(scope, group, id), (activity) => ({ ...activity, ...change }));
}

export async function finish(env: Env, scope: Scope, group: string, id: string | undefined, failure?: { message: string; description?: string }): Promise<void> {
  if (id === undefined) return;
  await progress(env, scope, group, id, { endedAt: env.now().toISOString(), progress: 100, status: failure ? 'Failed' : 'Successful', ...failure });
}

/** Auto Scaling tells of the last six weeks. */
export async function forgetOld(env: Env, scope: Scope, group: string): Promise<void> {
  const old = (await activities.list(env.store, scope, group)).filter(({ value }) => Date.parse(value.startedAt) < env.now().getTime() - KEPT_MS);
  if (old.length) await env.store.commit(old.map(({ key }) => ({ delete: key })));
}
