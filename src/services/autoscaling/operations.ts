import type * as Sdk from '@aws-sdk/client-auto-scaling';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { activityOperations } from './operations/activities.ts';
import { groupOperations } from './operations/groups.ts';
import { instanceOperations } from './operations/instances.ts';
import { launchConfigurationOperations } from './operations/launch-configurations.ts';
import { tagOperations } from './operations/tags.ts';
import { targetGroupOperations } from './operations/target-groups.ts';

export const missing = [
  'AttachLoadBalancers', 'BatchDeleteScheduledAction', 'BatchPutScheduledUpdateGroupAction', 'CancelInstanceRefresh', 'CompleteLifecycleAction', 'DeleteLifecycleHook',
  'DeleteNotificationConfiguration', 'DeletePolicy', 'DeleteScheduledAction', 'DeleteWarmPool', 'DescribeAccountLimits', 'DescribeAccountSettings', 'DescribeInstanceRefreshes',
  'DescribeLifecycleHooks', 'DescribeLoadBalancers', 'DescribeNotificationConfigurations', 'DescribePolicies', 'DescribeScheduledActions', 'DescribeWarmPool', 'DetachLoadBalancers',
  'DisableMetricsCollection', 'EnableMetricsCollection', 'ExecutePolicy', 'GetPredictiveScalingForecast', 'LaunchInstances', 'PutAccountSetting', 'PutLifecycleHook',
  'PutNotificationConfiguration', 'PutScalingPolicy', 'PutScheduledUpdateGroupAction', 'PutWarmPool', 'RecordLifecycleActionHeartbeat', 'RollbackInstanceRefresh', 'StartInstanceRefresh',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...activityOperations, ...groupOperations, ...instanceOperations, ...launchConfigurationOperations, ...tagOperations, ...targetGroupOperations,
};
