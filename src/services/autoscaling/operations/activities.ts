import { findGroup, page } from '../find.ts';
import { activities } from '../records.ts';
import { activityShape } from '../shapes.ts';
import type { AutoScalingOperations } from '../table.ts';

export const activityOperations = {
  DescribeScalingActivities: async (input, context) => {
    const name = input.AutoScalingGroupName;
    const all = name === undefined ? await activities.list(context.store, context) : await activities.list(context.store, context, (await findGroup(context, context, name)).value.name);
    const asked = all.map((entry) => entry.value).filter(({ id }) => !input.ActivityIds?.length || input.ActivityIds.includes(id));
    // Newest first; ids begin with the time.
    const { items, NextToken } = page(asked.sort((a, b) => (a.id < b.id ? 1 : -1)), { MaxRecords: 100, ...input }, ({ id }) => id);
    return { Activities: items.map(activityShape), NextToken };
  },

  DescribeScalingProcessTypes: () => ({
    Processes: ['AZRebalance', 'AddToLoadBalancer', 'AlarmNotification', 'HealthCheck', 'InstanceRefresh', 'Launch', 'ReplaceUnhealthy', 'ScheduledActions', 'Terminate'].map((ProcessName) => ({ ProcessName })),
  }),
  DescribeTerminationPolicyTypes: () => ({
    TerminationPolicyTypes: ['AllocationStrategy', 'ClosestToNextInstanceHour', 'Default', 'NewestInstance', 'OldestInstance', 'OldestLaunchConfiguration', 'OldestLaunchTemplate'],
  }),
  DescribeAdjustmentTypes: () => ({ AdjustmentTypes: ['ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity'].map((AdjustmentType) => ({ AdjustmentType })) }),
  DescribeLifecycleHookTypes: () => ({ LifecycleHookTypes: ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'] }),
  DescribeMetricCollectionTypes: () => ({
    Metrics: ['GroupMinSize', 'GroupMaxSize', 'GroupDesiredCapacity', 'GroupInServiceInstances', 'GroupPendingInstances', 'GroupStandbyInstances', 'GroupTerminatingInstances', 'GroupTotalInstances'].map((Metric) => ({ Metric })),
    Granularities: [{ Granularity: '1Minute' }],
  }),
  DescribeAutoScalingNotificationTypes: () => ({
    AutoScalingNotificationTypes: ['EC2_INSTANCE_LAUNCH', 'EC2_INSTANCE_LAUNCH_ERROR', 'EC2_INSTANCE_TERMINATE', 'EC2_INSTANCE_TERMINATE_ERROR', 'TEST_NOTIFICATION'].map((type) => `autoscaling:${type}`),
  }),
} satisfies AutoScalingOperations;

