import { groupArn, instanceProfileArn, policyArn, roleArn, userArn } from '../arns.ts';
import type { AwsManagedPolicy } from '../managed/index.ts';
import type { Group, InstanceProfile, ManagedPolicy, Role, User } from '../records.ts';
import { encoded, tagList } from './common.ts';

/** AWS's shapes made of records. Lists leave out what `more` adds. */

export const userShape = (account: string, user: User) => ({
  Path: user.path, UserName: user.name, UserId: user.id, Arn: userArn(account, user), CreateDate: new Date(user.createdAt),
});

export const userDetail = (account: string, user: User) => ({ ...userShape(account, user), ...boundary(user), ...tags(user) });

export const groupShape = (account: string, group: Group) => ({
  Path: group.path, GroupName: group.name, GroupId: group.id, Arn: groupArn(account, group), CreateDate: new Date(group.createdAt),
});

export const roleShape = (account: string, role: Role) => ({
  Path: role.path, RoleName: role.name, RoleId: role.id, Arn: roleArn(account, role), CreateDate: new Date(role.createdAt),
  AssumeRolePolicyDocument: encoded(role.trustPolicy), MaxSessionDuration: role.maxSessionSeconds,
  ...(role.description === undefined ? {} : { Description: role.description }),
});

export const roleDetail = (account: string, role: Role) => ({ ...roleShape(account, role), ...boundary(role), ...tags(role), RoleLastUsed: {} });

export const instanceProfileShape = (account: string, profile: InstanceProfile, role: Role | undefined) => ({
  Path: profile.path, InstanceProfileName: profile.name, InstanceProfileId: profile.id, Arn: instanceProfileArn(account, profile),
  CreateDate: new Date(profile.createdAt), Roles: role ? [roleShape(account, role)] : [], ...tags(profile),
});

/** How many users, groups and roles a policy is attached to, and how many users and roles it bounds. */
export interface Usage { attached: number; bounding: number }

export const policyShape = (account: string, policy: ManagedPolicy, usage: Usage) => ({
  PolicyName: policy.name, PolicyId: policy.id, Arn: policyArn(account, policy), Path: policy.path, DefaultVersionId: policy.defaultVersion,
  ...usageShape(usage), CreateDate: new Date(policy.createdAt), UpdateDate: new Date(policy.updatedAt),
});

export const policyDetail = (account: string, policy: ManagedPolicy, usage: Usage) => ({
  ...policyShape(account, policy, usage), ...(policy.description === undefined ? {} : { Description: policy.description }), Tags: tagList(policy.tags),
});

export const awsPolicyShape = (policy: AwsManagedPolicy, usage: Usage) => ({
  PolicyName: policy.name, PolicyId: policy.id, Arn: policy.arn, Path: policy.path, DefaultVersionId: policy.version,
  ...usageShape(usage), CreateDate: new Date(policy.createDate), UpdateDate: new Date(policy.updateDate),
});

export const versionShape = (policy: ManagedPolicy, version: ManagedPolicy['versions'][number]) => ({
  VersionId: version.id, IsDefaultVersion: version.id === policy.defaultVersion, CreateDate: new Date(version.createdAt),
});

const usageShape = ({ attached, bounding }: Usage) => ({ AttachmentCount: attached, PermissionsBoundaryUsageCount: bounding, IsAttachable: true });
/** AWS answers `Policy`, whatever its own schema says. */
const BOUNDARY_TYPE = 'Policy' as 'PermissionsBoundaryPolicy';
const boundary = ({ permissionsBoundary }: { permissionsBoundary?: string }) =>
  (permissionsBoundary === undefined ? {} : { PermissionsBoundary: { PermissionsBoundaryType: BOUNDARY_TYPE, PermissionsBoundaryArn: permissionsBoundary } });
const tags = (record: { tags: Record<string, string> }) => (Object.keys(record.tags).length ? { Tags: tagList(record.tags) } : {});
