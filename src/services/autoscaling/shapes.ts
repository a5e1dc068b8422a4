import type * as Sdk from '@aws-sdk/client-auto-scaling';
import type { Activity, Group, GroupTag, Member, TemplateChoice } from './records.ts';

/** Records as Auto Scaling shows them. */

export const templateShape = ({ id, name, version }: TemplateChoice): Sdk.LaunchTemplateSpecification => ({ LaunchTemplateId: id, LaunchTemplateName: name, Version: version });

export const tagShape = (group: string, { key, value, propagateAtLaunch }: GroupTag): Sdk.TagDescription => ({ ResourceId: group, ResourceType: 'auto-scaling-group', Key: key, Value: value, PropagateAtLaunch: propagateAtLaunch });

/** Members that EC2 has answered for; a launch still to be asked for is not shown, as in AWS. */
export const shown = (members: Member[]) => members.filter(({ instanceId }) => instanceId !== undefined);

export const instanceShape = (member: Member): Sdk.Instance => ({
  InstanceId: member.instanceId, InstanceType: member.instanceType, AvailabilityZone: member.zone, LifecycleState: member.lifecycleState, HealthStatus: member.health,
  ProtectedFromScaleIn: member.protectedFromScaleIn, ...(member.template ? { LaunchTemplate: templateShape(member.template) } : { LaunchConfigurationName: member.configuration }),
});

export const groupShape = (group: Group, members: Member[]): Sdk.AutoScalingGroup => ({
  AutoScalingGroupName: group.name, AutoScalingGroupARN: group.arn, CreatedTime: new Date(group.createdAt), MinSize: group.minSize, MaxSize: group.maxSize, DesiredCapacity: group.desiredCapacity,
  ...('template' in group.launch ? { LaunchTemplate: templateShape(group.launch.template) } : { LaunchConfigurationName: group.launch.configuration }),
  AvailabilityZones: [...new Set(group.subnets.map(({ zone }) => zone))], VPCZoneIdentifier: group.subnets.map(({ id }) => id).join(','),
  DefaultCooldown: group.defaultCooldown, DefaultInstanceWarmup: group.defaultInstanceWarmup, HealthCheckType: group.healthCheckTypes.join(','), HealthCheckGracePeriod: group.healthCheckGracePeriod,
  TargetGroupARNs: group.targetGroupArns, TrafficSources: group.targetGroupArns.map((Identifier) => ({ Identifier, Type: 'elbv2' })), LoadBalancerNames: [],
  TerminationPolicies: group.terminationPolicies, NewInstancesProtectedFromScaleIn: group.newInstancesProtectedFromScaleIn, CapacityRebalance: group.capacityRebalance,
  MaxInstanceLifetime: group.maxInstanceLifetime, ServiceLinkedRoleARN: group.serviceLinkedRoleArn, Context: group.context, EnabledMetrics: [],
  SuspendedProcesses: Object.entries(group.suspended).map(([ProcessName, SuspensionReason]) => ({ ProcessName, SuspensionReason })),
  Tags: group.tags.map((tag) => tagShape(group.name, tag)), Instances: shown(members).map(instanceShape), ...(group.deleting && { Status: 'Delete in progress' }),
});

export const activityShape = (activity: Activity): Sdk.Activity => ({
  ActivityId: activity.id, AutoScalingGroupName: activity.group, AutoScalingGroupARN: activity.groupArn, Description: activity.description, Cause: activity.cause,
  StartTime: new Date(activity.startedAt), EndTime: activity.endedAt === undefined ? undefined : new Date(activity.endedAt), StatusCode: activity.status,
  StatusMessage: activity.message, Progress: activity.progress, Details: activity.details,
});
