import type * as Sdk from '@aws-sdk/client-ec2';
import { images } from '../catalogue/images.ts';
import type { Image } from '../catalogue/images.ts';
import { instanceTypes } from '../catalogue/instance-types.ts';
import type { InstanceType } from '../catalogue/instance-types.ts';
import { invalidParameterValue, notFound } from '../errors.ts';
import { applyFilters, wildcard } from '../filters.ts';
import { defaultVpc } from '../lookups.ts';
import { page } from '../paging.ts';
import type { Ec2Operations } from '../table.ts';
import { zoneId } from '../zones.ts';

const imageShape = (image: Image): Sdk.Image => ({
  ImageId: image.id, Name: image.name, Description: image.description, Architecture: image.architecture, CreationDate: image.createdAt, State: 'available',
  ImageLocation: `amazon/${image.name}`, ImageOwnerAlias: 'amazon', OwnerId: 'amazon', Public: true, ImageType: 'machine', PlatformDetails: 'Linux/UNIX', UsageOperation: 'RunInstances',
  RootDeviceType: 'ebs', RootDeviceName: '/dev/xvda', VirtualizationType: 'hvm', EnaSupport: true, ImdsSupport: 'v2.0', BlockDeviceMappings: [], ProductCodes: [], Tags: [],
});

const typeShape = (type: InstanceType): Sdk.InstanceTypeInfo => ({
  // The SDK's union of names ages faster than the list here.
  InstanceType: type.name as Sdk._InstanceType, CurrentGeneration: !['m1', 't2'].includes(type.family), FreeTierEligible: ['t2.micro', 't3.micro'].includes(type.name),
  SupportedUsageClasses: ['on-demand'], SupportedRootDeviceTypes: ['ebs'], SupportedVirtualizationTypes: ['hvm'], BareMetal: false,
  ProcessorInfo: { SupportedArchitectures: [type.architecture] },
  VCpuInfo: { DefaultVCpus: type.vcpus, DefaultCores: Math.max(1, type.vcpus / type.threadsPerCore), DefaultThreadsPerCore: type.threadsPerCore },
  MemoryInfo: { SizeInMiB: type.memoryMiB }, InstanceStorageSupported: false,
  NetworkInfo: { MaximumNetworkInterfaces: type.interfaces, MaximumNetworkCards: 1, DefaultNetworkCardIndex: 0, Ipv4AddressesPerInterface: type.addressesPerInterface, Ipv6AddressesPerInterface: 0, Ipv6Supported: false, EfaSupported: false },
  // Terraform passes over a type without either.
  EbsInfo: { EbsOptimizedSupport: 'unsupported', EncryptionSupport: 'unsupported', NvmeSupport: 'unsupported' }, PlacementGroupInfo: { SupportedStrategies: [] },
  HibernationSupported: false, BurstablePerformanceSupported: type.burstable, DedicatedHostsSupported: false, AutoRecoverySupported: false,
});

