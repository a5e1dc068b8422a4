import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2';
import { asService, serviceContext } from '../../../control/as-service.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { imageId } from '../../../wire/images.ts';
import { autoscalingOperations } from '../../autoscaling/index.ts';
import { ec2Operations } from '../../ec2/index.ts';
import { iamOperations } from '../../iam/index.ts';
import { newAccessEntry } from '../access/entries.ts';
import { accessEntries, nodegroups } from '../records.ts';
import type { Cluster, Nodegroup } from '../records.ts';
import type { Fleet } from './health.ts';
import { nodeConfig, PREFIXES, userData } from './user-data.ts';

/** What a managed node group is made of in other services, each of them made if it is not there. Names follow from the group's id, so a crash makes nothing twice. */

const EKS = 'eks.amazonaws.com';
const nameOf = (group: Nodegroup) => `eks-${group.id}`;
export const fleetNameOf = (group: Nodegroup) => `eks-${group.name}-${group.id}`;

function services(env: Env, scope: Scope) {
  return { ec2: asService(ec2Operations, env, scope, EKS), autoscaling: asService(autoscalingOperations, env, scope, EKS), iam: asService(iamOperations, env, scope, EKS) };
}

/** Runs it, unless it fails with one of these codes: then what it was to do is done already. */
async function unless(codes: string[], done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    if (!(error instanceof AwsError && codes.includes(error.code))) throw error;
  });
}

/** Nodes sign in with their role: it needs an entry, where the cluster has such. */
export async function ensureAccessEntry(env: Env, scope: Scope, cluster: Cluster, group: Nodegroup): Promise<void> {
  if (cluster.authenticationMode === 'CONFIG_MAP') return;
  const key = accessEntries.key(scope, cluster.name, group.nodeRole);
  if (await accessEntries.at(env.store, key)) return;
  const entry = newAccessEntry(serviceContext(env, scope, EKS), cluster.name, { principalArn: group.nodeRole, type: 'EC2_LINUX' });
  await env.store.commit([accessEntries.put(key, entry, 0)]);
}

/** The instance profile that carries the node role. */
export async function ensureProfile(env: Env, scope: Scope, group: Nodegroup): Promise<string> {
  const { iam } = services(env, scope);
  const InstanceProfileName = nameOf(group);
  await unless(['EntityAlreadyExists'], iam('CreateInstanceProfile', { InstanceProfileName }));
  await unless(['LimitExceeded'], iam('AddRoleToInstanceProfile', { InstanceProfileName, RoleName: group.nodeRole.split('/').at(-1) }));
  return InstanceProfileName;
}

export interface Booting {
  cluster: Cluster;
  /** PEM. */
  certificateAuthority: string;
  group: Nodegroup;
}

const tagsOf = (group: Nodegroup) => ({ 'eks:cluster-name': group.cluster, 'eks:nodegroup-name': group.name });
const tagList = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** The customer's template, if any, completed with what makes its instances nodes of the cluster. */
async function templateData(env: Env, scope: Scope, { cluster, certificateAuthority, group }: Booting, profile: string): Promise<RequestLaunchTemplateData> {
  const { ec2 } = services(env, scope);
  const given = group.launchTemplate;
  const own = given && (await ec2('DescribeLaunchTemplateVersions', { LaunchTemplateId: given.id, Versions: [given.version] })).LaunchTemplateVersions?.[0]?.LaunchTemplateData;
  // The shapes of request and response have the same members.
  const base = JSON.parse(JSON.stringify(own ?? {})) as RequestLaunchTemplateData;
  const ImageId = base.ImageId ?? imageId('eks-optimized');
  const [primary = {}, ...others] = base.NetworkInterfaces ?? [];
  const groups = primary.Groups ?? base.SecurityGroupIds;
  const { SecurityGroupIds: _, ...rest } = base;
  const text = userData(nodeConfig({ cluster, certificateAuthority, group, imageId: ImageId }), Buffer.from(base.UserData ?? '', 'base64').toString());
  return {
    ...rest, ImageId,
    InstanceType: base.InstanceType ?? group.instanceTypes[0] as NonNullable<RequestLaunchTemplateData['InstanceType']>,
    IamInstanceProfile: { Name: profile },
    // Of a custom image the customer's own user data makes a node.
    UserData: base.ImageId === undefined ? Buffer.from(text).toString('base64') : base.UserData,
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2, ...base.MetadataOptions },
    NetworkInterfaces: [{ DeleteOnTermination: true, ...primary, DeviceIndex: 0, Groups: groups?.length ? groups : [cluster.clusterSecurityGroupId ?? ''], Ipv4PrefixCount: PREFIXES }, ...others],
    TagSpecifications: [...(base.TagSpecifications ?? []), { ResourceType: 'network-interface', Tags: tagList({ ...tagsOf(group), 'cluster.k8s.amazonaws.com/name': cluster.name }) }],
  };
}

