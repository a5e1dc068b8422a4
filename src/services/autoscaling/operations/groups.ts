import type * as Sdk from '@aws-sdk/client-auto-scaling';
import { omit } from '../../../control/omit.ts';
import type { RequestContext } from '../../../control/service.ts';
import { wildcardless } from './filters.ts';
import * as causes from '../causes.ts';
import { setDesiredCapacity } from '../capacity.ts';
import { activityInProgress, groupExists, groupInUse, validation } from '../errors.ts';
import { findGroup, membersOf, page } from '../find.ts';
import { groups } from '../records.ts';
import type { Group } from '../records.ts';
import { checkSizes, groupTags, healthCheckTypes, launchOf, PROCESSES, refuseWhatIsNotThere, subnetsFor, targetGroupArns, terminationPolicies } from '../settings.ts';
import { groupShape } from '../shapes.ts';
import type { AutoScalingOperations } from '../table.ts';
import { uuid } from '../../../control/uuid.ts';

async function newGroup(context: RequestContext, input: Sdk.CreateAutoScalingGroupType): Promise<Group> {
  const name = input.AutoScalingGroupName ?? '';
  if (!/^[^\s:/][^:/]{0,254}$/.test(name)) throw validation(`1 validation error detected: Value '${name}' at 'autoScalingGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern`);
  const minSize = input.MinSize ?? 0;
  const maxSize = input.MaxSize ?? 0;
  const desiredCapacity = input.DesiredCapacity ?? minSize;
  checkSizes(minSize, maxSize, desiredCapacity);
  refuseWhatIsNotThere(input);
  const launch = await launchOf(context, input);
  if (!launch) throw validation('Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.');
  const subnets = await subnetsFor(context, input);
  if (!subnets) throw validation('At least one Availability Zone or VPC Subnet is required.');
  const id = uuid(context.randomHex(32));
  return {
    name, minSize, maxSize, desiredCapacity, launch, subnets,
    arn: `arn:aws:autoscaling:${context.region}:${context.account}:autoScalingGroup:${id}:autoScalingGroupName/${name}`, createdAt: context.now().toISOString(),
    healthCheckTypes: healthCheckTypes(input.HealthCheckType) ?? ['EC2'], healthCheckGracePeriod: input.HealthCheckGracePeriod ?? 0, defaultCooldown: input.DefaultCooldown ?? 300,
    targetGroupArns: await targetGroupArns(context, input.TargetGroupARNs, input.TrafficSources), leavingTargetGroupArns: [],
    terminationPolicies: terminationPolicies(input.TerminationPolicies) ?? ['Default'], newInstancesProtectedFromScaleIn: input.NewInstancesProtectedFromScaleIn ?? false,
    capacityRebalance: input.CapacityRebalance ?? false, suspended: {}, tags: groupTags(input.Tags), causes: desiredCapacity ? [causes.created(context.now(), desiredCapacity)] : [],
    ...optional(input),
  };
}

/** Members that are kept as given, where given. */
function optional(input: Sdk.CreateAutoScalingGroupType | Sdk.UpdateAutoScalingGroupType): Partial<Group> {
  return {
    ...(input.DefaultInstanceWarmup !== undefined && input.DefaultInstanceWarmup >= 0 && { defaultInstanceWarmup: input.DefaultInstanceWarmup }),
    ...(input.MaxInstanceLifetime && { maxInstanceLifetime: input.MaxInstanceLifetime }),
    ...(input.ServiceLinkedRoleARN !== undefined && { serviceLinkedRoleArn: input.ServiceLinkedRoleARN }),
    ...(input.Context !== undefined && { context: input.Context }),
  };
}

async function updated(context: RequestContext, input: Sdk.UpdateAutoScalingGroupType): Promise<(group: Group) => Group> {
  refuseWhatIsNotThere(input);
  const [launch, subnets] = [await launchOf(context, input), await subnetsFor(context, input)];
  const types = healthCheckTypes(input.HealthCheckType);
  const policies = terminationPolicies(input.TerminationPolicies);
  return (group) => {
    const minSize = input.MinSize ?? group.minSize;
    const maxSize = input.MaxSize ?? group.maxSize;
    // Bounds that moved past the desired capacity take it along, unless it was given too.
    const desired = input.DesiredCapacity ?? Math.min(Math.max(group.desiredCapacity, minSize), maxSize);
    checkSizes(minSize, maxSize, desired);
    return {
      ...omit(group, 'backoff'), ...optional(input), minSize, maxSize, desiredCapacity: desired, launch: launch ?? group.launch, subnets: subnets ?? group.subnets,
      healthCheckTypes: types ?? group.healthCheckTypes, healthCheckGracePeriod: input.HealthCheckGracePeriod ?? group.healthCheckGracePeriod,
      defaultCooldown: input.DefaultCooldown ?? group.defaultCooldown, terminationPolicies: policies ?? group.terminationPolicies,
      newInstancesProtectedFromScaleIn: input.NewInstancesProtectedFromScaleIn ?? group.newInstancesProtectedFromScaleIn, capacityRebalance: input.CapacityRebalance ?? group.capacityRebalance,
      causes: desired === group.desiredCapacity ? group.causes : [...group.causes, causes.constraintsUpdated(context.now(), { min: minSize, max: maxSize, desired }, group.desiredCapacity)],
    };
  };
}

