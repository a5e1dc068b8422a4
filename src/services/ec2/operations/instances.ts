import type * as Sdk from '@aws-sdk/client-ec2';
import { observed } from '../../../control/hosts.ts';
import type { RequestContext } from '../../../control/service.ts';
import { imageById } from '../catalogue/images.ts';
import { missingParameter, notFound, stopProtected, terminationProtected } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import type { Fields } from '../filters.ts';
import { find, kinds } from '../kinds.ts';
import { runInstances } from '../launch/index.ts';
import { networkInterfacesOf } from '../lookups.ts';
import { privateDnsName, publicDnsName } from '../network/dns-names.ts';
import { page } from '../paging.ts';
import { interfaceFields } from './network-interfaces.ts';
import { hostIsLost } from '../placement.ts';
import { rebootInstances, startInstance, stopInstances, terminateInstances } from '../power.ts';
import { instances } from '../records.ts';
import type { Instance, NetworkInterface } from '../records.ts';
import { groupNames, instanceShape, stateOf } from '../shapes.ts';
import type { Ec2Operations } from '../table.ts';
import { blockDevices } from '../volumes/state.ts';
import { zoneId } from '../zones.ts';

export interface Whole {
  instance: Instance;
  /** In order of device index. */
  interfaces: NetworkInterface[];
  devices: Sdk.InstanceBlockDeviceMapping[];
}

/** The instances of these ids, or all; EC2 names every missing one in one error. */
export async function selectInstances(context: RequestContext, ids: string[] | undefined): Promise<Instance[]> {
  const unique = [...new Set(ids ?? [])];
  if (!unique.length) return (await instances.list(context.store, context)).map(({ value }) => value);
  const missing: string[] = [];
  const found: Instance[] = [];
  for (const id of unique) {
    if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) await find(context, context, kinds.instance, id);
    const entry = await instances.get(context.store, context, id);
    if (entry) found.push(entry.value);
    else missing.push(id);
  }
  if (missing.length === 1) throw notFound('InvalidInstanceID.NotFound', `The instance ID '${missing[0]}' does not exist`);
  if (missing.length) throw notFound('InvalidInstanceID.NotFound', `The instance IDs '${missing.join(', ')}' do not exist`);
  return found;
}

/** The instances of these ids, of which there must be one: `InstanceId=` in a form is an empty list, and never all of them. */
async function theInstances(context: RequestContext, ids: string[] | undefined): Promise<Instance[]> {
  if (!ids?.length) throw missingParameter('InstanceId');
  return selectInstances(context, ids);
}

const primary = ({ interfaces }: Whole) => interfaces[0];

function fieldsFor(context: RequestContext, known: ReadonlyMap<string, string>): Fields<Whole> {
  return {
    'instance-id': ({ instance }) => instance.id, 'image-id': ({ instance }) => instance.imageId, 'instance-type': ({ instance }) => instance.instanceType,
    'instance-state-name': ({ instance }) => instance.state, 'instance-state-code': ({ instance }) => stateOf(instance.state).Code,
    'availability-zone': ({ instance }) => instance.zone, 'availability-zone-id': ({ instance }) => zoneId(instance.zone),
    'vpc-id': (whole) => primary(whole)?.vpcId, 'subnet-id': (whole) => primary(whole)?.subnetId,
    'private-ip-address': (whole) => primary(whole)?.address,
    'private-dns-name': (whole) => primary(whole) && privateDnsName(context.region, primary(whole)?.address ?? ''),
    'ip-address': (whole) => primary(whole)?.public?.address, 'dns-name': (whole) => primary(whole)?.public && publicDnsName(context.installation, primary(whole)?.public?.address ?? ''),
    'instance.group-id': (whole) => primary(whole)?.groupIds, 'group-id': (whole) => primary(whole)?.groupIds,
    'instance.group-name': (whole) => primary(whole)?.groupIds.map((id) => known.get(id)), 'group-name': (whole) => primary(whole)?.groupIds.map((id) => known.get(id)),
    ...Object.fromEntries(Object.entries(interfaceFields(context, known)).map(([name, read]) => [`network-interface.${name}`, ({ interfaces }: Whole) => interfaces.flatMap(read)])),
    'reservation-id': ({ instance }) => instance.reservationId, 'requester-id': ({ instance }) => instance.requesterId, 'owner-id': () => context.account,
    'key-name': ({ instance }) => instance.keyName, 'launch-index': ({ instance }) => instance.launchIndex, 'launch-time': ({ instance }) => instance.launchTime, 'client-token': ({ instance }) => instance.clientToken,
    'iam-instance-profile.arn': ({ instance }) => instance.instanceProfile?.arn, 'iam-instance-profile.id': ({ instance }) => instance.instanceProfile?.id,
    architecture: ({ instance }) => imageById(instance.imageId)?.architecture, 'root-device-type': () => 'ebs', 'root-device-name': () => '/dev/xvda', 'virtualization-type': () => 'hvm', tenancy: () => 'default',
    'state-reason-code': ({ instance }) => instance.stateReason?.code, reason: ({ instance }) => instance.stateTransitionReason, 'monitoring-state': ({ instance }) => (instance.monitoring ? 'enabled' : 'disabled'),
    'metadata-options.http-tokens': ({ instance }) => instance.metadataOptions.httpTokens, 'metadata-options.http-endpoint': ({ instance }) => instance.metadataOptions.httpEndpoint,
    'source-dest-check': (whole) => primary(whole)?.sourceDestCheck, 'instance-lifecycle': () => undefined, platform: () => undefined, 'block-device-mapping.volume-id': ({ devices }) => devices.map(({ Ebs }) => Ebs?.VolumeId), 'block-device-mapping.device-name': ({ devices }) => devices.map(({ DeviceName }) => DeviceName),
    'block-device-mapping.status': ({ devices }) => devices.map(({ Ebs }) => Ebs?.Status), 'block-device-mapping.delete-on-termination': ({ devices }) => devices.map(({ Ebs }) => Ebs?.DeleteOnTermination),
  };
}

