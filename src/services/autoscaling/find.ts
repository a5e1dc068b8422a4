import { pageOf } from '../../control/page.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Entry } from '../../store/store.ts';
import { groupNotFound, instanceNotFound, invalidNextToken } from './errors.ts';
import { groups, members } from './records.ts';
import type { Group, Member } from './records.ts';

/** By name, or by ARN, which ends with the name. */
export async function findGroup(env: Env, scope: Scope, nameOrArn: string): Promise<Entry<Group>> {
  const name = nameOrArn.startsWith('arn:') ? nameOrArn.replace(/^.*:autoScalingGroupName\//, '') : nameOrArn;
  const entry = await groups.get(env.store, scope, name);
  if (!entry) throw groupNotFound(name);
  return entry;
}

export async function membersOf(env: Env, scope: Scope, group: string): Promise<Entry<Member>[]> {
  return members.list(env.store, scope, group);
}

/** Every member, of every group. */
export const allMembers = (env: Env, scope: Scope): Promise<Entry<Member>[]> => members.list(env.store, scope);

export async function findMember(env: Env, scope: Scope, instanceId: string, group?: string): Promise<Entry<Member>> {
  const entry = (await (group === undefined ? allMembers(env, scope) : membersOf(env, scope, group))).find(({ value }) => value.instanceId === instanceId);
  if (!entry) throw instanceNotFound(instanceId);
  return entry;
}

/** One page of items that are in order of `idOf`. */
export function page<T>(items: T[], { MaxRecords: max = 50, NextToken: token }: { MaxRecords?: number | undefined; NextToken?: string | undefined }, idOf: (item: T) => string): { items: T[]; NextToken: string | undefined } {
  const found = pageOf(items, idOf, Math.min(max, 100), token);
  if (!found) throw invalidNextToken();
  return { items: found.items, NextToken: found.next };
}
