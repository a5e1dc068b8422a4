import type * as Sdk from '@aws-sdk/client-eks';
import type { RequestContext } from '../../../control/service.ts';
import { ec2Operations, instanceTypes, subnetById } from '../../ec2/index.ts';
import { asService } from '../../../control/as-service.ts';
import { AwsError } from '../../../control/error.ts';
import { omit } from '../../../control/omit.ts';
import { invalidParameter } from '../errors.ts';
import type { Cluster, Nodegroup } from '../records.ts';

/** What CreateNodegroup and UpdateNodegroupConfig refuse, in EKS's words. */

const NAME = /^[0-9A-Za-z][A-Za-z0-9\-_]{0,62}$/;
const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const RESERVED = /^([^/]*\.)?(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)\//;
const EFFECTS = ['NO_SCHEDULE', 'NO_EXECUTE', 'PREFER_NO_SCHEDULE'] as const;
const MOST_TAINTS = 50;
const DEFAULT_TYPE = 't3.medium';

export function checkName(name: string, fields: { clusterName: string }): string {
  if (!NAME.test(name)) throw invalidParameter("The nodegroup name can contain only alphanumeric characters (case-sensitive), hyphens and underscores. It must start with an alphanumeric character and can't be longer than 63 characters.", { ...fields, nodegroupName: name });
  return name;
}

export function scalingFrom(given: Sdk.NodegroupScalingConfig | undefined, before: Nodegroup['scalingConfig']): Nodegroup['scalingConfig'] {
  const scaling = { minSize: given?.minSize ?? before.minSize, maxSize: given?.maxSize ?? before.maxSize, desiredSize: given?.desiredSize ?? before.desiredSize };
  const { minSize, maxSize, desiredSize } = scaling;
  if (minSize < 0) throw invalidParameter('Minimum size must be greater than or equal to 0');
  if (maxSize < 1) throw invalidParameter('Maximum size must be greater than or equal to 1');
  if (minSize > maxSize) throw invalidParameter(`Minimum capacity ${minSize} can't be greater than max size ${maxSize}`);
  if (desiredSize > maxSize) throw invalidParameter(`desired capacity ${desiredSize} can't be greater than max size ${maxSize}`);
  if (minSize > desiredSize) throw invalidParameter(`Minimum capacity ${minSize} can't be greater than desired size ${desiredSize}`);
  return scaling;
}

export function checkLabels(labels: Record<string, string>): Record<string, string> {
  for (const [key, value] of Object.entries(labels)) {
    if (RESERVED.test(key)) throw invalidParameter('Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]');
    if (!LABEL_KEY.test(key)) throw invalidParameter(`Label key ${key} is not a valid Kubernetes label key`);
    if (!LABEL_VALUE.test(value)) throw invalidParameter(`Label value ${value} is not a valid Kubernetes label value`);
  }
  return labels;
}

export function checkTaints(taints: Sdk.Taint[]): Nodegroup['taints'] {
  if (taints.length > MOST_TAINTS) throw invalidParameter(`Too many taints. The maximum number of taints is ${MOST_TAINTS}`);
  const checked = taints.map(({ key = '', value, effect }) => {
    const known = EFFECTS.find((one) => one === effect);
    if (!known) throw invalidParameter(`Taint effect must be one of [${EFFECTS.join(', ')}]`);
    if (!LABEL_KEY.test(key)) throw invalidParameter(`Taint key ${key} is not a valid Kubernetes taint key`);
    if (!LABEL_VALUE.test(value ?? '')) throw invalidParameter(`Taint value ${value} is not a valid Kubernetes taint value`);
    return { key, effect: known, ...(value ? { value } : {}) };
  });
  if (new Set(checked.map(nameOfTaint)).size < checked.length) throw invalidParameter('Taints must be unique by key and effect');
  return checked;
}

/** A node has one taint of a key and effect. */
export const nameOfTaint = ({ key, effect }: { key: string; effect: string }) => `${key}:${effect}`;

