import { collection } from '../../control/collection.ts';
import { GLOBAL_REGION, type Principal, type Scope } from '../../control/service.ts';

/**
 * What IAM stores. Names are unique whatever their case, so keys hold them in lower case (`nameKey`). What refers to what:
 *
 *   user ──groups──▶ group        access key ──userName──▶ user        instance profile ──roleName──▶ role
 *   user, group, role ──attachedPolicies, permissionsBoundary──▶ policy (ARN; AWS-managed ones are no records)
 *
 * Who adds a reference writes the referred record again, unchanged, in the same commit; who deletes that record expects its
 * revision: so neither can slip in between the other's look and write.
 */

/** What users, groups and roles have in common. */
export interface Identity {
  name: string;
  /** AIDA…, AGPA…, AROA… */
  id: string;
  /** `/` or `/a/b/` */
  path: string;
  createdAt: string;
  /** ARNs, in the order of attachment. */
  attachedPolicies: string[];
  /** Documents by policy name. */
  inlinePolicies: Record<string, string>;
}

export interface User extends Identity {
  /** Names of groups. */
  groups: string[];
  permissionsBoundary?: string;
  tags: Record<string, string>;
}

export type Group = Identity;

export interface Role extends Identity {
  trustPolicy: string;
  description?: string;
  maxSessionSeconds: number;
  permissionsBoundary?: string;
  tags: Record<string, string>;
  /** The service that a service-linked role belongs to: only it may change the role. */
  linkedService?: string;
}

export interface ManagedPolicy {
  name: string;
  /** ANPA… */
  id: string;
  path: string;
  description?: string;
  createdAt: string;
  updatedAt: string;
  /** Oldest first; 5 at most. */
  versions: { id: string; document: string; createdAt: string }[];
  defaultVersion: string;
  nextVersion: number;
  tags: Record<string, string>;
}

export interface InstanceProfile {
  name: string;
  /** AIPA… */
  id: string;
  path: string;
  createdAt: string;
  roleName?: string;
  tags: Record<string, string>;
}

/** Whose tokens AssumeRoleWithWebIdentity takes. */
export interface OpenIdConnectProvider {
  /** Without `https://`: `oidc.eks.us-east-1.g.internal/id/0123…` */
  url: string;
  /** Audiences. */
  clientIds: string[];
  /** SHA-1 of certificates that it may be served with, 40 hexadecimal digits each. */
  thumbprints: string[];
  createdAt: string;
  tags: Record<string, string>;
}

export interface AccessKey {
  id: string;
  /** Kept as it is: SigV4 needs it to verify. The store's file is readable by root alone. */
  secret: string;
  userName: string;
  status: 'Active' | 'Inactive';
  createdAt: string;
}

/** Temporary credentials; kept by a lease for an hour after they expire, so that their use is answered with ExpiredToken. */
export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: string;
  issuedAt: string;
  principal: Principal;
  /** AROA…; the session of a role that was deleted and made again has no permissions. */
  roleId?: string;
  /** Session policies: documents, and ARNs of managed policies. */
  policies: string[];
  policyArns: string[];
  tags: Record<string, string>;
  transitiveTagKeys: string[];
  sourceIdentity?: string;
  /** ARN of the OpenID Connect provider that vouched for who has it. */
  provider?: string;
}

/** Which session an instance is given, until it is time for the next. */
export interface InstanceSession {
  /** Or the service whose machine it is. */
  roleId: string;
  accessKeyId: string;
  issuedAt: string;
  renewAt: string;
}

export interface Account {
  alias?: string;
}

export const users = collection<User>('iam/user');
export const groups = collection<Group>('iam/group');
export const roles = collection<Role>('iam/role');
export const policies = collection<ManagedPolicy>('iam/policy');
export const instanceProfiles = collection<InstanceProfile>('iam/instance-profile');
/** By URL. */
export const openIdConnectProviders = collection<OpenIdConnectProvider>('iam/openid-connect-provider');
export const accessKeys = collection<AccessKey>('iam/access-key');
export const sessions = collection<Session>('iam/session');
export const instanceSessions = collection<InstanceSession>('iam/instance-session');
export const accounts = collection<Account>('iam/account');

export const nameKey = (name: string) => name.toLowerCase();
export const globally = ({ account }: Pick<Scope, 'account'>): Scope => ({ account, region: GLOBAL_REGION });
