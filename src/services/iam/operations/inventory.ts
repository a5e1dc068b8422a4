import { nameIn, policyArn } from '../arns.ts';
import { type AwsManagedPolicy, awsManagedPolicies } from '../managed/index.ts';
import { globally, type Group, type Identity, type InstanceProfile, instanceProfiles, type ManagedPolicy, policies, type Role, type User } from '../records.ts';
import { encoded, type Family, page, tagList } from './common.ts';
import { awsPolicyShape, groupShape, instanceProfileShape, policyShape, roleDetail, type Usage, userDetail, versionShape } from './shapes.ts';
import { identities, usageOf } from './usage.ts';

/** Everything in the account, in one list that is paged through. */

const inlineList = ({ inlinePolicies }: Identity) => Object.entries(inlinePolicies).map(([PolicyName, document]) => ({ PolicyName, PolicyDocument: encoded(document) }));
const attachedList = ({ attachedPolicies }: Identity) => attachedPolicies.map((arn) => ({ PolicyName: nameIn(arn), PolicyArn: arn }));

const userEntry = (account: string, user: User) => ({
  ...userDetail(account, user), GroupList: user.groups, UserPolicyList: inlineList(user), AttachedManagedPolicies: attachedList(user),
});

const groupEntry = (account: string, group: Group) => ({
  ...groupShape(account, group), GroupPolicyList: inlineList(group), AttachedManagedPolicies: attachedList(group),
});

const roleEntry = (account: string, role: Role, profiles: InstanceProfile[]) => ({
  ...roleDetail(account, role), Tags: tagList(role.tags), RolePolicyList: inlineList(role), AttachedManagedPolicies: attachedList(role),
  InstanceProfileList: profiles.filter(({ roleName }) => roleName === role.name).map((profile) => instanceProfileShape(account, profile, role)),
});

const policyEntry = (account: string, policy: ManagedPolicy, usage: Usage) => ({
  ...policyShape(account, policy, usage),
  PolicyVersionList: policy.versions.map((version) => ({ Document: encoded(version.document), ...versionShape(policy, version) })),
});

const awsPolicyEntry = (policy: AwsManagedPolicy, usage: Usage) => ({
  ...awsPolicyShape(policy, usage),
  PolicyVersionList: [{ Document: encoded(policy.document), VersionId: policy.version, IsDefaultVersion: true, CreateDate: new Date(policy.updateDate) }],
});

type Item =
  | { key: string; user: ReturnType<typeof userEntry> }
  | { key: string; group: ReturnType<typeof groupEntry> }
  | { key: string; role: ReturnType<typeof roleEntry> }
  | { key: string; policy: ReturnType<typeof policyEntry> | ReturnType<typeof awsPolicyEntry> };

export const inventoryOperations = {
  async GetAccountAuthorizationDetails(input, context) {
    const { account } = context;
    const all = await identities(context);
    const usage = usageOf(all);
    const own = (await policies.list(context.store, globally(context))).map(({ value }) => value);
    const profiles = (await instanceProfiles.list(context.store, globally(context))).map(({ value }) => value);
    // Without a filter AWS's policies are listed only if something uses them.
    const aws = [...awsManagedPolicies.values()].filter(({ arn }) => input.Filter?.includes('AWSManagedPolicy') || usage(arn).attached > 0);
    const lists: Record<'User' | 'Group' | 'Role' | 'LocalManagedPolicy' | 'AWSManagedPolicy', () => Item[]> = {
      User: () => all.users.map((user) => ({ key: user.id, user: userEntry(account, user) })),
      Group: () => all.groups.map((group) => ({ key: group.id, group: groupEntry(account, group) })),
      Role: () => all.roles.map((role) => ({ key: role.id, role: roleEntry(account, role, profiles) })),
      LocalManagedPolicy: () => own.map((policy) => ({ key: policy.id, policy: policyEntry(account, policy, usage(policyArn(account, policy))) })),
      AWSManagedPolicy: () => aws.map((policy) => ({ key: policy.id, policy: awsPolicyEntry(policy, usage(policy.arn)) })),
    };
    const wanted = Object.entries(lists).filter(([kind]) => !input.Filter?.length || (input.Filter as string[]).includes(kind));
    const { items, ...rest } = page(wanted.flatMap(([, list]) => list()), input, ({ key }) => key);
    return {
      UserDetailList: items.flatMap((item) => ('user' in item ? [item.user] : [])),
      GroupDetailList: items.flatMap((item) => ('group' in item ? [item.group] : [])),
      RoleDetailList: items.flatMap((item) => ('role' in item ? [item.role] : [])),
      Policies: items.flatMap((item) => ('policy' in item ? [item.policy] : [])),
      ...rest,
    };
  },
} satisfies Family;