export async function checkSubnets(context: RequestContext, cluster: Cluster, ids: string[]): Promise<string[]> {
  if (!ids.length) throw invalidParameter('Subnets are required');
  const found = await Promise.all(ids.map(async (id) => ({ id, subnet: await subnetById(context, context, id) })));
  const missing = found.filter(({ subnet }) => !subnet).map(({ id }) => id);
  if (missing.length) throw invalidParameter(`The subnet ID '${missing.join(', ')}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)`);
  if (found.some(({ subnet }) => subnet?.vpcId !== cluster.vpcId)) throw invalidParameter('Subnets specified must be in the same VPC as the cluster');
  return [...new Set(ids)];
}

function checkTypes(types: string[]): string[] {
  const unknown = types.filter((type) => !instanceTypes.has(type));
  if (unknown.length) throw invalidParameter(`The following supplied instance types do not exist: [${unknown.join(', ')}]`);
  return types;
}

export function updateConfigFrom(given: Sdk.NodegroupUpdateConfig | undefined, before: Nodegroup['updateConfig']): Nodegroup['updateConfig'] {
  if (!given) return before;
  const { maxUnavailable, maxUnavailablePercentage, updateStrategy = before.updateStrategy } = given;
  if (maxUnavailable !== undefined && maxUnavailablePercentage !== undefined) throw invalidParameter('Only one of maxUnavailable and maxUnavailablePercentage can be specified in updateConfig');
  for (const value of [maxUnavailable, maxUnavailablePercentage]) if (value !== undefined && (value < 1 || value > 100)) throw invalidParameter('The values of updateConfig must be between 1 and 100');
  const amount = maxUnavailable !== undefined ? { maxUnavailable } : maxUnavailablePercentage !== undefined ? { maxUnavailablePercentage } : omit(before, 'updateStrategy');
  return { ...amount, ...(updateStrategy ? { updateStrategy } : {}) };
}

export interface GivenTemplate {
  choice: NonNullable<Nodegroup['launchTemplate']>;
  imageId?: string;
  instanceType?: string;
}

/** The template with the version as a number. What a node group sets itself must not be in it. */
export async function launchTemplateFrom(context: RequestContext, given: Sdk.LaunchTemplateSpecification): Promise<GivenTemplate> {
  if ((given.id === undefined) === (given.name === undefined)) throw invalidParameter('You must specify either the launch template ID or the launch template name in the request, but not both.');
  const ec2 = asService(ec2Operations, context, context, 'eks.amazonaws.com');
  try {
    const { LaunchTemplateVersions: [found] = [] } = await ec2('DescribeLaunchTemplateVersions', {
      ...(given.id === undefined ? { LaunchTemplateName: given.name } : { LaunchTemplateId: given.id }), Versions: [given.version ?? '$Default'],
    });
    const { NetworkInterfaces, IamInstanceProfile, ImageId, InstanceType } = found?.LaunchTemplateData ?? {};
    if (NetworkInterfaces?.some(({ SubnetId }) => SubnetId)) throw invalidParameter('Launch template should not specify a subnet');
    if (IamInstanceProfile) throw invalidParameter('Launch template should not specify an instance profile');
    return {
      choice: { id: found?.LaunchTemplateId ?? '', name: found?.LaunchTemplateName ?? '', version: String(found?.VersionNumber) },
      ...(ImageId ? { imageId: ImageId } : {}), ...(InstanceType ? { instanceType: InstanceType } : {}),
    };
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidLaunchTemplate')) throw invalidParameter(error.message);
    throw error;
  }
}

/** The types of the nodes: the template's or the group's to say, not both. */
export function typesFrom(given: string[] | undefined, template: GivenTemplate | undefined): string[] {
  if (given?.length && template?.instanceType) throw invalidParameter('You cannot specify an instance type in the launch template and in the node group configuration');
  return template?.instanceType ? [] : checkTypes(given?.length ? given : [DEFAULT_TYPE]);
}