async function whole(context: RequestContext, instance: Instance, devices: Awaited<ReturnType<typeof blockDevices>>): Promise<Whole> {
  return { instance, interfaces: await networkInterfacesOf(context, context, instance), devices: devices.get(instance.id) ?? [] };
}

function reservations(context: RequestContext, items: Whole[], known: ReadonlyMap<string, string>): Sdk.Reservation[] {
  return [...Map.groupBy(items, ({ instance }) => instance.reservationId)].map(([ReservationId, members]) => ({
    ReservationId, OwnerId: context.account, Groups: [], RequesterId: members[0]?.instance.requesterId,
    Instances: members.sort((a, b) => a.instance.launchIndex - b.instance.launchIndex).map(({ instance, interfaces, devices }) => instanceShape(instance, interfaces, context, known, devices)),
  }));
}

const change = (id: string, before: Instance['state'], after: Instance['state']): Sdk.InstanceStateChange => ({ InstanceId: id, PreviousState: stateOf(before), CurrentState: stateOf(after) });

/** The changes that happened, and for the rest that the state is as it was. */
function changes(found: Instance[], moved: { before: Instance; after: Instance }[]): Sdk.InstanceStateChange[] {
  return found.map((instance) => {
    const move = moved.find(({ after }) => after.id === instance.id);
    return change(instance.id, move?.before.state ?? instance.state, move?.after.state ?? instance.state);
  });
}

export const instanceOperations = {
  RunInstances: async (input, context) => {
    const made = await runInstances(context, context, input, { authorize: (action, resources, conditions) => context.authorize(action, resources, conditions) });
    const known = await groupNames(context);
    const [reservation] = reservations(context, await Promise.all(made.map((instance) => whole(context, instance, new Map()))), known);
    return { ...reservation, Instances: reservation?.Instances ?? [] };
  },

  DescribeInstances: async (input, context) => {
    const known = await groupNames(context);
    const devices = await blockDevices(context, context);
    const all = await Promise.all((await selectInstances(context, input.InstanceIds)).map((instance) => whole(context, instance, devices)));
    const found = applyFilters(all, input.Filters, fieldsFor(context, known), ({ instance }) => instance.tags);
    const { items, NextToken } = page(found.sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1)), input, ({ instance }) => instance.id);
    return { Reservations: reservations(context, items, known), NextToken };
  },

  DescribeInstanceStatus: async (input, context) => {
    const all = (await selectInstances(context, input.InstanceIds)).filter(({ state }) => input.IncludeAllInstances || state === 'running');
    const found = applyFilters(all, input.Filters, {
      'instance-state-name': ({ state }) => state, 'instance-state-code': ({ state }) => stateOf(state).Code, 'availability-zone': ({ zone }) => zone,
      'instance-status.status': ({ state }) => (state === 'running' ? 'ok' : 'not-applicable'), 'system-status.status': ({ state }) => (state === 'running' ? 'ok' : 'not-applicable'),
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { InstanceStatuses: await Promise.all(items.map((instance) => status(context, instance))), NextToken };
  },

  TerminateInstances: async (input, context) => {
    const found = await theInstances(context, input.InstanceIds);
    const kept = found.find(({ disableApiTermination }) => disableApiTermination);
    if (kept) throw terminationProtected(kept.id);
    return { TerminatingInstances: changes(found, await terminateInstances(context, context, found.map(({ id }) => id))) };
  },

  StopInstances: async (input, context) => {
    const found = await theInstances(context, input.InstanceIds);
    const kept = found.find(({ disableApiStop }) => disableApiStop);
    if (kept) throw stopProtected(kept.id);
    return { StoppingInstances: changes(found, await stopInstances(context, context, found.map(({ id }) => id))) };
  },

  StartInstances: async (input, context) => {
    const found = await theInstances(context, input.InstanceIds);
    const moved = [];
    for (const { id } of found) moved.push(await startInstance(context, context, id));
    return { StartingInstances: changes(found, moved) };
  },

  RebootInstances: async (input, context) => {
    await rebootInstances(context, context, (await theInstances(context, input.InstanceIds)).map(({ id }) => id));
    return {};
  },

  GetConsoleOutput: async ({ InstanceId: id = '' }, context) => {
    const { value } = await find(context, context, kinds.instance, id);
    const seen = await observed(context.store, value.hostId, 'console', id);
    return { InstanceId: id, Timestamp: new Date(seen?.at ?? value.launchTime), Output: seen?.output ?? '' };
  },
} satisfies Ec2Operations;

/** Impaired when the instance's host is silent; nothing else is checked that could fail alone. */
async function status(context: RequestContext, instance: Instance): Promise<Sdk.InstanceStatus> {
  const lost = await hostIsLost(context, instance.hostId);
  const summary = (Status: Sdk.SummaryStatus, reachable: Sdk.StatusType): Sdk.InstanceStatusSummary => ({ Status, Details: [{ Name: 'reachability', Status: reachable }] });
  const running = instance.state === 'running' ? (lost ? summary('impaired', 'failed') : summary('ok', 'passed')) : { Status: 'not-applicable' as const };
  return {
    InstanceId: instance.id, AvailabilityZone: instance.zone, AvailabilityZoneId: zoneId(instance.zone), InstanceState: stateOf(instance.state), Events: [],
    InstanceStatus: running, SystemStatus: running,
  };
}
