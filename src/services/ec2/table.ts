import type * as Sdk from '@aws-sdk/client-ec2';
import type { OperationTable } from '../../control/service.ts';

/** Operations of one family; `operations.ts` puts the families together and sees to it that none is forgotten. */
export type Ec2Operations = Partial<OperationTable<typeof Sdk>>;
