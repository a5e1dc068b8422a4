import { isDeepStrictEqual } from 'node:util';
import type { Env, Scope } from '../../control/service.ts';
import { transact } from '../../control/transact.ts';
import { newId } from './kinds.ts';
import { GROUP_NAMES } from './launch/network.ts';
import type { RuleCore } from './network/security-rules.ts';
import { names, networkInterfaces, securityGroups } from './records.ts';
import type { GroupRule, Tags } from './records.ts';

/** Security groups that a service keeps for its own (a cluster's, a balancer's). */
export interface ServiceGroup {
  vpcId: string;
  name: string;
  description: string;
  /** `self` stands for the group itself. */
  rules: (Omit<RuleCore, 'peer'> & { peer: RuleCore['peer'] | 'self' })[];
  tags?: Tags;
}

/** Makes the group, or sees to it that the one of this name has these rules. Answers its id. */
export async function keepSecurityGroup(env: Env, scope: Scope, wish: ServiceGroup): Promise<string> {
  return transact(env, async () => {
    const nameKey = names.key(scope, GROUP_NAMES, wish.vpcId, wish.name);
    const known = (await names.at(env.store, nameKey))?.value;
    const entry = known === undefined ? undefined : await securityGroups.get(env.store, scope, known);
    const id = entry?.value.id ?? newId(env, 'sg');
    const wanted = wish.rules.map(({ peer, ...rule }) => ({ ...rule, peer: peer === 'self' ? { groupId: id } : peer }));
    const withIds = (): GroupRule[] => wanted.map((rule) => ({ id: newId(env, 'sgr'), tags: {}, ...rule }));
    if (!entry) {
      const group = { id, vpcId: wish.vpcId, name: wish.name, description: wish.description, tags: wish.tags ?? {}, rules: withIds() };
      return { changes: [securityGroups.put(securityGroups.key(scope, id), group, 0), { put: nameKey, value: id, expect: 0 }], result: id };
    }
    const bare = entry.value.rules.map(({ id: _id, tags: _tags, ...rule }) => rule);
    if (isDeepStrictEqual(bare, wanted)) return { changes: [], result: id };
    return { changes: [securityGroups.put(entry.key, { ...entry.value, rules: withIds() }, entry.revision)], result: id };
  });
}

/** False while an interface carries the group or another group's rule names it; true once it is gone. */
export async function deleteSecurityGroup(env: Env, scope: Scope, id: string): Promise<boolean> {
  return transact(env, async () => {
    const entry = await securityGroups.get(env.store, scope, id);
    if (!entry) return { changes: [], result: true };
    const carried = (await networkInterfaces.list(env.store, scope)).some(({ value }) => value.groupIds.includes(id));
    const named = (await securityGroups.list(env.store, scope)).some(({ value }) => value.id !== id && value.rules.some(({ peer }) => 'groupId' in peer && peer.groupId === id));
    if (carried || named) return { changes: [], result: false };
    return { changes: [{ delete: entry.key, expect: entry.revision }, { delete: names.key(scope, GROUP_NAMES, entry.value.vpcId, entry.value.name) }], result: true };
  });
}
