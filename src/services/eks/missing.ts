import type * as Sdk from '@aws-sdk/client-eks';
import type { OperationName } from '../../control/service.ts';

/** Operations of EKS's schema that answer that they are not implemented. */
export const missing = [
  'ActivateCertificateAuthority', 'AssociateEncryptionConfig', 'AssociateIdentityProviderConfig', 'CancelUpdate', 'CreateCapability',
  'CreateCertificateAuthority', 'CreateEksAnywhereSubscription', 'CreatePodIdentityAssociation', 'DeleteCapability',
  'DeleteCertificateAuthority', 'DeleteEksAnywhereSubscription', 'DeletePodIdentityAssociation', 'DeregisterCluster', 'DescribeCapability',
  'DescribeCertificateAuthority', 'DescribeEksAnywhereSubscription', 'DescribeIdentityProviderConfig', 'DescribeInsight',
  'DescribeInsightsRefresh', 'DescribePodIdentityAssociation', 'DisassociateIdentityProviderConfig', 'ListCertificateAuthorities',
  'RegisterCluster', 'StartInsightsRefresh', 'UpdateCapability', 'UpdateEksAnywhereSubscription', 'UpdatePodIdentityAssociation',
] as const satisfies OperationName<typeof Sdk>[];
