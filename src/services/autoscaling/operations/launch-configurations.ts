import type * as Sdk from '@aws-sdk/client-auto-scaling';
import { configurationExists, configurationInUse, configurationNotFound, validation } from '../errors.ts';
import { page } from '../find.ts';
import { groups, launchConfigurations } from '../records.ts';
import type { LaunchConfiguration } from '../records.ts';
import type { AutoScalingOperations } from '../table.ts';
import { uuid } from '../../../control/uuid.ts';

const shape = ({ name, arn, createdAt, data }: LaunchConfiguration): Sdk.LaunchConfiguration => ({
  // Stored as it came: the shapes of request and description have the same members.
  ...(data as unknown as Sdk.LaunchConfiguration), LaunchConfigurationName: name, LaunchConfigurationARN: arn, CreatedTime: new Date(createdAt),
});

export const launchConfigurationOperations = {
  CreateLaunchConfiguration: async (input, context) => {
    const name = input.LaunchConfigurationName ?? '';
    if (input.InstanceId !== undefined || input.SpotPrice !== undefined || input.BlockDeviceMappings?.length || input.AssociatePublicIpAddress !== undefined) throw validation('InstanceId, SpotPrice, BlockDeviceMappings and AssociatePublicIpAddress: not implemented by Gantry.');
    if (!input.ImageId || !input.InstanceType) throw validation('Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.');
    const id = uuid(context.randomHex(32));
    const record: LaunchConfiguration = {
      name, createdAt: context.now().toISOString(), data: JSON.parse(JSON.stringify(input)) as Record<string, unknown>,
      arn: `arn:aws:autoscaling:${context.region}:${context.account}:launchConfiguration:${id}:launchConfigurationName/${name}`,
    };
    const commit = await context.store.commit([launchConfigurations.put(launchConfigurations.key(context, name), record, 0)]);
    if (!commit.ok) throw configurationExists(name);
    return {};
  },

  DescribeLaunchConfigurations: async (input, context) => {
    const all = (await launchConfigurations.list(context.store, context)).map((entry) => entry.value);
    const { items, NextToken } = page(input.LaunchConfigurationNames?.length ? all.filter(({ name }) => input.LaunchConfigurationNames?.includes(name)) : all, input, ({ name }) => name);
    return { LaunchConfigurations: items.map(shape), NextToken };
  },

  DeleteLaunchConfiguration: async ({ LaunchConfigurationName: name = '' }, context) => {
    const entry = await launchConfigurations.get(context.store, context, name);
    if (!entry) throw configurationNotFound(name);
    const user = (await groups.list(context.store, context)).find(({ value }) => 'configuration' in value.launch && value.launch.configuration === name);
    if (user) throw configurationInUse(name, user.value.name);
    await context.store.commit([{ delete: entry.key }]);
    return {};
  },
} satisfies AutoScalingOperations;
