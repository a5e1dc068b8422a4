import type * as Sdk from '@aws-sdk/client-ssm';
import type { OperationTable } from '../../control/service.ts';
import type { missing } from './missing.ts';
import { parameterOperations } from './operations/parameters.ts';
import { tagOperations } from './operations/tags.ts';

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = { ...parameterOperations, ...tagOperations };
