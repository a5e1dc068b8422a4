import type * as Sdk from '@aws-sdk/client-auto-scaling';
import type { OperationTable } from '../../control/service.ts';

/** Operations of one family; `operations.ts` puts the families together and sees to it that none is forgotten. */
export type AutoScalingOperations = Partial<OperationTable<typeof Sdk>>;