/** The group's own template; a version more if what is in it has changed. */
export async function ensureTemplate(env: Env, scope: Scope, booting: Booting, profile: string): Promise<{ id: string; version: number }> {
  const { ec2 } = services(env, scope);
  const LaunchTemplateName = nameOf(booting.group);
  const LaunchTemplateData = await templateData(env, scope, booting, profile);
  const found = (await ec2('DescribeLaunchTemplates', { Filters: [{ Name: 'launch-template-name', Values: [LaunchTemplateName] }] })).LaunchTemplates?.[0];
  if (!found) {
    const made = await ec2('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData, TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList({ ...tagsOf(booting.group), ...booting.group.tags }) }] });
    return { id: made.LaunchTemplate?.LaunchTemplateId ?? '', version: 1 };
  }
  const LaunchTemplateId = found.LaunchTemplateId ?? '';
  const latest = (await ec2('DescribeLaunchTemplateVersions', { LaunchTemplateId, Versions: ['$Latest'] })).LaunchTemplateVersions?.[0];
  const same = JSON.stringify(latest?.LaunchTemplateData) === JSON.stringify(JSON.parse(JSON.stringify(LaunchTemplateData)));
  const current = same ? latest : (await ec2('CreateLaunchTemplateVersion', { LaunchTemplateId, LaunchTemplateData })).LaunchTemplateVersion;
  return { id: LaunchTemplateId, version: current?.VersionNumber ?? 1 };
}

/** Made as the group says; later it is the customer's (and autoscalers') to resize, by EKS or directly. */
export async function ensureFleet(env: Env, scope: Scope, group: Nodegroup, templateId: string): Promise<void> {
  const { autoscaling } = services(env, scope);
  const AutoScalingGroupName = fleetNameOf(group);
  const tags = {
    ...tagsOf(group), [`kubernetes.io/cluster/${group.cluster}`]: 'owned', 'k8s.io/cluster-autoscaler/enabled': 'true', [`k8s.io/cluster-autoscaler/${group.cluster}`]: 'owned',
  };
  await unless(['AlreadyExists'], autoscaling('CreateAutoScalingGroup', {
    AutoScalingGroupName, MinSize: group.scalingConfig.minSize, MaxSize: group.scalingConfig.maxSize, DesiredCapacity: group.scalingConfig.desiredSize,
    LaunchTemplate: { LaunchTemplateId: templateId, Version: '$Latest' }, VPCZoneIdentifier: group.subnetIds.join(','), HealthCheckGracePeriod: 15, CapacityRebalance: true,
    TerminationPolicies: ['AllocationStrategy', 'OldestLaunchTemplate', 'OldestInstance'], Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value, PropagateAtLaunch: true })),
  }));
}

/** Room for more instances than the group's own most, for a while. */
export async function growFleet(env: Env, scope: Scope, group: Nodegroup, desired: number): Promise<void> {
  const MaxSize = Math.max(group.scalingConfig.maxSize, desired);
  await services(env, scope).autoscaling('UpdateAutoScalingGroup', { AutoScalingGroupName: fleetNameOf(group), MaxSize, DesiredCapacity: desired });
}

/** The group's own most again; the fleet is no larger by now. */
export async function boundFleet(env: Env, scope: Scope, group: Nodegroup): Promise<void> {
  await services(env, scope).autoscaling('UpdateAutoScalingGroup', { AutoScalingGroupName: fleetNameOf(group), MaxSize: group.scalingConfig.maxSize });
}

export async function resizeFleet(env: Env, scope: Scope, group: Nodegroup): Promise<void> {
  const { minSize, maxSize, desiredSize } = group.scalingConfig;
  await services(env, scope).autoscaling('UpdateAutoScalingGroup', { AutoScalingGroupName: fleetNameOf(group), MinSize: minSize, MaxSize: maxSize, DesiredCapacity: desiredSize });
}

