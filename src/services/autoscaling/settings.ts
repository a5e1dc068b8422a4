import type * as Sdk from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../control/error.ts';
import type { RequestContext } from '../../control/service.ts';
import { authorizeLaunch, checkLaunch, defaultVpc, subnetById, subnetsOf } from '../ec2/index.ts';
import { targetGroup } from '../elasticloadbalancing/index.ts';
import { configurationNotFound, notBetween, validation } from './errors.ts';
import { launchSource } from './launching.ts';
import { launchConfigurations } from './records.ts';
import type { Group, GroupTag } from './records.ts';

/** Members that CreateAutoScalingGroup and UpdateAutoScalingGroup share, checked. */

const POLICIES = ['Default', 'OldestInstance', 'NewestInstance', 'OldestLaunchConfiguration', 'OldestLaunchTemplate', 'ClosestToNextInstanceHour', 'AllocationStrategy'];
export const PROCESSES = ['AddToLoadBalancer', 'AlarmNotification', 'AZRebalance', 'HealthCheck', 'InstanceRefresh', 'Launch', 'ReplaceUnhealthy', 'ScheduledActions', 'Terminate'];

type Settings = Sdk.CreateAutoScalingGroupType | Sdk.UpdateAutoScalingGroupType;

/** What Gantry's groups cannot do is refused, never taken in silence. */
export function refuseWhatIsNotThere(input: Settings): void {
  const refused: [string, unknown][] = [
    ['MixedInstancesPolicy', input.MixedInstancesPolicy], ['PlacementGroup', input.PlacementGroup], ['InstanceMaintenancePolicy', input.InstanceMaintenancePolicy],
    ['LifecycleHookSpecificationList', 'LifecycleHookSpecificationList' in input && input.LifecycleHookSpecificationList?.length ? true : undefined],
    ['InstanceId', 'InstanceId' in input ? input.InstanceId : undefined], ['LoadBalancerNames', 'LoadBalancerNames' in input && input.LoadBalancerNames?.length ? true : undefined],
  ];
  for (const [name, value] of refused) if (value !== undefined) throw validation(`${name}: not implemented by Gantry.`);
}

export function checkSizes(min: number, max: number, desired: number): void {
  if (min < 0 || max < 0) throw validation('MinSize and MaxSize must be 0 or more.');
  if (max < min) throw validation(`Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
  if (desired < min || desired > max) throw notBetween(desired, min, max);
}

export async function launchOf(context: RequestContext, input: Settings): Promise<Group['launch'] | undefined> {
  if (input.LaunchConfigurationName !== undefined && input.LaunchTemplate) throw validation('Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.');
  if (input.LaunchConfigurationName !== undefined) {
    if (!(await launchConfigurations.get(context.store, context, input.LaunchConfigurationName))) throw configurationNotFound(input.LaunchConfigurationName);
    return checked(context, { configuration: input.LaunchConfigurationName });
  }
  const asked = input.LaunchTemplate;
  if (!asked) return undefined;
  const Version = asked.Version ?? '$Default';
  const request = { MinCount: 1, MaxCount: 1, LaunchTemplate: { ...asked, Version } };
  const template = await inLaunchTemplateWords(async () => (await checkLaunch(context, context, request, context)).template);
  if (!template) throw validation('You must use a valid fully-formed launch template.');
  await authorizeLaunch(context, { ...request, SubnetId: subnetIds(input)[0] });
  return { template: { id: template.id, name: template.name, version: Version } };
}

async function checked(context: RequestContext, launch: Group['launch']): Promise<Group['launch']> {
  await inLaunchTemplateWords(async () => checkLaunch(context, context, await launchSource(context, context, launch), context));
  return launch;
}

/** EC2's refusal as Auto Scaling passes it on; a refusal of iam:PassRole stays what it is. */
async function inLaunchTemplateWords<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof AwsError && error.status === 400) throw validation(`You must use a valid fully-formed launch template. ${error.message}`);
    throw error;
  }
}

const subnetIds = (input: Settings) => (input.VPCZoneIdentifier ?? '').split(',').map((id) => id.trim()).filter(Boolean);

/** From VPCZoneIdentifier, or the default subnets of the zones named. */
export async function subnetsFor(context: RequestContext, input: Settings): Promise<Group['subnets'] | undefined> {
  const ids = subnetIds(input);
  if (ids.length) {
    const found = await Promise.all(ids.map(async (id) => ({ id, subnet: await subnetById(context, context, id) })));
    const missing = found.filter(({ subnet }) => !subnet).map(({ id }) => id);
    if (missing.length) throw validation(`The subnet ID '${missing.join(', ')}' does not exist`);
    if (new Set(found.map(({ subnet }) => subnet?.vpcId)).size > 1) throw validation('The subnets must be in one VPC.');
    return found.map(({ id, subnet }) => ({ id, zone: subnet?.zone ?? '' }));
  }
  if (!input.AvailabilityZones?.length) return undefined;
  const vpc = await defaultVpc(context, context);
  const subnets = vpc ? await subnetsOf(context, context, vpc.id) : [];
  return input.AvailabilityZones.map((zone) => {
    const subnet = subnets.find((one) => one.defaultForAz && one.zone === zone);
    if (!subnet) throw validation(`No default subnet for availability zone: '${zone}'.`);
    return { id: subnet.id, zone };
  });
}

export function healthCheckTypes(given: string | undefined): Group['healthCheckTypes'] | undefined {
  if (given === undefined) return undefined;
  const types = given.split(',').map((type) => type.trim());
  const unknown = types.find((type) => type !== 'EC2' && type !== 'ELB');
  if (unknown !== undefined) throw validation(`Invalid HealthCheckType: ${unknown}. Gantry knows EC2 and ELB.`);
  return types as Group['healthCheckTypes'];
}

export function terminationPolicies(given: string[] | undefined): string[] | undefined {
  const unknown = given?.find((policy) => !POLICIES.includes(policy));
  if (unknown !== undefined) throw validation(`Invalid termination policy: ${unknown}`);
  return given?.length ? given : undefined;
}

/** From both of the ways in which target groups are named. */
export async function targetGroupArns(context: RequestContext, arns: string[] | undefined, sources: Sdk.TrafficSourceIdentifier[] | undefined): Promise<string[]> {
  const foreign = sources?.find(({ Type, Identifier = '' }) => (Type ?? 'elbv2') !== 'elbv2' || !Identifier.includes(':targetgroup/'));
  if (foreign) throw validation(`Traffic source ${foreign.Identifier}: only target groups (elbv2) are implemented by Gantry.`);
  const all = [...new Set([...(arns ?? []), ...(sources ?? []).map(({ Identifier = '' }) => Identifier)])];
  for (const arn of all) if (!(await targetGroup(context, context, arn))) throw validation(`Provided Target Groups may not be valid. Please ensure they exist and try again. - ${arn}`);
  return all;
}

export function groupTags(given: Sdk.Tag[] | undefined): GroupTag[] {
  return (given ?? []).map(({ Key: key = '', Value: value = '', PropagateAtLaunch: propagateAtLaunch = false }) => {
    if (!key || key.length > 128) throw validation('Tag keys must be 1 to 128 characters long.');
    if (key.startsWith('aws:')) throw validation(`Tag key ${key}: the prefix aws: is reserved for AWS use.`);
    return { key, value, propagateAtLaunch };
  });
}
