import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { CreateLaunchConfigurationType } from '@aws-sdk/client-auto-scaling';
import type { Env, Scope } from '../../control/service.ts';
import { launchConfigurations } from './records.ts';
import type { Group } from './records.ts';

/** The RunInstances request that makes one instance of a group. */
export async function launchRequest(env: Env, scope: Scope, group: Group, subnetId: string, token: string): Promise<RunInstancesRequest> {
  const Tags = group.tags.filter(({ propagateAtLaunch }) => propagateAtLaunch).map(({ key, value }) => ({ Key: key, Value: value }));
  return {
    ...(await launchSource(env, scope, group.launch)),
    MinCount: 1, MaxCount: 1, SubnetId: subnetId, ClientToken: token,
    ...(Tags.length && { TagSpecifications: [{ ResourceType: 'instance', Tags }] }),
  };
}

/** The part of it that the launch template or configuration gives; the counts are those of a check. */
export async function launchSource(env: Env, scope: Scope, launch: Group['launch']): Promise<RunInstancesRequest> {
  const counts = { MinCount: 1, MaxCount: 1 };
  if ('template' in launch) return { ...counts, LaunchTemplate: { LaunchTemplateId: launch.template.id, Version: launch.template.version } };
  const configuration = (await launchConfigurations.get(env.store, scope, launch.configuration))?.value;
  return { ...counts, ...(configuration && fromConfiguration(configuration.data)) };
}

function fromConfiguration(data: Partial<CreateLaunchConfigurationType>): Omit<RunInstancesRequest, 'MinCount' | 'MaxCount'> {
  const groups = data.SecurityGroups;
  return {
    ImageId: data.ImageId, InstanceType: data.InstanceType as RunInstancesRequest['InstanceType'], KeyName: data.KeyName, UserData: data.UserData, EbsOptimized: data.EbsOptimized,
    ...(data.IamInstanceProfile !== undefined && { IamInstanceProfile: data.IamInstanceProfile.startsWith('arn:') ? { Arn: data.IamInstanceProfile } : { Name: data.IamInstanceProfile } }),
    ...(data.MetadataOptions && { MetadataOptions: data.MetadataOptions }),
    ...(data.InstanceMonitoring && { Monitoring: { Enabled: data.InstanceMonitoring.Enabled } }),
    ...(groups?.length && { SecurityGroupIds: groups }),
  };
}
