import { entityAlreadyExists, noSuchEntity, validationError } from '../errors.ts';
import { userNamed } from '../lookups.ts';
import { awsManagedPolicies } from '../managed/index.ts';
import { accounts, globally, type Identity, instanceProfiles, policies } from '../records.ts';
import { nameIn, policyArn } from '../arns.ts';
import { encoded, type Family, page, tagList, transact, userNameOf } from './common.ts';
import { awsPolicyShape, groupShape, instanceProfileShape, policyShape, roleDetail, userDetail, versionShape } from './shapes.ts';
import { onUser } from './targets.ts';
import { identities, usageOf } from './usage.ts';

const inlineList = ({ inlinePolicies }: Identity) => Object.entries(inlinePolicies).map(([PolicyName, document]) => ({ PolicyName, PolicyDocument: encoded(document) }));
const attachedList = ({ attachedPolicies }: Identity) => attachedPolicies.map((arn) => ({ PolicyName: nameIn(arn), PolicyArn: arn }));

/** Kinds of credentials that cannot be made here yet (their creation is missing): so there are none. */
const NONE = { IsTruncated: false };

export const accountOperations = {
  CreateAccountAlias: (input, context) => transact(context, async () => {
    const alias = input.AccountAlias ?? '';
    if (!/^[a-z0-9]([a-z0-9]|-(?!-))*[a-z0-9]$/.test(alias) || alias.length > 63 || alias.length < 3 || /^\d{12}$/.test(alias)) {
      throw validationError(`1 validation error detected: Value '${alias}' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`);
    }
    const key = accounts.key(globally(context));
    const entry = await accounts.at(context.store, key);
    // An account has one alias: a new one takes the place of the old one.
    if (entry?.value.alias === alias) throw entityAlreadyExists(`The account alias ${alias} already exists.`);
    return { changes: [accounts.put(key, { ...entry?.value, alias }, entry?.revision ?? 0)], result: {} };
  }),

  DeleteAccountAlias: (input, context) => transact(context, async () => {
    const entry = await accounts.at(context.store, accounts.key(globally(context)));
    if (!entry || entry.value.alias !== input.AccountAlias) throw noSuchEntity(`The account alias ${input.AccountAlias} cannot be found.`);
    return { changes: [{ delete: entry.key, expect: entry.revision }], result: {} };
  }),

  async ListAccountAliases(_input, context) {
    const alias = (await accounts.at(context.store, accounts.key(globally(context))))?.value.alias;
    return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
  },

  async GetAccountSummary(_input, context) {
    const scope = globally(context);
    const [all, own, profiles] = await Promise.all([identities(context), policies.list(context.store, scope), instanceProfiles.list(context.store, scope)]);
    return {
      SummaryMap: {
        Users: all.users.length, UsersQuota: 5000, Groups: all.groups.length, GroupsQuota: 300, Roles: all.roles.length, RolesQuota: 1000,
        Policies: own.length, PoliciesQuota: 1500, PolicyVersionsInUse: own.reduce((sum, { value }) => sum + value.versions.length, 0), PolicyVersionsInUseQuota: 10000,
        InstanceProfiles: profiles.length, InstanceProfilesQuota: 1000, AccessKeysPerUserQuota: 2, GroupsPerUserQuota: 10, VersionsPerPolicyQuota: 5,
        AttachedPoliciesPerUserQuota: 10, AttachedPoliciesPerGroupQuota: 10, AttachedPoliciesPerRoleQuota: 10, PolicySizeQuota: 6144,
        UserPolicySizeQuota: 2048, GroupPolicySizeQuota: 5120, RolePolicySizeQuota: 10240, AssumeRolePolicySizeQuota: 2048,
        AccountAccessKeysPresent: 0, AccountMFAEnabled: 0, AccountSigningCertificatesPresent: 0, AccountPasswordPresent: 0,
        MFADevices: 0, MFADevicesInUse: 0, ServerCertificates: 0, Providers: 0,
      },
    };
  },

  async GetAccountAuthorizationDetails(input, context) {
    const { account } = context;
    const scope = globally(context);
    const all = await identities(context);
    const usage = usageOf(all);
    const own = (await policies.list(context.store, scope)).map(({ value }) => value);
    const profiles = (await instanceProfiles.list(context.store, scope)).map(({ value }) => value);
    const wanted = (kind: 'User' | 'Group' | 'Role' | 'LocalManagedPolicy' | 'AWSManagedPolicy') => !input.Filter?.length || input.Filter.includes(kind);
    const items = [
      ...(wanted('User') ? all.users.map((user) => ({ key: user.id, UserDetailList: [{ ...userDetail(account, user), GroupList: user.groups, UserPolicyList: inlineList(user), AttachedManagedPolicies: attachedList(user) }] })) : []),
      ...(wanted('Group') ? all.groups.map((group) => ({ key: group.id, GroupDetailList: [{ ...groupShape(account, group), GroupPolicyList: inlineList(group), AttachedManagedPolicies: attachedList(group) }] })) : []),
      ...(wanted('Role') ? all.roles.map((role) => ({
        key: role.id,
        RoleDetailList: [{
          ...roleDetail(account, role), Tags: tagList(role.tags), RolePolicyList: inlineList(role), AttachedManagedPolicies: attachedList(role),
          InstanceProfileList: profiles.filter(({ roleName }) => roleName === role.name).map((profile) => instanceProfileShape(account, profile, role)),
        }],
      })) : []),
      ...(wanted('LocalManagedPolicy') ? own.map((policy) => ({
        key: policy.id,
        Policies: [{
          ...policyShape(account, policy, usage(policyArn(account, policy))),
          PolicyVersionList: policy.versions.map((version) => ({ Document: encoded(version.document), ...versionShape(policy, version) })),
        }],
      })) : []),
      ...(wanted('AWSManagedPolicy') ? [...awsManagedPolicies.values()].filter(({ arn }) => input.Filter?.length || usage(arn).attached > 0).map((policy) => ({
        key: policy.id,
        Policies: [{
          ...awsPolicyShape(policy, usage(policy.arn)),
          PolicyVersionList: [{ Document: encoded(policy.document), VersionId: policy.version, IsDefaultVersion: true, CreateDate: new Date(policy.updateDate) }],
        }],
      })) : []),
    ];
    const { items: found, ...rest } = page(items, input, ({ key }) => key);
    return {
      UserDetailList: found.flatMap((item) => ('UserDetailList' in item ? item.UserDetailList : [])),
      GroupDetailList: found.flatMap((item) => ('GroupDetailList' in item ? item.GroupDetailList : [])),
      RoleDetailList: found.flatMap((item) => ('RoleDetailList' in item ? item.RoleDetailList : [])),
      Policies: found.flatMap((item) => ('Policies' in item ? item.Policies : [])),
      ...rest,
    };
  },

  GetAccountPasswordPolicy: (_input, context) => {
    throw noSuchEntity(`The Password Policy with domain name ${context.account} cannot be found.`);
  },
  GetLoginProfile: {
    ...onUser,
    async run(input, context) {
      const { value } = await userNamed(context, context, userNameOf(input, context));
      throw noSuchEntity(`Login Profile for User ${value.name} cannot be found.`);
    },
  },
  DeleteLoginProfile: {
    ...onUser,
    async run(input, context) {
      const { value } = await userNamed(context, context, userNameOf(input, context));
      throw noSuchEntity(`Login Profile for User ${value.name} cannot be found.`);
    },
  },
  ListMFADevices: { ...onUser, run: async (input, context) => ({ MFADevices: await noneOf(input, context), ...NONE }) },
  ListSSHPublicKeys: { ...onUser, run: async (input, context) => ({ SSHPublicKeys: await noneOf(input, context), ...NONE }) },
  ListSigningCertificates: { ...onUser, run: async (input, context) => ({ Certificates: await noneOf(input, context), ...NONE }) },
  ListServiceSpecificCredentials: { ...onUser, run: async (input, context) => ({ ServiceSpecificCredentials: await noneOf(input, context), ...NONE }) },
  ListVirtualMFADevices: () => ({ VirtualMFADevices: [], ...NONE }),
  ListServerCertificates: () => ({ ServerCertificateMetadataList: [], ...NONE }),
  ListSAMLProviders: () => ({ SAMLProviderList: [] }),
  ListOpenIDConnectProviders: () => ({ OpenIDConnectProviderList: [] }),
} satisfies Family;

/** The user must exist all the same. */
async function noneOf(input: { UserName?: string | undefined }, context: Parameters<typeof userNamed>[0] & Parameters<typeof userNameOf>[1] & { account: string }): Promise<never[]> {
  await userNamed(context, context, userNameOf(input, context));
  return [];
}