function selectTypes(names: string[] | undefined): InstanceType[] {
  const unknown = (names ?? []).filter((name) => !instanceTypes.has(name));
  if (unknown.length) throw notFound('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown.join(', ')}]`);
  return [...instanceTypes.values()].filter(({ name }) => !names?.length || names.includes(name));
}

function selectImages(ids: string[] | undefined, owners: string[] | undefined): readonly Image[] {
  for (const id of ids ?? []) {
    if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) throw notFound('InvalidAMIID.Malformed', `Invalid id: "${id}"${id.startsWith('ami-') ? '' : ' (expecting "ami-...")'}`);
    if (!images.some((image) => image.id === id)) throw notFound('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  }
  const byOwner = !owners?.length || owners.includes('amazon');
  return images.filter(({ id }) => byOwner && (!ids?.length || ids.includes(id)));
}

export const catalogueOperations = {
  DescribeImages: (input) => {
    const found = applyFilters([...selectImages(input.ImageIds, input.Owners)], input.Filters, {
      'image-id': ({ id }) => id, name: ({ name }) => name, description: ({ description }) => description, architecture: ({ architecture }) => architecture,
      'creation-date': ({ createdAt }) => createdAt, 'image-type': () => 'machine', 'is-public': () => true, 'owner-alias': () => 'amazon', 'owner-id': () => 'amazon',
      'root-device-type': () => 'ebs', 'root-device-name': () => '/dev/xvda', state: () => 'available', 'virtualization-type': () => 'hvm', hypervisor: () => undefined,
      platform: () => undefined, 'ena-support': () => true, 'block-device-mapping.volume-type': () => undefined,
    }, () => ({}));
    const { items, NextToken } = page(found.sort((a, b) => (a.id < b.id ? -1 : 1)), input, ({ id }) => id);
    return { Images: items.map(imageShape), NextToken };
  },

  DescribeInstanceTypes: (input) => {
    const found = applyFilters(selectTypes(input.InstanceTypes), input.Filters, {
      'instance-type': ({ name }) => name, 'current-generation': ({ family }) => !['m1', 't2'].includes(family), 'processor-info.supported-architecture': ({ architecture }) => architecture,
      'vcpu-info.default-vcpus': ({ vcpus }) => vcpus, 'memory-info.size-in-mib': ({ memoryMiB }) => memoryMiB, 'burstable-performance-supported': ({ burstable }) => burstable,
      'network-info.maximum-network-interfaces': ({ interfaces }) => interfaces, 'bare-metal': () => false, 'instance-storage-supported': () => false, 'supported-usage-class': () => 'on-demand',
      'free-tier-eligible': ({ name }) => ['t2.micro', 't3.micro'].includes(name), 'supported-root-device-type': () => 'ebs', 'supported-virtualization-type': () => 'hvm',
      'vcpu-info.default-cores': ({ vcpus, threadsPerCore }) => Math.max(1, vcpus / threadsPerCore), 'vcpu-info.default-threads-per-core': ({ threadsPerCore }) => threadsPerCore,
      hypervisor: () => undefined,
    });
    const { items, NextToken } = page(found, { ...input, MaxResults: Math.min(input.MaxResults ?? 100, 100) }, ({ name }) => name);
    return { InstanceTypes: items.map(typeShape), NextToken };
  },

  DescribeInstanceTypeOfferings: (input, { region, installation }) => {
    const kind = input.LocationType ?? 'region';
    const locations = kind === 'region' ? [region] : kind === 'availability-zone' ? installation.zones : installation.zones.map(zoneId);
    const all = locations.flatMap((location) => [...instanceTypes.keys()].map((name) => ({ name, location })));
    const found = applyFilters(all, input.Filters, { 'instance-type': ({ name }) => name, location: ({ location }) => location });
    const { items, NextToken } = page(found, input, ({ location, name }) => `${location}/${name}`);
    return { InstanceTypeOfferings: items.map(({ name, location }) => ({ InstanceType: name as Sdk._InstanceType, LocationType: kind, Location: location })), NextToken };
  },

  DescribeRegions: (input, { region, installation: { domain, port } }) => {
    const unknown = (input.RegionNames ?? []).filter((name) => name !== region);
    if (unknown.length) throw invalidParameterValue(`Invalid region: [${unknown.join(', ')}]`);
    const found = applyFilters([region], input.Filters, { 'region-name': (name) => name, endpoint: () => `api.${domain}:${port}`, 'opt-in-status': () => 'opt-in-not-required' });
    return { Regions: found.map((RegionName) => ({ RegionName, Endpoint: `api.${domain}:${port}`, OptInStatus: 'opt-in-not-required' })) };
  },

  DescribeAvailabilityZones: (input, { region, installation: { zones } }) => {
    const asked = [...(input.ZoneNames ?? []), ...(input.ZoneIds ?? [])];
    const unknown = asked.filter((name) => !zones.some((zone) => zone === name || zoneId(zone) === name));
    if (unknown.length) throw invalidParameterValue(`Invalid availability zone: [${unknown.join(', ')}]`);
    const found = applyFilters(zones.filter((zone) => !asked.length || asked.includes(zone) || asked.includes(zoneId(zone))), input.Filters, {
      'zone-name': (zone) => zone, 'zone-id': (zone) => zoneId(zone), 'region-name': () => region, 'group-name': () => region, state: () => 'available', 'zone-type': () => 'availability-zone', 'opt-in-status': () => 'opt-in-not-required',
    });
    return {
      AvailabilityZones: found.map((zone) => ({
        ZoneName: zone, ZoneId: zoneId(zone), RegionName: region, GroupName: region, NetworkBorderGroup: region, ZoneType: 'availability-zone', State: 'available', OptInStatus: 'opt-in-not-required', Messages: [],
      })),
    };
  },

  DescribeAccountAttributes: async (input, context) => {
    const vpc = await defaultVpc(context, context);
    const all: Record<string, string[]> = {
      'supported-platforms': ['VPC'], 'default-vpc': [vpc?.id ?? 'none'], 'max-instances': ['1000'], 'vpc-max-security-groups-per-interface': ['5'],
      'max-elastic-ips': ['1000'], 'vpc-max-elastic-ips': ['1000'],
    };
    const names = input.AttributeNames?.length ? Object.keys(all).filter((name) => input.AttributeNames?.some((asked) => wildcard(asked)(name))) : Object.keys(all);
    return { AccountAttributes: names.map((AttributeName) => ({ AttributeName, AttributeValues: (all[AttributeName] ?? []).map((AttributeValue) => ({ AttributeValue })) })) };
  },
} satisfies Ec2Operations;
