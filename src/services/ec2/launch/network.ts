import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { groupNotFound, interfaceInUse, invalidParameterCombination, invalidParameterValue, notFound } from '../errors.ts';
import { find, kinds } from '../kinds.ts';
import { defaultVpc, subnetsOf } from '../lookups.ts';
import { addressesAsked } from '../network/interface-addresses.ts';
import type { AddressWish } from '../network/interface-addresses.ts';
import { groupsIn } from '../network-interfaces.ts';
import { rooms } from '../placement.ts';
import { names } from '../records.ts';
import type { NetworkInterface, Subnet } from '../records.ts';

/** The interfaces of each instance of a launch, in order of device index; all in one zone and VPC. */
export interface LaunchNetwork {
  zone: string;
  interfaces: (NewInterface | ExistingInterface)[];
}
export interface NewInterface extends AddressWish {
  deviceIndex: number;
  subnet: Subnet;
  groupIds: string[];
  publicAddress: boolean;
  description?: string;
  deleteOnTermination: boolean;
}
export interface ExistingInterface {
  deviceIndex: number;
  existing: Entry<NetworkInterface>;
}

export const GROUP_NAMES = 'security-group';

export async function launchNetwork(env: Env, scope: Scope, request: RunInstancesRequest): Promise<LaunchNetwork> {
  const specifications = request.NetworkInterfaces ?? [];
  if (!specifications.length) return simpleNetwork(env, scope, request);
  if (request.SubnetId !== undefined) throw invalidParameterCombination('Network interfaces and an instance-level subnet ID may not be specified on the same request');
  if (request.SecurityGroupIds?.length || request.SecurityGroups?.length) throw invalidParameterCombination('Network interfaces and an instance-level security groups may not be specified on the same request');
  const ordered = specifications.map((specification, i) => ({ ...specification, DeviceIndex: specification.DeviceIndex ?? i })).sort((a, b) => a.DeviceIndex - b.DeviceIndex);
  if (ordered.some(({ DeviceIndex }, i) => DeviceIndex !== i)) throw invalidParameterValue('Each network interface requires a device index, from 0 and without gaps.');
  const interfaces = await Promise.all(ordered.map((specification) => specified(env, scope, request, specification)));
  const zones = new Set(interfaces.map((one) => ('existing' in one ? one.existing.value.zone : one.subnet.zone)));
  if (zones.size > 1) throw invalidParameterCombination('You may not specify subnets in different Availability Zones for one instance.');
  return { zone: [...zones][0] ?? '', interfaces };
}

async function simpleNetwork(env: Env, scope: Scope, request: RunInstancesRequest): Promise<LaunchNetwork> {
  const subnet = await subnetFor(env, scope, request);
  const groupIds = await groupsOf(env, scope, subnet.vpcId, request);
  const address = request.PrivateIpAddress;
  return { zone: subnet.zone, interfaces: [{ deviceIndex: 0, subnet, groupIds, publicAddress: subnet.mapPublicIpOnLaunch, deleteOnTermination: true, ...(address !== undefined && { address }) }] };
}

async function specified(env: Env, scope: Scope, request: RunInstancesRequest, specification: InstanceNetworkInterfaceSpecification & { DeviceIndex: number }): Promise<NewInterface | ExistingInterface> {
  const deviceIndex = specification.DeviceIndex;
  if (specification.NetworkInterfaceId !== undefined) {
    const existing = await find(env, scope, kinds.networkInterface, specification.NetworkInterfaceId);
    if (existing.value.attachment) throw interfaceInUse(existing.value.id);
    return { deviceIndex, existing };
  }
  const subnet = specification.SubnetId === undefined ? await subnetFor(env, scope, request) : (await find(env, scope, kinds.subnet, specification.SubnetId)).value;
  return {
    deviceIndex, subnet, groupIds: await groupsIn(env, scope, subnet.vpcId, specification.Groups),
    publicAddress: specification.AssociatePublicIpAddress ?? (deviceIndex === 0 && subnet.mapPublicIpOnLaunch),
    deleteOnTermination: specification.DeleteOnTermination ?? true,
    ...addressesAsked(specification),
    ...(specification.Description !== undefined && { description: specification.Description }),
  };
}

/** The asked one; otherwise the default subnet of the asked zone, or of the zone with the most room. */
async function subnetFor(env: Env, scope: Scope, request: RunInstancesRequest): Promise<Subnet> {
  if (request.SubnetId !== undefined) return (await find(env, scope, kinds.subnet, request.SubnetId)).value;
  const vpc = await defaultVpc(env, scope);
  if (!vpc) throw notFound('VPCIdNotSpecified', 'No default VPC for this user.');
  const zone = request.Placement?.AvailabilityZone;
  if (zone !== undefined && !env.installation.zones.includes(zone)) throw invalidParameterValue(`Invalid availability zone: [${zone}]`);
  const subnets = (await subnetsOf(env, scope, vpc.id)).filter((subnet) => subnet.defaultForAz && (zone === undefined || subnet.zone === zone));
  const roomiest = (await rooms(env, scope)).flatMap(({ host }) => host.zones);
  const chosen = subnets.sort((a, b) => rank(roomiest, a.zone) - rank(roomiest, b.zone))[0];
  if (!chosen) throw notFound('MissingInput', `No subnets found for the default VPC '${vpc.id}'. Please specify a subnet.`);
  return chosen;
}

const rank = (zones: string[], zone: string) => (zones.includes(zone) ? zones.indexOf(zone) : zones.length);

async function groupsOf(env: Env, scope: Scope, vpcId: string, request: RunInstancesRequest): Promise<string[]> {
  const byName = await Promise.all((request.SecurityGroups ?? []).map(async (name) => {
    const id = (await names.get(env.store, scope, GROUP_NAMES, vpcId, name))?.value;
    if (id === undefined) throw groupNotFound(name);
    return id;
  }));
  return groupsIn(env, scope, vpcId, [...(request.SecurityGroupIds ?? []), ...byName]);
}
