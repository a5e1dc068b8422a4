import type * as Sdk from '@aws-sdk/client-ecr';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { imageOperations } from './operations/images.ts';
import { layerOperations } from './operations/layers.ts';
import { policyOperations } from './operations/policies.ts';
import { registryOperations } from './operations/registry.ts';
import { repositoryOperations } from './operations/repositories.ts';

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
