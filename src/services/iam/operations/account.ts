import type { RequestContext } from '../../../control/service.ts';
import { entityAlreadyExists, noSuchEntity, notMatching } from '../errors.ts';
import { userNamed } from '../lookups.ts';
import { accounts, globally, instanceProfiles, openIdConnectProviders, policies } from '../records.ts';
import { type Family, transact, userNameOf } from './common.ts';
import { onUser } from './targets.ts';
import { identities } from './usage.ts';

/** Kinds of credentials that cannot be made here yet (their creation is missing): so there are none. */
const NONE = { IsTruncated: false };

export const accountOperations = {
  CreateAccountAlias: (input, context) => transact(context, async () => {
    const alias = input.AccountAlias ?? '';
    if (!/^[a-z0-9]([a-z0-9]|-(?!-))*[a-z0-9]$/.test(alias) || alias.length > 63 || alias.length < 3 || /^\d{12}$/.test(alias)) {
      throw notMatching(alias, 'accountAlias', 'Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$');
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
    const [all, own, profiles, providers] = await Promise.all([
      identities(context), policies.list(context.store, scope), instanceProfiles.list(context.store, scope), openIdConnectProviders.list(context.store, scope),
    ]);
    return {
      SummaryMap: {
        Users: all.users.length, UsersQuota: 5000, Groups: all.groups.length, GroupsQuota: 300, Roles: all.roles.length, RolesQuota: 1000,
        Policies: own.length, PoliciesQuota: 1500, PolicyVersionsInUse: own.reduce((sum, { value }) => sum + value.versions.length, 0), PolicyVersionsInUseQuota: 10000,
        InstanceProfiles: profiles.length, InstanceProfilesQuota: 1000, AccessKeysPerUserQuota: 2, GroupsPerUserQuota: 10, VersionsPerPolicyQuota: 5,
        AttachedPoliciesPerUserQuota: 10, AttachedPoliciesPerGroupQuota: 10, AttachedPoliciesPerRoleQuota: 10, PolicySizeQuota: 6144,
        UserPolicySizeQuota: 2048, GroupPolicySizeQuota: 5120, RolePolicySizeQuota: 10240, AssumeRolePolicySizeQuota: 2048,
        AccountAccessKeysPresent: 0, AccountMFAEnabled: 0, AccountSigningCertificatesPresent: 0, AccountPasswordPresent: 0,
        MFADevices: 0, MFADevicesInUse: 0, ServerCertificates: 0, Providers: providers.length,
      },
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
} satisfies Family;

/** The user must exist all the same. */
async function noneOf(input: { UserName?: string | undefined }, context: RequestContext): Promise<never[]> {
  await userNamed(context, context, userNameOf(input, context));
  return [];
}
