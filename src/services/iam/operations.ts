import type * as Sdk from '@aws-sdk/client-iam';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { accessKeyOperations } from './operations/access-keys.ts';
import { accountOperations } from './operations/account.ts';
import { attachmentOperations } from './operations/attachments.ts';
import { boundaryOperations } from './operations/boundaries.ts';
import { groupOperations } from './operations/groups.ts';
import { inlinePolicyOperations } from './operations/inline-policies.ts';
import { instanceProfileOperations } from './operations/instance-profiles.ts';
import { linkedRoleOperations } from './operations/linked.ts';
import { inventoryOperations } from './operations/inventory.ts';
import { providerOperations } from './operations/oidc-providers.ts';
import { policyOperations } from './operations/policies.ts';
import { roleOperations } from './operations/roles.ts';
import { simulationOperations } from './operations/simulate.ts';
import { tagOperations } from './operations/tags.ts';
import { userOperations } from './operations/users.ts';

export const missing = [
  'AcceptDelegationRequest', 'AcquireRole', 'AssociateDelegationRequest', 'ChangePassword',
  'CreateDelegationRequest', 'CreateLoginProfile', 'CreateSAMLProvider', 'CreateServiceSpecificCredential',
  'CreateVirtualMFADevice', 'DeactivateMFADevice', 'DeleteAccountPasswordPolicy', 'DeleteSAMLProvider',
  'DeleteSSHPublicKey', 'DeleteServerCertificate', 'DeleteServiceSpecificCredential', 'DeleteSigningCertificate', 'DeleteVirtualMFADevice',
  'DisableOrganizationsRootCredentialsManagement', 'DisableOrganizationsRootSessions', 'DisableOutboundWebIdentityFederation', 'EnableMFADevice',
  'EnableOrganizationsRootCredentialsManagement', 'EnableOrganizationsRootSessions', 'EnableOutboundWebIdentityFederation',
  'GenerateCredentialReport', 'GenerateOrganizationsAccessReport', 'GenerateServiceLastAccessedDetails', 'GetAccessKeyLastUsed',
  'GetAccountProperties', 'GetContextKeysForCustomPolicy', 'GetContextKeysForPrincipalPolicy', 'GetCredentialReport', 'GetDelegationRequest',
  'GetHumanReadableSummary', 'GetMFADevice', 'GetOrganizationsAccessReport', 'GetOutboundWebIdentityFederationInfo',
  'GetRoleTemplateVersion', 'GetSAMLProvider', 'GetSSHPublicKey', 'GetServerCertificate', 'GetServiceLastAccessedDetails',
  'GetServiceLastAccessedDetailsWithEntities', 'ListDelegationRequests', 'ListMFADeviceTags',
  'ListOrganizationsFeatures', 'ListPoliciesGrantingServiceAccess', 'ListSAMLProviderTags', 'ListServerCertificateTags', 'PutAccountProperties',
  'RejectDelegationRequest', 'ResetServiceSpecificCredential', 'ResyncMFADevice', 'SendDelegationToken',
  'SetSecurityTokenServicePreferences', 'TagMFADevice', 'TagSAMLProvider', 'TagServerCertificate', 'UntagMFADevice',
  'UntagSAMLProvider', 'UntagServerCertificate', 'UpdateAccountPasswordPolicy', 'UpdateDelegationRequest',
  'UpdateLoginProfile', 'UpdateSAMLProvider', 'UpdateSSHPublicKey', 'UpdateServerCertificate',
  'UpdateServiceSpecificCredential', 'UpdateSigningCertificate', 'UploadSSHPublicKey', 'UploadServerCertificate', 'UploadSigningCertificate',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...userOperations,
  ...accessKeyOperations,
  ...groupOperations,
  ...roleOperations,
  ...linkedRoleOperations,
  ...policyOperations,
  ...attachmentOperations,
  ...inlinePolicyOperations,
  ...boundaryOperations,
  ...instanceProfileOperations,
  ...providerOperations,
  ...tagOperations,
  ...accountOperations,
  ...inventoryOperations,
  ...simulationOperations,
};
