import type { NetworkConfiguration, TaskOverride } from '@aws-sdk/client-ecs';
import type { Env, Scope } from '../../../control/service.ts';
import { securityGroupById, subnetById } from '../../ec2/index.ts';
import { invalid } from '../errors.ts';
import { compact, type LaunchType, type TaskDefinition } from '../records.ts';
import { cpuUnits, memoryMiB } from '../task-definitions/size.ts';

/** Overrides as they are stored. Errors: InvalidParameterException. */
export function checkOverrides(overrides: TaskOverride | undefined, definition: TaskDefinition): TaskOverride {
  if (!overrides) return {};
  const names = definition.containerDefinitions.map((container) => container.name);
  for (const { name } of overrides.containerOverrides ?? []) {
    if (!name) throw invalid('Container name in overrides should not be null or empty.');
    if (!names.includes(name)) throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
  }
  if (JSON.stringify(overrides).length > 8192) throw invalid('Overrides cannot be longer than 8192 characters.');
  return compact({ ...overrides, cpu: overrides.cpu && cpuUnits(overrides.cpu), memory: overrides.memory && memoryMiB(overrides.memory) });
}

/**
 * What a task in awsvpc mode needs, and no other may have: subnets and groups that exist, in one VPC.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
 */
export async function checkNetwork(env: Env, scope: Scope, given: NetworkConfiguration | undefined, definition: TaskDefinition, launchType: LaunchType): Promise<NetworkConfiguration | undefined> {
  const network = given?.awsvpcConfiguration;
  if (definition.networkMode !== 'awsvpc') {
    if (network) throw invalid('Network Configuration is not valid for the given networkMode of this task definition.');
    return undefined;
  }
  if (!network) throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  const subnets = network.subnets ?? [];
  if (!subnets.length) throw invalid('subnets can not be empty.');
  if (subnets.length > 16) throw invalid('subnets can have at most 16 items.');
  if ((network.securityGroups?.length ?? 0) > 5) throw invalid('securityGroups can have at most 5 items.');
  if (network.assignPublicIp === 'ENABLED' && launchType === 'EC2') throw invalid('Assign public IP is not supported for this launch type.');
  const found = await Promise.all(subnets.map(async (id) => {
    const subnet = await subnetById(env, scope, id);
    if (!subnet) throw invalid(`Error retrieving subnet information for [${id}]: The subnet ID '${id}' does not exist`);
    return subnet;
  }));
  if (new Set(found.map((subnet) => subnet.vpcId)).size > 1) throw invalid('subnets must belong to the same VPC.');
  for (const id of network.securityGroups ?? []) {
    const group = await securityGroupById(env, scope, id);
    if (!group) throw invalid(`Error retrieving security group information for [${id}]: The security group '${id}' does not exist`);
    if (group.vpcId !== found[0]?.vpcId) throw invalid('Networking configuration is invalid: subnets and security groups must belong to the same VPC.');
  }
  return { awsvpcConfiguration: { ...network, assignPublicIp: network.assignPublicIp ?? 'DISABLED' } };
}
