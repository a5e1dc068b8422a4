import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { OperationName, OperationTable } from '../../../control/service.ts';
import { accountOperations } from './account.ts';
import { listenerOperations } from './listeners.ts';
import { loadBalancerOperations } from './load-balancers.ts';
import { ruleOperations } from './rules.ts';
import { tagOperations } from './tags.ts';
import { targetGroupOperations } from './target-groups.ts';

export const missing = [
  'AddListenerCertificates', 'AddTrustStoreRevocations', 'CreateTrustStore', 'DeleteSharedTrustStoreAssociation', 'DeleteTrustStore',
  'DescribeTrustStoreAssociations', 'DescribeTrustStoreRevocations', 'DescribeTrustStores', 'GetResourcePolicy',
  'GetTrustStoreCaCertificatesBundle', 'GetTrustStoreRevocationContent', 'ModifyIpPools', 'ModifyTrustStore', 'RemoveListenerCertificates',
  'RemoveTrustStoreRevocations',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...loadBalancerOperations,
  ...listenerOperations,
  ...ruleOperations,
  ...targetGroupOperations,
  ...tagOperations,
  ...accountOperations,
};