export async function fleetOf(env: Env, scope: Scope, group: Nodegroup): Promise<Fleet | undefined> {
  const { autoscaling, ec2 } = services(env, scope);
  const AutoScalingGroupName = fleetNameOf(group);
  const found = (await autoscaling('DescribeAutoScalingGroups', { AutoScalingGroupNames: [AutoScalingGroupName] })).AutoScalingGroups?.[0];
  if (!found) return undefined;
  const ids = (found.Instances ?? []).map(({ InstanceId = '' }) => InstanceId);
  const machines = ids.length ? ((await ec2('DescribeInstances', { Filters: [{ Name: 'instance-id', Values: ids }] })).Reservations ?? []).flatMap(({ Instances = [] }) => Instances) : [];
  const launchedAt = new Map(machines.map(({ InstanceId, LaunchTime }) => [InstanceId, LaunchTime?.getTime() ?? 0]));
  const activities = (await autoscaling('DescribeScalingActivities', { AutoScalingGroupName, MaxRecords: 10 })).Activities ?? [];
  const latest = activities.find(({ Description, StatusCode }) => Description?.startsWith('Launching') && (StatusCode === 'Failed' || StatusCode === 'Successful'));
  return {
    desired: found.DesiredCapacity ?? 0,
    instances: (found.Instances ?? []).map(({ InstanceId = '', LifecycleState = '', AvailabilityZone = '', LaunchTemplate }) => ({
      id: InstanceId, zone: AvailabilityZone, lifecycleState: LifecycleState, launchedAt: launchedAt.get(InstanceId) ?? 0, templateVersion: Number(LaunchTemplate?.Version ?? 0),
    })),
    failure: latest?.StatusCode === 'Failed' ? latest.StatusMessage : undefined,
  };
}

/** Takes a drained instance out, with its place in the fleet or to be replaced. */
export async function dismiss(env: Env, scope: Scope, group: Nodegroup, instanceId: string, withPlace = true): Promise<void> {
  const { autoscaling } = services(env, scope);
  await autoscaling('UpdateAutoScalingGroup', { AutoScalingGroupName: fleetNameOf(group), MinSize: group.scalingConfig.minSize });
  await autoscaling('TerminateInstanceInAutoScalingGroup', { InstanceId: instanceId, ShouldDecrementDesiredCapacity: withPlace });
}

/** Nothing new is launched from now on: the group's nodes are about to be drained. */
export async function stopLaunches(env: Env, scope: Scope, group: Nodegroup): Promise<void> {
  await services(env, scope).autoscaling('SuspendProcesses', { AutoScalingGroupName: fleetNameOf(group), ScalingProcesses: ['Launch'] });
}

/** False while instances are still on their way out. */
export async function removeFleet(env: Env, scope: Scope, group: Nodegroup): Promise<boolean> {
  const { autoscaling, ec2 } = services(env, scope);
  await unless(['ValidationError'], autoscaling('DeleteAutoScalingGroup', { AutoScalingGroupName: fleetNameOf(group), ForceDelete: true }));
  if (await fleetOf(env, scope, group)) return false;
  const own = [{ Name: 'tag:eks:cluster-name', Values: [group.cluster] }, { Name: 'tag:eks:nodegroup-name', Values: [group.name] }, { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'] }];
  return !(await ec2('DescribeInstances', { Filters: own })).Reservations?.length;
}

export async function removeTheRest(env: Env, scope: Scope, group: Nodegroup): Promise<void> {
  const { ec2, iam } = services(env, scope);
  await unless(['InvalidLaunchTemplateName.NotFoundException'], ec2('DeleteLaunchTemplate', { LaunchTemplateName: nameOf(group) }));
  const InstanceProfileName = nameOf(group);
  await unless(['NoSuchEntity'], iam('RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName: group.nodeRole.split('/').at(-1) }));
  await unless(['NoSuchEntity'], iam('DeleteInstanceProfile', { InstanceProfileName }));
  const others = (await nodegroups.list(env.store, scope, group.cluster)).some(({ value }) => value.name !== group.name && value.nodeRole === group.nodeRole);
  const entry = others ? undefined : await accessEntries.get(env.store, scope, group.cluster, group.nodeRole);
  if (entry?.value.type === 'EC2_LINUX') await env.store.commit([{ delete: entry.key, expect: entry.revision }]);
}
