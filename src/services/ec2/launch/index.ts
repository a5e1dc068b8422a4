import { createHash } from 'node:crypto';
import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { Env, RequestContext, Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { idempotentParameterMismatch, insufficientInstanceCapacity, invalidParameterCombination, invalidParameterValue } from '../errors.ts';
import { newId } from '../kinds.ts';
import { instanceById } from '../lookups.ts';
import { publicPool, subnetPool } from '../network/allocate.ts';
import type { Pool, SubnetPool } from '../network/allocate.ts';
import { checkAddressLimit } from '../network/interface-addresses.ts';
import { newInterface } from '../network-interfaces.ts';
import { place, rooms, takeMemory } from '../placement.ts';
import type { Room } from '../placement.ts';
import { clientTokens, instances, networkInterfaces } from '../records.ts';
import type { Instance, Tags } from '../records.ts';
import { tagsFor } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';
import { launchNetwork } from './network.ts';
import type { LaunchNetwork } from './network.ts';
import { launchSettings } from './settings.ts';
import type { LaunchSettings } from './settings.ts';
import { mergeTemplate, resolveTemplate } from './template.ts';
import type { ResolvedTemplate } from './template.ts';

export interface LaunchOptions {
  /** The service that launches for its own ends: `autoscaling.amazonaws.com`. */
  requesterId?: string;
  /** Tags that only services may set: `aws:autoscaling:groupName`. */
  systemTags?: Tags;
  /** Asked before a role is handed to instances; services that asked earlier leave it out. */
  authorize?: RequestContext['authorize'];
}

/** What a launch makes, and so may tag. */
const TAGGED = ['instance', 'network-interface', 'volume', 'spot-instances-request'];

/**
 * RunInstances, for operations and for services alike: merges the launch template, picks hosts, takes addresses, and stores
 * everything in one commit. A ClientToken makes it safe to call again. Throws EC2's errors (InsufficientInstanceCapacity and so on).
 */
export async function runInstances(env: Env, scope: Scope, request: RunInstancesRequest, options: LaunchOptions = {}): Promise<Instance[]> {
  const earlier = await launchedBefore(env, scope, request);
  if (earlier) return earlier;
  const { template, merged, settings } = await checkLaunch(env, scope, request, options);
  const tags: Tags = {
    ...tagsFor('instance', merged.TagSpecifications, TAGGED),
    ...(template && { 'aws:ec2launchtemplate:id': template.id, 'aws:ec2launchtemplate:version': String(template.version) }),
    ...options.systemTags,
  };
  return transact(env, async () => {
    const done = await launchedBefore(env, scope, request);
    if (done) return { changes: [], result: done };
    return planLaunch(env, scope, { request: merged, token: { request, fingerprint: fingerprintOf(request) }, settings, network: await launchNetwork(env, scope, merged), tags, requesterId: options.requesterId });
  });
}

export interface CheckedLaunch {
  template: ResolvedTemplate | undefined;
  merged: RunInstancesRequest;
  settings: LaunchSettings;
}

/** Whether such a launch makes sense and its role may be passed, before and without one: EC2's errors if not. */
export async function checkLaunch(env: Env, scope: Scope, request: RunInstancesRequest, options: LaunchOptions = {}): Promise<CheckedLaunch> {
  const template = request.LaunchTemplate ? await resolveTemplate(env, scope, request.LaunchTemplate) : undefined;
  const merged = template ? mergeTemplate(template.data, request) : request;
  checkCounts(merged);
  const settings = await launchSettings(env, scope, merged);
  if (settings.profile?.roleArn) await options.authorize?.('iam:PassRole', [settings.profile.roleArn], { 'iam:PassedToService': 'ec2.amazonaws.com' });
  return { template, merged, settings };
}

function checkCounts({ MinCount: min = 1, MaxCount: max = 1, NetworkInterfaces, PrivateIpAddress }: RunInstancesRequest): void {
  if (min < 1) throw invalidParameterValue(`Value (${min}) for parameter minCount is invalid. Expecting a value greater than 0`);
  if (max < min) throw invalidParameterCombination(`Value (${max}) for parameter maxCount is invalid. Expecting a value greater than or equal to minCount (${min})`);
  const single = PrivateIpAddress !== undefined || NetworkInterfaces?.some((one) => one.NetworkInterfaceId !== undefined || one.PrivateIpAddress !== undefined || one.PrivateIpAddresses?.length || one.Ipv4Prefixes?.length);
  if (max > 1 && single) throw invalidParameterCombination('A private address or an existing network interface may be specified only when a single instance is launched');
}

const fingerprintOf = (request: RunInstancesRequest) => createHash('sha256').update(JSON.stringify(request, sortedKeys)).digest('hex');
const sortedKeys = (_key: string, value: unknown) =>
  value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;

async function launchedBefore(env: Env, scope: Scope, request: RunInstancesRequest): Promise<Instance[] | undefined> {
  if (!request.ClientToken) return undefined;
  const use = (await clientTokens.get(env.store, scope, 'RunInstances', request.ClientToken))?.value;
  if (!use) return undefined;
  if (use.fingerprint !== fingerprintOf(request)) throw idempotentParameterMismatch();
  const found = await Promise.all(use.ids.map((id) => instanceById(env, scope, id)));
  return found.filter((instance) => instance !== undefined);
}

interface Launch {
  request: RunInstancesRequest;
  token: { request: RunInstancesRequest; fingerprint: string };
  settings: LaunchSettings;
  network: LaunchNetwork;
  tags: Tags;
  requesterId: string | undefined;
}

async function planLaunch(env: Env, scope: Scope, launch: Launch): Promise<{ changes: Change[]; result: Instance[] }> {
  const { settings, network, request } = launch;
  const room = await rooms(env, scope, network.zone);
  // No more than there is room for, however many are asked for.
  const most = room.reduce((sum, { freeMiB }) => sum + Math.max(0, Math.floor(freeMiB / settings.type.memoryMiB)), 0);
  const wishedIds = Array.from({ length: Math.min(request.MaxCount ?? 1, most) }, () => newId(env, 'i'));
  const placed = place(room.map(({ host, freeMiB }) => ({ hostId: host.id, freeMiB })), settings.type.memoryMiB, wishedIds);
  if (placed.size < (request.MinCount ?? 1)) throw insufficientInstanceCapacity(settings.type.name, network.zone, roomInWords(settings, room));
  const pools = await poolsFor(env, scope, network);
  const reservationId = newId(env, 'r');
  const made = [...placed].map(([id, hostId], launchIndex) => newInstance(env, scope, launch, { id, hostId, launchIndex, reservationId }, pools));
  const ids = [...placed.keys()];
  const changes = [...made.flatMap((one) => one.changes), ...memoryChanges(scope, room, placed, settings.type.memoryMiB)];
  const token = launch.token.request.ClientToken;
  if (token) changes.push(clientTokens.put(clientTokens.key(scope, 'RunInstances', token), { fingerprint: launch.token.fingerprint, ids }, 0));
  return { changes, result: made.map((one) => one.record) };
}

function roomInWords({ type }: LaunchSettings, room: Room[]): string {
  if (!room.length) return 'No host of this zone is connected.';
  return `The instance needs ${type.memoryMiB} MiB; the ${room.length === 1 ? 'host' : 'roomiest host'} of this zone has ${Math.max(0, room[0]?.freeMiB ?? 0)} MiB free.`;
}

function memoryChanges(scope: Scope, room: Room[], placed: Map<string, string>, memoryMiB: number): Change[] {
  return room.flatMap(({ host, ledger }) => {
    const ids = [...placed].filter(([, hostId]) => hostId === host.id).map(([id]) => id);
    return ids.length ? [takeMemory(scope, host.id, ledger, memoryMiB, ids)] : [];
  });
}

interface Pools {
  private: Map<string, SubnetPool>;
  public: Pool | undefined;
}

async function poolsFor(env: Env, scope: Scope, { interfaces }: LaunchNetwork): Promise<Pools> {
  const fresh = interfaces.flatMap((one) => ('existing' in one ? [] : [one]));
  const bySubnet = new Map(fresh.map(({ subnet }) => [subnet.id, subnet]));
  const pools = await Promise.all([...bySubnet].map(async ([id, subnet]) => [id, await subnetPool(env, scope, subnet)] as const));
  return { private: new Map(pools), public: fresh.some((one) => one.publicAddress) ? await publicPool(env, scope) : undefined };
}

interface Identity {
  id: string;
  hostId: string;
  launchIndex: number;
  reservationId: string;
}

function newInstance(env: Env, scope: Scope, launch: Launch, { id, hostId, launchIndex, reservationId }: Identity, pools: Pools): { record: Instance; changes: Change[] } {
  const { type, profile, ...settings } = launch.settings;
  const changes: Change[] = [];
  const own = launch.network.interfaces.map((one) => {
    const attachment = { owner: id, instanceId: id, deviceIndex: one.deviceIndex };
    if ('existing' in one) {
      const { key, value, revision } = one.existing;
      const attached = { ...value, hostId, attachment: { ...attachment, id: newId(env, 'eni-attach'), deleteOnTermination: false, attachTime: env.now().toISOString() } };
      changes.push(networkInterfaces.put(key, attached, revision));
      return attached;
    }
    const pool = pools.private.get(one.subnet.id);
    if (!pool) throw new Error(`no address pool was read for ${one.subnet.id}`);
    const tags = tagsFor('network-interface', launch.request.TagSpecifications, TAGGED);
    const { record, changes: more } = newInterface(env, scope, { ...one, tags, attachment, hostId }, { private: pool, public: pools.public });
    checkAddressLimit(type, record);
    changes.push(...more);
    return record;
  });
  const primary = own[0];
  if (!primary) throw new Error('a launch without an interface');
  const record: Instance = {
    ...settings, id, hostId, launchIndex, reservationId,
    instanceType: type.name, zone: launch.network.zone, vpcId: primary.vpcId, subnetId: primary.subnetId, privateAddress: primary.address,
    interfaces: Object.fromEntries(own.map((one, i) => [i, one.id])),
    state: 'pending', stateTransitionReason: '', generation: 1, launchTime: env.now().toISOString(), tags: launch.tags,
    ...(profile && { instanceProfile: { arn: profile.arn, id: profile.id, associationId: newId(env, 'iip-assoc') } }),
    ...(launch.requesterId !== undefined && { requesterId: launch.requesterId }),
    ...(launch.token.request.ClientToken && { clientToken: launch.token.request.ClientToken }),
  };
  return { record, changes: [instances.put(instances.key(scope, id), record, 0), ...changes] };
}
