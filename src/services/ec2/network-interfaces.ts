import { omit } from '../../control/omit.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Change, Entry } from '../../store/store.ts';
import { instanceTypes } from './catalogue/instance-types.ts';
import { attachmentLimitExceeded, groupNotFound, incorrectInstanceState, invalidParameterValue } from './errors.ts';
import { find, kinds, newId } from './kinds.ts';
import { defaultSecurityGroup } from './lookups.ts';
import { publicPool, subnetPool } from './network/allocate.ts';
import type { Pool, SubnetPool } from './network/allocate.ts';
import { allOf, checkAddressLimit, giveBack, takeMore } from './network/interface-addresses.ts';
import type { AddressWish } from './network/interface-addresses.ts';
import { addresses, instances, networkInterfaces, publicAddresses, securityGroups } from './records.ts';
import type { Instance, NetworkInterface, Subnet, Tags } from './records.ts';
import { transact } from '../../control/transact.ts';

export interface NewNetworkInterface extends AddressWish {
  subnetId: string;
  /** Without any: the VPC's default group. `none` is no group and no filter, as a network load balancer without groups has it. */
  groupIds?: string[] | 'none';
  description?: string;
  /** `interface` unless told: `load_balancer`, `branch` … */
  interfaceType?: string;
  /** The service that makes it, `elasticloadbalancing.amazonaws.com`: customers can then neither change nor delete it. */
  requesterId?: string;
  /** Customers are not told of it. */
  hidden?: true;
  /** Gives it a public address for its life. */
  publicAddress?: boolean;
  /** Instead: one that customers do not see and that no internet gateway stands before. */
  edgeAddress?: boolean;
  tags?: Tags;
  /** Attached from the start. An instance brings its host; another owner (a balancer) says on which host it is. */
  attachTo?: { instanceId: string; deviceIndex?: number } | { owner: string; hostId: string; deviceIndex: number };
  deleteOnTermination?: boolean;
}

/**
 * Makes an interface, with its addresses and attachment, in one commit.
 * Errors: InvalidSubnetID.NotFound, InvalidGroup.NotFound, InvalidInstanceID.NotFound, InsufficientFreeAddressesInSubnet,
 * InsufficientCidrBlocks, AttachmentLimitExceeded, PrivateIpAddressLimitExceeded, InvalidIPAddress.InUse.
 */
export async function createNetworkInterface(env: Env, scope: Scope, wish: NewNetworkInterface): Promise<NetworkInterface> {
  return transact(env, () => planNetworkInterface(env, scope, wish));
}

export async function planNetworkInterface(env: Env, scope: Scope, wish: NewNetworkInterface): Promise<{ changes: Change[]; result: NetworkInterface }> {
  const subnet = (await find(env, scope, kinds.subnet, wish.subnetId)).value;
  const groupIds = wish.groupIds === 'none' ? [] : await groupsIn(env, scope, subnet.vpcId, wish.groupIds);
  const pools = { private: await subnetPool(env, scope, subnet), public: wish.publicAddress || wish.edgeAddress ? await publicPool(env, scope) : undefined };
  const to = wish.attachTo;
  const instance = to && 'instanceId' in to ? await find(env, scope, kinds.instance, to.instanceId) : undefined;
  const attachment = !to ? undefined : 'instanceId' in to
    ? { owner: to.instanceId, instanceId: to.instanceId, deviceIndex: instance ? freeDevice(instance.value, to.deviceIndex) : 0 }
    : { owner: to.owner, deviceIndex: to.deviceIndex };
  const hostId = instance?.value.hostId ?? (to && 'hostId' in to ? to.hostId : undefined);
  const { record, changes } = newInterface(env, scope, { ...wish, subnet, groupIds, attachment, hostId }, pools);
  if (instance) checkAddressLimit(instanceTypes.get(instance.value.instanceType), record);
  if (instance && attachment) changes.push(withInterface(instance, attachment.deviceIndex, record.id));
  return { changes, result: record };
}

/** The groups by id, all of this VPC; without any the default one. */
export async function groupsIn(env: Env, scope: Scope, vpcId: string, groupIds: string[] | undefined): Promise<string[]> {
  if (!groupIds?.length) return [(await defaultSecurityGroup(env, scope, vpcId))?.id].filter((id) => id !== undefined);
  for (const id of groupIds) {
    const group = await securityGroups.get(env.store, scope, id);
    if (!group) throw groupNotFound(id);
    if (group.value.vpcId !== vpcId) throw invalidParameterValue(`Security group ${id} and subnet belong to different networks.`);
  }
  return [...new Set(groupIds)];
}

/** The device index that an interface gets on an instance: the wished one or the lowest free one. */
export function freeDevice(instance: Instance, wanted?: number): number {
  if (!['pending', 'running', 'stopped'].includes(instance.state)) throw incorrectInstanceState(instance.id, 'attached to');
  const limit = instanceTypes.get(instance.instanceType)?.interfaces ?? 2;
  const count = Object.keys(instance.interfaces).length;
  if (count >= limit) throw attachmentLimitExceeded(count + 1, instance.instanceType);
  if (wanted !== undefined && instance.interfaces[wanted]) throw invalidParameterValue(`Instance '${instance.id}' already has an interface attached at device index '${wanted}'.`);
  if (wanted !== undefined) return wanted;
  let index = 1;
  while (instance.interfaces[index]) index++;
  return index;
}

