import type * as Sdk from '@aws-sdk/client-eks';
import type { OperationTable } from '../../control/service.ts';

/** Some of the operations, for the files that hold a family of them. */
export type EksOperations = Partial<OperationTable<typeof Sdk>>;
