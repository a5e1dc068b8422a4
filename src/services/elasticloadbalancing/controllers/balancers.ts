import { isDeepStrictEqual } from 'node:util';
import type { Controller } from '../../../control/controller.ts';
import { desire, desired, hosts, idOf, observedPrefix } from '../../../control/hosts.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change, Entry } from '../../../store/store.ts';
import type { DesiredName } from '../../../wire/host.ts';
import { chooseHost, createNetworkInterface, deleteNetworkInterface, instances, networkInterfaces, setInterfaceGroups } from '../../ec2/index.ts';
import type { Instance, NetworkInterface } from '../../ec2/index.ts';
import { desiredBalancer } from '../desired.ts';
import type { GroupInUse } from '../desired.ts';
import { summaryKey, summaryOf, targetHealth } from '../health.ts';
import { balancersUsing, groupByArn, groupsUsedBy } from '../lookups.ts';
import { healthSummaries, listeners, loadBalancers, targetGroups, targets } from '../records.ts';
import type { Listener, LoadBalancer, Target, TargetGroup } from '../records.ts';
import { placeOf } from '../resolve.ts';

/** As AWS's own: `amazon-elb` is who made an ENI that customers may not change. */
const REQUESTER = 'amazon-elb';
const NO_HOST_YET_MS = 2000;

/**
 * Sees to it that every balancer has an interface in each of its subnets, that a host runs it, that its name resolves, and that a
 * change of a target's health is told. An item is a balancer's id (`lb-…`), which its interfaces and host records carry too: what is
 * left of one that was deleted is found by it.
 */
export const balancers: Controller = {
  name: 'elasticloadbalancing/balancers',
  watches: [
    { prefix: loadBalancers.prefix, items: ({ value }) => [(value as LoadBalancer).id] },
    { prefix: listeners.prefix, items: async ({ value }, env) => idsOf(env, [(value as Listener).loadBalancerArn]) },
    { prefix: targetGroups.prefix, items: async ({ key, value }, env) => usersOf(env, targetGroups.parse(key), (value as TargetGroup).arn) },
    { prefix: targets.prefix, items: async ({ key }, env) => groupUsers(env, targets.parse(key)) },
    { prefix: instances.prefix, items: async ({ value }, env) => targetUsers(env, (value as Instance).id) },
    { prefix: networkInterfaces.prefix, items: ({ value }) => ownerOf(value as NetworkInterface) },
    { prefix: observedPrefix('balancer'), items: ({ key }) => [idOf(key)] },
  ],
  async reconcile(id, env) {
    const entry = (await loadBalancers.all(env.store)).find(({ value }) => value.id === id);
    if (!entry) return clear(env, id);
    const scope = loadBalancers.parse(entry.key);
    if (!entry.value.hostId) {
      const host = await chooseHost(env, scope, entry.value.subnets[0]?.zone) ?? await chooseHost(env, scope);
      if (!host) return { againInMs: NO_HOST_YET_MS };
      await loadBalancers.update(env.store, entry.key, (balancer) => ({ ...balancer, hostId: balancer.hostId ?? host.id }));
      return undefined;
    }
    await run(env, scope, entry, entry.value.hostId);
    return undefined;
  },
};

async function run(env: Env, scope: Scope, { key, value: balancer, revision }: Entry<LoadBalancer>, hostId: string): Promise<void> {
  const interfaces = await settleInterfaces(env, scope, balancer, hostId);
  const wanted = interfaces.filter((one) => balancer.subnets.some((subnet) => subnet.id === one.subnetId));
  const own = (await listeners.list(env.store, scope, balancer.name)).map((entry) => entry.value).filter((listener) => listener.loadBalancerArn === balancer.arn);
  const groups = await groupsInUse(env, scope, own);
  const wish = desiredBalancer(balancer, wanted.map((one) => one.id), own, groups);
  const changes: Change[] = [];
  if (!isDeepStrictEqual(await desired(env.store, hostId, 'balancer', balancer.id), wish)) changes.push(desire(hostId, 'balancer', balancer.id, wish));
  changes.push(...(await nameChanges(env, balancer, wanted)));
  // The check: one that is deleted meanwhile is not wished again.
  if (changes.length && !(await env.store.commit([{ check: key, expect: revision }, ...changes])).ok) return;
  for (const one of interfaces) if (!wanted.includes(one)) await deleteNetworkInterface(env, scope, one.id);
  for (const { group } of groups.values()) await tellHealth(env, scope, group);
}

