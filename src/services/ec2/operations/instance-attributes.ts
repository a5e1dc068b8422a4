import type * as Sdk from '@aws-sdk/client-ec2';
import { omit } from '../../../control/omit.ts';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { instanceProfile } from '../../iam/index.ts';
import { instanceTypes } from '../catalogue/instance-types.ts';
import { incorrectInstanceState, invalidInstanceProfile, invalidParameterCombination, invalidParameterValue, invalidValue, missingParameter, notFound, unsupported } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId } from '../kinds.ts';
import { networkInterfacesOf } from '../lookups.ts';
import { groupsIn } from '../network-interfaces.ts';
import { page } from '../paging.ts';
import { instances, networkInterfaces } from '../records.ts';
import type { Instance } from '../records.ts';
import { groupNames, instanceShape } from '../shapes.ts';
import type { Ec2Operations } from '../table.ts';
import { blockDevices } from '../volumes/state.ts';

/** What may change only while an instance is stopped. */
function whileStopped(instance: Instance): void {
  if (instance.state !== 'stopped') throw notFound('IncorrectInstanceState', `The instance '${instance.id}' is not in the 'stopped' state.`);
}

function changed(instance: Instance, input: Sdk.ModifyInstanceAttributeRequest): Instance {
  const behavior = input.InstanceInitiatedShutdownBehavior?.Value ?? (input.Attribute === 'instanceInitiatedShutdownBehavior' ? input.Value : undefined);
  if (behavior !== undefined && behavior !== 'stop' && behavior !== 'terminate') throw invalidValue(behavior, 'instanceInitiatedShutdownBehavior');
  const type = input.InstanceType?.Value ?? (input.Attribute === 'instanceType' ? input.Value : undefined);
  if (type !== undefined && !instanceTypes.has(type)) throw invalidParameterValue(`Invalid value '${type}' for InstanceType.`);
  if (type !== undefined || input.UserData) whileStopped(instance);
  return {
    ...instance,
    instanceType: type ?? instance.instanceType,
    shutdownBehavior: behavior ?? instance.shutdownBehavior,
    disableApiTermination: input.DisableApiTermination?.Value ?? instance.disableApiTermination,
    disableApiStop: input.DisableApiStop?.Value ?? instance.disableApiStop,
    ebsOptimized: input.EbsOptimized?.Value ?? instance.ebsOptimized,
    ...(input.UserData?.Value && { userData: Buffer.from(input.UserData.Value).toString('base64') }),
  };
}

async function profileAssociation(context: RequestContext, id: string): Promise<Entry<Instance>> {
  const entry = (await instances.list(context.store, context)).find(({ value }) => value.instanceProfile?.associationId === id);
  if (!entry) throw notFound('NoSuchAssociation', `An invalid association-id of '${id}' was given`);
  return entry;
}

const associationShape = (instance: Instance, state: Sdk.IamInstanceProfileAssociationState): Sdk.IamInstanceProfileAssociation => ({
  AssociationId: instance.instanceProfile?.associationId, InstanceId: instance.id, State: state, IamInstanceProfile: { Arn: instance.instanceProfile?.arn, Id: instance.instanceProfile?.id },
});

async function passedProfile(context: RequestContext, asked: Sdk.IamInstanceProfileSpecification | undefined) {
  const nameOrArn = asked?.Arn ?? asked?.Name;
  if (nameOrArn === undefined) throw missingParameter('IamInstanceProfile');
  const profile = await instanceProfile(context, context, nameOrArn);
  if (!profile) throw invalidInstanceProfile(nameOrArn, asked?.Arn === undefined ? 'name' : 'arn');
  if (profile.roleArn) await context.authorize('iam:PassRole', [profile.roleArn], { 'iam:PassedToService': 'ec2.amazonaws.com' });
  return { arn: profile.arn, id: profile.id, associationId: newId(context, 'iip-assoc') };
}