export const withInterface = ({ key, value, revision }: Entry<Instance>, deviceIndex: number, id: string): Change =>
  instances.put(key, { ...value, interfaces: { ...value.interfaces, [deviceIndex]: id } }, revision);

export const withoutInterface = ({ key, value, revision }: Entry<Instance>, id: string): Change =>
  instances.put(key, { ...value, interfaces: Object.fromEntries(Object.entries(value.interfaces).filter(([, other]) => other !== id)) }, revision);

interface InterfacePlan extends Omit<NewNetworkInterface, 'attachTo' | 'subnetId'> {
  subnet: Subnet;
  groupIds: string[];
  /** An elastic address that it has from the start. */
  elastic?: NonNullable<NetworkInterface['public']>;
  attachment?: { owner: string; instanceId?: string; deviceIndex: number } | undefined;
  hostId?: string | undefined;
}

/** A record and the changes that make it, its addresses taken from pools; the caller commits. */
export function newInterface(env: Env, scope: Scope, plan: InterfacePlan, pools: { private: SubnetPool; public?: Pool | undefined }): { record: NetworkInterface; changes: Change[] } {
  const id = newId(env, 'eni');
  const own = pools.private.take(id, plan.address);
  const more = takeMore(pools.private, id, plan);
  const shown = plan.publicAddress || plan.edgeAddress ? pools.public?.take(id) : undefined;
  const now = env.now().toISOString();
  const record: NetworkInterface = {
    id, vpcId: plan.subnet.vpcId, subnetId: plan.subnet.id, zone: plan.subnet.zone, description: plan.description ?? '',
    interfaceType: plan.interfaceType ?? 'interface', mac: `0a:${env.randomHex(10).replace(/..(?=.)/g, '$&:')}`, address: own.address,
    groupIds: plan.groupIds, sourceDestCheck: true, createdAt: now, tags: plan.tags ?? {},
    ...(more.secondary.length > 0 && { secondary: more.secondary }), ...(more.prefixes.length > 0 && { prefixes: more.prefixes }),
    ...(plan.requesterId && { requesterId: plan.requesterId }), ...(plan.hidden && { hidden: plan.hidden }),
    ...(plan.elastic && { public: plan.elastic }),
    ...(shown && (plan.edgeAddress ? { edgeAddress: shown.address } : { public: { address: shown.address } })),
    ...(plan.publicAddress && plan.attachment?.instanceId && { publicOnStart: true }),
    ...(plan.hostId && { hostId: plan.hostId }),
    ...(plan.attachment && {
      attachment: { id: newId(env, 'eni-attach'), deleteOnTermination: plan.deleteOnTermination ?? true, attachTime: now, ...plan.attachment },
    }),
  };
  const changes = [networkInterfaces.put(networkInterfaces.key(scope, id), record, 0), ...own.changes, ...more.changes, ...(shown ? [shown.change] : [])];
  return { record, changes };
}

/** Takes it away whatever it is attached to; nothing happens if it is gone. Its addresses are free again at once. */
export async function deleteNetworkInterface(env: Env, scope: Scope, id: string): Promise<void> {
  await transact(env, async () => {
    const entry = await networkInterfaces.get(env.store, scope, id);
    if (!entry) return { changes: [], result: undefined };
    const changes = await removal(env, scope, entry);
    const owner = entry.value.attachment?.instanceId;
    const instance = owner ? await instances.get(env.store, scope, owner) : undefined;
    if (instance) changes.push(withoutInterface(instance, id));
    return { changes, result: undefined };
  });
}

/** On no machine and in nobody's namespace. */
export const detached = (one: NetworkInterface): NetworkInterface => omit(one, 'attachment', 'hostId', 'publicOnStart');

/** The changes that delete an interface and free its addresses; an elastic one stays its owner's. */
export async function removal(env: Env, scope: Scope, { key, value, revision }: Entry<NetworkInterface>): Promise<Change[]> {
  return [
    { delete: key, expect: revision },
    ...giveBack(scope, value.subnetId, allOf(value)),
    ...(await publicRemoval(env, scope, value)),
  ];
}

/** The changes that take an interface's public address off it. */
export async function publicRemoval(env: Env, scope: Scope, { public: shown, edgeAddress }: NetworkInterface): Promise<Change[]> {
  if (edgeAddress !== undefined) return [{ delete: publicAddresses.key(scope, edgeAddress) }];
  if (!shown) return [];
  if (!shown.allocationId) return [{ delete: publicAddresses.key(scope, shown.address) }];
  const elastic = await addresses.get(env.store, scope, shown.allocationId);
  if (!elastic) return [];
  return [addresses.put(elastic.key, omit(elastic.value, 'networkInterfaceId'), elastic.revision)];
}

/** Answers the changed interface, undefined if it is gone. */
export async function setInterfaceGroups(env: Env, scope: Scope, id: string, groupIds: string[]): Promise<NetworkInterface | undefined> {
  const current = await networkInterfaces.get(env.store, scope, id);
  if (!current) return undefined;
  const checked = await groupsIn(env, scope, current.value.vpcId, groupIds);
  return networkInterfaces.update(env.store, current.key, (value) => ({ ...value, groupIds: checked }));
}