const groupArn = async ({ AutoScalingGroupName: name = '' }: { AutoScalingGroupName?: string | undefined }, context: RequestContext) => {
  const found = (await groups.get(context.store, context, name))?.value;
  return [found?.arn ?? `arn:aws:autoscaling:${context.region}:${context.account}:autoScalingGroup:*:autoScalingGroupName/${name}`];
};

function processesOf({ ScalingProcesses: given }: Sdk.ScalingProcessQuery): string[] {
  const unknown = given?.find((process) => !PROCESSES.includes(process));
  if (unknown !== undefined) throw validation(`Invalid process: ${unknown}`);
  return given?.length ? given : PROCESSES;
}

export const groupOperations = {
  CreateAutoScalingGroup: {
    resources: groupArn,
    run: async (input, context) => {
      const name = input.AutoScalingGroupName ?? '';
      if (await groups.get(context.store, context, name)) throw groupExists(name);
      const group = await newGroup(context, input);
      const commit = await context.store.commit([groups.put(groups.key(context, group.name), group, 0)]);
      if (!commit.ok) throw groupExists(group.name);
      return {};
    },
  },

  UpdateAutoScalingGroup: {
    resources: groupArn,
    run: async (input, context) => {
      const { key } = await findGroup(context, context, input.AutoScalingGroupName ?? '');
      const change = await updated(context, input);
      await groups.update(context.store, key, change);
      return {};
    },
  },

  DeleteAutoScalingGroup: {
    resources: groupArn,
    run: async (input, context) => {
      const { key, value } = await findGroup(context, context, input.AutoScalingGroupName ?? '');
      const left = (await membersOf(context, context, value.name)).map((entry) => entry.value);
      if (!input.ForceDelete) {
        if (left.some(({ lifecycleState }) => lifecycleState === 'Pending' || lifecycleState === 'Terminating')) throw activityInProgress(value.name);
        if (left.length) throw groupInUse();
      }
      await groups.update(context.store, key, (group) => ({ ...group, deleting: true, minSize: 0, desiredCapacity: 0 }));
      return {};
    },
  },

  DescribeAutoScalingGroups: async (input, context) => {
    const all = (await groups.list(context.store, context)).map((entry) => entry.value);
    const named = input.AutoScalingGroupNames?.length ? all.filter(({ name }) => input.AutoScalingGroupNames?.includes(name)) : all;
    const found = named.filter((group) => (input.Filters ?? []).every((filter) => wildcardless(filter, tagField(filter.Name ?? '', group))));
    const { items, NextToken } = page(found, input, ({ name }) => name);
    return { AutoScalingGroups: await Promise.all(items.map(async (group) => groupShape(group, (await membersOf(context, context, group.name)).map((entry) => entry.value)))), NextToken };
  },

  SetDesiredCapacity: {
    resources: groupArn,
    run: async (input, context) => {
      await setDesiredCapacity(context, context, input.AutoScalingGroupName ?? '', input.DesiredCapacity ?? 0);
      return {};
    },
  },

  SuspendProcesses: {
    resources: groupArn,
    run: async (input, context) => {
      const { key } = await findGroup(context, context, input.AutoScalingGroupName ?? '');
      const added = Object.fromEntries(processesOf(input).map((process) => [process, `User suspended at ${context.now().toISOString().slice(0, 19)}Z`]));
      await groups.update(context.store, key, (group) => ({ ...group, suspended: { ...added, ...group.suspended } }));
      return {};
    },
  },

  ResumeProcesses: {
    resources: groupArn,
    run: async (input, context) => {
      const { key } = await findGroup(context, context, input.AutoScalingGroupName ?? '');
      const ended = processesOf(input);
      await groups.update(context.store, key, (group) => ({ ...group, suspended: Object.fromEntries(Object.entries(group.suspended).filter(([process]) => !ended.includes(process))) }));
      return {};
    },
  },
} satisfies AutoScalingOperations;

/** `tag-key`, `tag-value`, `tag:<key>`. */
function tagField(name: string, { tags }: Group): string[] {
  if (name === 'tag-key') return tags.map(({ key }) => key);
  if (name === 'tag-value') return tags.map(({ value }) => value);
  if (name.startsWith('tag:')) return tags.filter(({ key }) => key === name.slice(4)).map(({ value }) => value);
  throw validation(`Filter type ${name} is not correct. Allowed Filter types are: tag-key tag-value tag:<key>`);
}