export const instanceAttributeOperations = {
  ModifyInstanceAttribute: async (input, context) => {
    if (input.BlockDeviceMappings?.length || input.Kernel || input.Ramdisk || input.EnaSupport || input.SriovNetSupport || input.EnclaveOptions) throw unsupported('This attribute: not implemented by Gantry.');
    const { key, value } = await find(context, context, kinds.instance, input.InstanceId ?? '');
    if (value.state === 'terminated') throw incorrectInstanceState(value.id, 'modified');
    if (input.Groups && Object.keys(value.interfaces).length > 1) throw invalidParameterCombination(`There are multiple interfaces attached to instance '${value.id}'. Please specify an interface ID for the operation instead.`);
    const groupIds = input.Groups && await groupsIn(context, context, value.vpcId, input.Groups);
    await instances.update(context.store, key, (instance) => changed(instance, input));
    const primaryId = value.interfaces[0];
    if (primaryId === undefined || !(input.Groups ?? input.SourceDestCheck)) return {};
    await networkInterfaces.update(context.store, networkInterfaces.key(context, primaryId), (one) => ({ ...one, groupIds: groupIds ?? one.groupIds, sourceDestCheck: input.SourceDestCheck?.Value ?? one.sourceDestCheck }));
    return {};
  },

  DescribeInstanceAttribute: async ({ InstanceId: id = '', Attribute: attribute }, context) => {
    const { value } = await find(context, context, kinds.instance, id);
    const shown = instanceShape(value, await networkInterfacesOf(context, context, value), context, await groupNames(context));
    switch (attribute) {
      case 'instanceType': return { InstanceId: id, InstanceType: { Value: value.instanceType } };
      case 'userData': return { InstanceId: id, UserData: { Value: value.userData } };
      case 'disableApiTermination': return { InstanceId: id, DisableApiTermination: { Value: value.disableApiTermination } };
      case 'disableApiStop': return { InstanceId: id, DisableApiStop: { Value: value.disableApiStop } };
      case 'instanceInitiatedShutdownBehavior': return { InstanceId: id, InstanceInitiatedShutdownBehavior: { Value: value.shutdownBehavior } };
      case 'rootDeviceName': return { InstanceId: id, RootDeviceName: { Value: '/dev/xvda' } };
      case 'blockDeviceMapping': return { InstanceId: id, BlockDeviceMappings: (await blockDevices(context, context)).get(id) ?? [] };
      case 'sourceDestCheck': return { InstanceId: id, SourceDestCheck: { Value: shown.SourceDestCheck } };
      case 'groupSet': return { InstanceId: id, Groups: shown.SecurityGroups };
      case 'ebsOptimized': return { InstanceId: id, EbsOptimized: { Value: value.ebsOptimized } };
      case 'kernel': case 'ramdisk': case 'productCodes': case 'sriovNetSupport': return { InstanceId: id };
      case 'enaSupport': return { InstanceId: id, EnaSupport: { Value: true } };
      case 'enclaveOptions': return { InstanceId: id, EnclaveOptions: { Enabled: false } };
      case undefined: default: throw missingParameter('attribute');
    }
  },

  ModifyInstanceMetadataOptions: async (input, context) => {
    const { key } = await find(context, context, kinds.instance, input.InstanceId ?? '');
    const after = await instances.update(context.store, key, (instance) => ({
      ...instance,
      metadataOptions: {
        httpTokens: input.HttpTokens ?? instance.metadataOptions.httpTokens,
        httpPutResponseHopLimit: input.HttpPutResponseHopLimit ?? instance.metadataOptions.httpPutResponseHopLimit,
        httpEndpoint: input.HttpEndpoint ?? instance.metadataOptions.httpEndpoint,
        instanceMetadataTags: input.InstanceMetadataTags ?? instance.metadataOptions.instanceMetadataTags,
      },
    }));
    return { InstanceId: input.InstanceId, InstanceMetadataOptions: after && instanceShape(after, [], context, new Map()).MetadataOptions };
  },

  DescribeInstanceCreditSpecifications: async (input, context) => {
    const ids = input.InstanceIds?.length ? input.InstanceIds : (await instances.list(context.store, context)).map(({ value }) => value.id);
    const found = await Promise.all(ids.map(async (id) => (await find(context, context, kinds.instance, id)).value));
    // vCPUs here are not metered by credits, which is what `unlimited` comes to.
    return { InstanceCreditSpecifications: found.filter(({ instanceType }) => instanceTypes.get(instanceType)?.burstable).map(({ id }) => ({ InstanceId: id, CpuCredits: 'unlimited' })) };
  },

  AssociateIamInstanceProfile: async (input, context) => {
    const { key } = await find(context, context, kinds.instance, input.InstanceId ?? '');
    const profile = await passedProfile(context, input.IamInstanceProfile);
    const after = await instances.update(context.store, key, (instance) => {
      if (instance.instanceProfile) throw notFound('IncorrectState', `There is an existing association for instance ${instance.id}`);
      return { ...instance, instanceProfile: profile };
    });
    return { IamInstanceProfileAssociation: after && associationShape(after, 'associating') };
  },

  ReplaceIamInstanceProfileAssociation: async (input, context) => {
    const { key } = await profileAssociation(context, input.AssociationId ?? '');
    const profile = await passedProfile(context, input.IamInstanceProfile);
    const after = await instances.update(context.store, key, (instance) => ({ ...instance, instanceProfile: profile }));
    return { IamInstanceProfileAssociation: after && associationShape(after, 'associating') };
  },

  DisassociateIamInstanceProfile: async ({ AssociationId: id = '' }, context) => {
    const { key, value } = await profileAssociation(context, id);
    await instances.update(context.store, key, (instance) => omit(instance, 'instanceProfile'));
    return { IamInstanceProfileAssociation: associationShape(value, 'disassociating') };
  },

  DescribeIamInstanceProfileAssociations: async (input, context) => {
    const all = (await instances.list(context.store, context)).map(({ value }) => value).filter(({ instanceProfile: profile }) => profile);
    for (const id of input.AssociationIds ?? []) await profileAssociation(context, id);
    const asked = input.AssociationIds?.length ? all.filter(({ instanceProfile: profile }) => input.AssociationIds?.includes(profile?.associationId ?? '')) : all;
    const found = applyFilters(asked, input.Filters, { 'instance-id': ({ id }) => id, state: () => 'associated' });
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { IamInstanceProfileAssociations: items.map((instance) => associationShape(instance, 'associated')), NextToken };
  },
} satisfies Ec2Operations;
