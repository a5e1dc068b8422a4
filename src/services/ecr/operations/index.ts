import type * as Sdk from '@aws-sdk/client-ecr';
import type { OperationName, OperationTable } from '../../../control/service.ts';
import { imageOperations } from './images.ts';
import { layerOperations } from './layers.ts';
import { policyOperations } from './policies.ts';
import { registryOperations } from './registry.ts';
import { repositoryOperations } from './repositories.ts';

export const missing = [
  'BatchGetRepositoryScanningConfiguration', 'CreatePullThroughCacheRule', 'CreateRepositoryCreationTemplate', 'DeletePullThroughCacheRule', 'DeleteRegistryPolicy',
  'DeleteRepositoryCreationTemplate', 'DeleteSigningConfiguration', 'DeregisterPullTimeUpdateExclusion', 'DescribeImageReplicationStatus', 'DescribeImageScanFindings',
  'DescribeImageSigningStatus', 'DescribePullThroughCacheRules', 'DescribeReplicationBackfillResults', 'DescribeRepositoryCreationTemplates', 'GetAccountSetting',
  'GetRegistryPolicy', 'GetSigningConfiguration', 'ListPullTimeUpdateExclusions', 'ListReplicationBackfills', 'PutAccountSetting', 'PutRegistryPolicy',
  'PutRegistryScanningConfiguration', 'PutReplicationConfiguration', 'PutSigningConfiguration', 'RegisterPullTimeUpdateExclusion', 'StartImageScan',
  'StartReplicationBackfill', 'StopReplicationBackfill', 'UpdateImageStorageClass', 'UpdatePullThroughCacheRule', 'UpdateRepositoryCreationTemplate',
  'ValidatePullThroughCacheRule',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...repositoryOperations,
  ...imageOperations,
  ...layerOperations,
  ...policyOperations,
  ...registryOperations,
};
