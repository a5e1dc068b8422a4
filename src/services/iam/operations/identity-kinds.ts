import type { Collection } from '../../../control/collection.ts';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { groupNamed, roleNamed, userNamed } from '../lookups.ts';
import { type Group, groups, type Identity, type Role, roles, type User, users } from '../records.ts';
import { refuseLinked } from './linked.ts';

/** Users, groups and roles, as far as attached and inline policies treat them alike. */
export interface IdentityKind<T extends Identity> {
  noun: 'user' | 'group' | 'role';
  records: Collection<T>;
  named(context: RequestContext, name: string | undefined): Promise<Entry<T>>;
  /** Throws where only a service may change it. */
  mayChange(identity: T): void;
  attachmentQuota: [name: string, most: number];
  /** Characters of all inline policies together, white space not counted. */
  inlineQuota: number;
}

export const userKind: IdentityKind<User> = {
  noun: 'user', records: users, named: (context, name = '') => userNamed(context, context, name), mayChange: () => {},
  attachmentQuota: ['PoliciesPerUser', 10], inlineQuota: 2048,
};
export const groupKind: IdentityKind<Group> = {
  noun: 'group', records: groups, named: (context, name = '') => groupNamed(context, context, name), mayChange: () => {},
  attachmentQuota: ['PoliciesPerGroup', 10], inlineQuota: 5120,
};
export const roleKind: IdentityKind<Role> = {
  noun: 'role', records: roles, named: (context, name = '') => roleNamed(context, context, name), mayChange: refuseLinked,
  attachmentQuota: ['PoliciesPerRole', 10], inlineQuota: 10240,
};