/** The balancer's interfaces, missing ones made, each with the balancer's groups. More than are wanted, if a subnet was taken away. */
async function settleInterfaces(env: Env, scope: Scope, balancer: LoadBalancer, hostId: string): Promise<NetworkInterface[]> {
  const found = (await networkInterfaces.list(env.store, scope)).map((entry) => entry.value).filter((one) => one.attachment?.owner === balancer.id);
  for (const { id: subnetId, privateAddress } of balancer.subnets) {
    if (found.some((one) => one.subnetId === subnetId)) continue;
    const taken = new Set(found.map((one) => one.attachment?.deviceIndex));
    let deviceIndex = 0;
    while (taken.has(deviceIndex)) deviceIndex++;
    found.push(await createNetworkInterface(env, scope, {
      subnetId, groupIds: balancer.securityGroupIds.length ? balancer.securityGroupIds : 'none', requesterId: REQUESTER,
      interfaceType: balancer.type === 'network' ? 'network_load_balancer' : 'load_balancer',
      description: `ELB ${balancer.arn.slice(balancer.arn.indexOf('/') + 1)}`, publicAddress: balancer.scheme === 'internet-facing',
      attachTo: { owner: balancer.id, hostId, deviceIndex },
      ...(privateAddress === undefined ? {} : { address: privateAddress }),
    }));
  }
  for (const one of found) {
    if (!isDeepStrictEqual(new Set(one.groupIds), new Set(balancer.securityGroupIds))) await setInterfaceGroups(env, scope, one.id, balancer.securityGroupIds);
  }
  return found.sort((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0));
}

async function groupsInUse(env: Env, scope: Scope, own: Listener[]): Promise<Map<string, GroupInUse>> {
  const arns = [...new Set(own.flatMap((listener) => [...groupsUsedBy(listener)]))];
  const found = await Promise.all(arns.map(async (arn): Promise<[string, GroupInUse][]> => {
    const group = (await groupByArn(env, scope, arn))?.value;
    if (!group) return [];
    const registered = (await targets.list(env.store, scope, group.id)).map((entry) => entry.value);
    return [[arn, { group, targets: await Promise.all(registered.map(async (target) => ({ target, place: await placeOf(env, scope, group, target) }))) }]];
  }));
  return new Map(found.flat());
}

/** Public addresses resolve everywhere; an internal balancer's name resolves to its private ones, as AWS's public DNS does too. */
async function nameChanges(env: Env, balancer: LoadBalancer, interfaces: NetworkInterface[]): Promise<Change[]> {
  const addresses = interfaces.flatMap((one) => (balancer.scheme === 'internal' ? [one.address] : one.public ? [one.public.address] : []));
  const wish: DesiredName = balancer.scheme === 'internal' ? { addresses, networkId: balancer.vpcId } : { addresses };
  const changes: Change[] = [];
  for (const { id } of await hosts(env.store)) {
    if (!isDeepStrictEqual(await desired(env.store, id, 'name', balancer.dnsName), wish)) changes.push(desire(id, 'name', balancer.dnsName, wish));
  }
  return changes;
}

/** Writes the states down where they changed, which wakes those who watch them. */
async function tellHealth(env: Env, scope: Scope, group: TargetGroup): Promise<void> {
  const summary = summaryOf(await targetHealth(env, scope, group.arn));
  const key = summaryKey(scope, group);
  if (!isDeepStrictEqual((await healthSummaries.at(env.store, key))?.value, summary)) await env.store.commit([healthSummaries.put(key, summary)]);
}

/** What a deleted balancer left. Its host records went with it; interfaces are given back here. */
async function clear(env: Env, id: string): Promise<void> {
  for (const { key, value } of await networkInterfaces.all(env.store)) {
    if (ownerOf(value).includes(id)) await deleteNetworkInterface(env, networkInterfaces.parse(key), value.id);
  }
}

const ownerOf = ({ requesterId, attachment }: NetworkInterface) => (requesterId === REQUESTER && attachment?.owner.startsWith('lb-') ? [attachment.owner] : []);

async function idsOf(env: Env, arns: string[]): Promise<string[]> {
  return (await loadBalancers.all(env.store)).filter(({ value }) => arns.includes(value.arn)).map(({ value }) => value.id);
}

const usersOf = async (env: Env, scope: Scope, groupArn: string) => idsOf(env, await balancersUsing(env, scope, groupArn));

async function groupUsers(env: Env, { names: [groupId], ...scope }: Scope & { names: string[] }): Promise<string[]> {
  const group = (await targetGroups.list(env.store, scope)).find(({ value }) => value.id === groupId);
  return group ? usersOf(env, scope, group.value.arn) : [];
}

/** Balancers with a target that is this instance. */
async function targetUsers(env: Env, instanceId: string): Promise<string[]> {
  const registered = (await targets.all(env.store)).filter(({ value }: Entry<Target>) => value.id === instanceId);
  return [...new Set((await Promise.all(registered.map(({ key }) => groupUsers(env, targets.parse(key))))).flat())];
}
