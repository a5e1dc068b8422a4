import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { accountOperations } from './operations/account.ts';
import { listenerOperations } from './operations/listeners.ts';
import { loadBalancerOperations } from './operations/load-balancers.ts';
import { ruleOperations } from './operations/rules.ts';
import { tagOperations } from './operations/tags.ts';
import { targetGroupOperations } from './operations/target-groups.ts';

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
