import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { AwsError } from '../../../control/error.ts';
import { autoScalingGroups } from '../../autoscaling/index.ts';
import { capacityProviderArn } from '../arns.ts';
import { FARGATE_PROVIDERS, isFargate, providerName } from '../capacity.ts';
import { client, invalid, unsupported } from '../errors.ts';
import { page } from '../paging.ts';
import { capacityProviders, clusters, type CapacityProvider } from '../records.ts';
import { tagList, tagsOf } from '../tags.ts';

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;

type Group = CapacityProvider['autoScalingGroupProvider'];

/** The given over what is there, or over the defaults. */
function groupOf(given: Sdk.AutoScalingGroupProviderUpdate | undefined, current: Omit<Group, 'autoScalingGroupArn'>): Omit<Group, 'autoScalingGroupArn'> {
  const scaling = given?.managedScaling ?? {};
  const next = {
    managedScaling: {
      status: scaling.status ?? current.managedScaling.status,
      targetCapacity: scaling.targetCapacity ?? current.managedScaling.targetCapacity,
      minimumScalingStepSize: scaling.minimumScalingStepSize ?? current.managedScaling.minimumScalingStepSize,
      maximumScalingStepSize: scaling.maximumScalingStepSize ?? current.managedScaling.maximumScalingStepSize,
      instanceWarmupPeriod: scaling.instanceWarmupPeriod ?? current.managedScaling.instanceWarmupPeriod,
    },
    managedTerminationProtection: given?.managedTerminationProtection ?? current.managedTerminationProtection,
    managedDraining: given?.managedDraining ?? current.managedDraining,
  };
  const { targetCapacity } = next.managedScaling;
  if (targetCapacity < 1 || targetCapacity > 100) throw invalid('targetCapacity must be between 1 and 100.');
  const { minimumScalingStepSize: least, maximumScalingStepSize: most } = next.managedScaling;
  if (least < 1 || most > 10_000 || least > most) throw invalid('minimumScalingStepSize and maximumScalingStepSize must be between 1 and 10000, and the minimum not above the maximum.');
  if (next.managedDraining === 'ENABLED') throw unsupported('Managed draining of capacity providers is not implemented by Gantry. Set managedDraining to DISABLED.');
  if (next.managedTerminationProtection === 'ENABLED' && next.managedScaling.status !== 'ENABLED') {
    throw client('The managed termination protection setting for the capacity provider is invalid. Managed scaling must be enabled to use managed termination protection.');
  }
  return next;
}

const DEFAULTS: Omit<Group, 'autoScalingGroupArn'> = {
  managedScaling: { status: 'DISABLED', targetCapacity: 100, minimumScalingStepSize: 1, maximumScalingStepSize: 10_000, instanceWarmupPeriod: 300 },
  managedTerminationProtection: 'DISABLED', managedDraining: 'DISABLED',
};

const shape = (context: RequestContext, provider: CapacityProvider, include: readonly string[] = []): Sdk.CapacityProvider => ({
  capacityProviderArn: capacityProviderArn(context, provider.name), name: provider.name, status: provider.status,
  autoScalingGroupProvider: provider.autoScalingGroupProvider, tags: include.includes('TAGS') ? tagList(provider.tags) : [],
});

async function find(context: RequestContext, given: string | undefined) {
  if (given && isFargate(providerName(given))) throw client('The specified capacity provider is managed by AWS Fargate and cannot be changed or deleted.');
  const entry = given ? await capacityProviders.get(context.store, context, providerName(given)) : undefined;
  if (entry?.value.status !== 'ACTIVE') throw client('The specified capacity provider does not exist. Specify a valid name or ARN and try again.');
  return entry;
}

/** Protection is taken from idle instances alone: they must begin with it. */
async function checkGroup(context: RequestContext, arn: string, protection: string | undefined): Promise<void> {
  const group = await autoScalingGroups.get(context.store, context, arn.replace(/^.*autoScalingGroupName\//, ''));
  if (!group) throw client('The specified Auto Scaling group does not exist. Specify a valid Auto Scaling group ARN and try again.');
  if (protection === 'ENABLED' && !group.value.newInstancesProtectedFromScaleIn) {
    throw client('The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled.');
  }
}

export const capacityProviderOperations = {
  CreateCapacityProvider: {
    resources: (input, context) => [capacityProviderArn(context, input.name ?? '')],
    async run(input, context) {
      const name = input.name ?? '';
      if (!NAME.test(name) || /^(aws|ecs|fargate)/i.test(name)) throw client('The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), numbers, underscores, and hyphens. The name cannot be prefixed with "aws", "ecs", or "fargate".');
      const arn = input.autoScalingGroupProvider?.autoScalingGroupArn;
      if (input.managedInstancesProvider) throw unsupported('Managed instances are not implemented by Gantry.');
      if (!arn) throw invalid('autoScalingGroupProvider is required.');
      await checkGroup(context, arn, input.autoScalingGroupProvider?.managedTerminationProtection);
      const provider: CapacityProvider = { name, status: 'ACTIVE', autoScalingGroupProvider: { autoScalingGroupArn: arn, ...groupOf(input.autoScalingGroupProvider, DEFAULTS) }, tags: tagsOf(input.tags) };
      const commit = await context.store.commit([capacityProviders.put(capacityProviders.key(context, name), provider, 0)]);
      if (!commit.ok) throw client('A capacity provider with the specified name already exists.');
      return { capacityProvider: shape(context, provider, ['TAGS']) };
    },
  },

  UpdateCapacityProvider: {
    resources: (input, context) => [capacityProviderArn(context, providerName(input.name ?? ''))],
    async run(input, context) {
      const { key } = await find(context, input.name);
      const next = await capacityProviders.update(context.store, key, (provider) =>
        ({ ...provider, autoScalingGroupProvider: { ...provider.autoScalingGroupProvider, ...groupOf(input.autoScalingGroupProvider, provider.autoScalingGroupProvider) } }));
      return next ? { capacityProvider: shape(context, next) } : {};
    },
  },

  DeleteCapacityProvider: {
    resources: (input, context) => [capacityProviderArn(context, providerName(input.capacityProvider ?? ''))],
    async run(input, context) {
      const { key, value, revision } = await find(context, input.capacityProvider);
      const used = (await clusters.list(context.store, context)).some(({ value: cluster }) => cluster.status === 'ACTIVE' && cluster.capacityProviders.includes(value.name));
      if (used) throw new AwsError('ResourceInUseException', 400, 'The specified capacity provider is in use and cannot be removed.');
      await context.store.commit([{ delete: key, expect: revision }]);
      return { capacityProvider: shape(context, { ...value, status: 'INACTIVE' }) };
    },
  },

  async DescribeCapacityProviders(input, context) {
    const stored = (await capacityProviders.list(context.store, context)).map((entry) => shape(context, entry.value, input.include));
    const builtIn = FARGATE_PROVIDERS.map((name): Sdk.CapacityProvider => ({ capacityProviderArn: capacityProviderArn(context, name), name, status: 'ACTIVE', tags: [] }));
    const all = [...builtIn, ...stored];
    const wanted = input.capacityProviders?.map(providerName);
    const found = wanted ? all.filter((provider) => wanted.includes(provider.name ?? '')) : all;
    const { items, nextToken } = page(found, (provider) => provider.name ?? '', input, 10);
    const missing = (wanted ?? []).filter((name) => !all.some((provider) => provider.name === name));
    return { capacityProviders: items, failures: missing.map((name) => ({ arn: capacityProviderArn(context, name), reason: 'MISSING' })), nextToken };
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
