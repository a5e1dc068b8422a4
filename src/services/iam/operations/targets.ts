import type { RequestContext } from '../../../control/service.ts';
import { groupArn, instanceProfileArn, policyArn, providerArn, roleArn, userArn } from '../arns.ts';
import { findGroup, findInstanceProfile, findPolicy, findProvider, findRole, findUser } from '../lookups.ts';
import { withoutScheme } from '../oidc.ts';
import { requestTags, resourceTags, userNameOf } from './common.ts';

/**
 * What IAM's own policies are asked about, by kind of resource: spread into an operation. What is not there is asked about with the
 * path `/`, as AWS does. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
 */
type Keys = Record<string, string | string[]>;
type Maybe<K extends string> = { [P in K]?: string | undefined };
interface Tagging extends Maybe<'PolicyArn' | 'PermissionsBoundary'> {
  Tags?: { Key: string | undefined; Value: string | undefined }[] | undefined;
  TagKeys?: string[] | undefined;
}

const keysOf = (input: Tagging, boundary?: string): Keys => ({
  ...requestTags(input.Tags),
  ...(input.TagKeys ? { 'aws:TagKeys': input.TagKeys } : {}),
  ...(input.PolicyArn ? { 'iam:PolicyARN': input.PolicyArn } : {}),
  ...((input.PermissionsBoundary ?? boundary) ? { 'iam:PermissionsBoundary': (input.PermissionsBoundary ?? boundary)! } : {}),
});

export const onUser = {
  async resources(input: Maybe<'UserName'>, context: RequestContext) {
    const name = userNameOf(input, context);
    return [userArn(context.account, (await findUser(context, context, name))?.value ?? { path: '/', name })];
  },
  async conditions(input: Maybe<'UserName'> & Tagging, context: RequestContext) {
    const user = (await findUser(context, context, userNameOf(input, context)))?.value;
    return { ...resourceTags(user?.tags ?? {}), ...keysOf(input, user?.permissionsBoundary) };
  },
};

export const onGroup = {
  async resources({ GroupName: name = '' }: Maybe<'GroupName'>, context: RequestContext) {
    return [groupArn(context.account, (await findGroup(context, context, name))?.value ?? { path: '/', name })];
  },
  conditions: (input: object) => keysOf(input),
};

export const onRole = {
  async resources({ RoleName: name = '' }: Maybe<'RoleName'>, context: RequestContext) {
    return [roleArn(context.account, (await findRole(context, context, name))?.value ?? { path: '/', name })];
  },
  async conditions(input: Maybe<'RoleName'> & Tagging, context: RequestContext) {
    const role = (await findRole(context, context, input.RoleName ?? ''))?.value;
    return { ...resourceTags(role?.tags ?? {}), ...keysOf(input, role?.permissionsBoundary) };
  },
};

export const onPolicy = {
  resources: ({ PolicyArn = '*' }: Maybe<'PolicyArn'>) => [PolicyArn],
  async conditions(input: Maybe<'PolicyArn'> & Tagging, context: RequestContext) {
    const policy = (await findPolicy(context, context, input.PolicyArn ?? ''))?.value;
    const { PolicyArn: _, ...rest } = input;
    return { ...resourceTags(policy?.tags ?? {}), ...keysOf(rest) };
  },
};

export const onInstanceProfile = {
  async resources({ InstanceProfileName: name = '' }: Maybe<'InstanceProfileName'>, context: RequestContext) {
    return [instanceProfileArn(context.account, (await findInstanceProfile(context, context, name))?.value ?? { path: '/', name })];
  },
  async conditions(input: Maybe<'InstanceProfileName'> & Tagging, context: RequestContext) {
    const profile = (await findInstanceProfile(context, context, input.InstanceProfileName ?? ''))?.value;
    return { ...resourceTags(profile?.tags ?? {}), ...keysOf(input) };
  },
};

export const onProvider = {
  resources: ({ OpenIDConnectProviderArn = '*' }: Maybe<'OpenIDConnectProviderArn'>) => [OpenIDConnectProviderArn],
  async conditions(input: Maybe<'OpenIDConnectProviderArn'> & Tagging, context: RequestContext) {
    const provider = (await findProvider(context, context, input.OpenIDConnectProviderArn ?? ''))?.value;
    return { ...resourceTags(provider?.tags ?? {}), ...keysOf(input) };
  },
};

export const newProvider = {
  resources: ({ Url = '' }: Maybe<'Url'>, { account }: RequestContext) => [providerArn(account, { url: withoutScheme(Url) })],
  conditions: (input: object) => keysOf(input),
};

/** Creation: the resource has the path that the request gives it. */
const created = (arn: (account: string, named: { path: string; name: string }) => string, member: string) => ({
  resources: (input: object, { account }: RequestContext) => {
    const { [member]: name = '', Path: path = '/' } = input as Record<string, string | undefined>;
    return [arn(account, { path, name })];
  },
  conditions: (input: object) => keysOf(input),
});
export const newUser = created(userArn, 'UserName');
export const newGroup = created(groupArn, 'GroupName');
export const newRole = created(roleArn, 'RoleName');
export const newPolicy = created(policyArn, 'PolicyName');
export const newInstanceProfile = created(instanceProfileArn, 'InstanceProfileName');

/** Listing: the path below which one lists. */
const listed = (noun: string) => ({
  resources: ({ PathPrefix = '/' }: Maybe<'PathPrefix'>, { account }: RequestContext) => [`arn:aws:iam::${account}:${noun}${PathPrefix}`],
});
export const onUsers = listed('user');
export const onGroups = listed('group');
export const onRoles = listed('role');
export const onInstanceProfiles = listed('instance-profile');

