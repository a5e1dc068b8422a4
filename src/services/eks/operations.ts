import type * as Sdk from '@aws-sdk/client-eks';
import type { OperationTable } from '../../control/service.ts';
import type { missing } from './missing.ts';
import { absentOperations } from './operations/absent.ts';
import { accessOperations } from './operations/access.ts';
import { addonOperations } from './operations/addons.ts';
import { clusterOperations } from './operations/clusters.ts';
import { fargateProfileOperations } from './operations/fargate-profiles.ts';
import { nodegroupOperations } from './operations/nodegroups.ts';
import { tagOperations } from './operations/tags.ts';
import { updateOperations } from './operations/updates.ts';
import { versionOperations } from './operations/versions.ts';

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...clusterOperations, ...updateOperations, ...accessOperations, ...addonOperations, ...nodegroupOperations, ...fargateProfileOperations, ...tagOperations, ...versionOperations, ...absentOperations,
};
