import { idOf, observed, observedPrefix } from '../../../control/hosts.ts';
import type { Controller } from '../../../control/controller.ts';
import { AwsError } from '../../../control/error.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change, Entry } from '../../../store/store.ts';
import { deleteSecurityGroup } from '../../ec2/index.ts';
import { clearEndpoint, settleEndpoint, settleGroups, settleHost } from '../control-plane/endpoint.ts';
import { etcdOf } from '../control-plane/etcd.ts';
import { RESERVED_MIB, clearRetired, found, repair, settleMembers, stateOf, wishMembers } from '../control-plane/members.ts';
import { placesOf, wantedPlaces } from '../control-plane/zones.ts';
import { forgetKube, kubeOf } from '../kube.ts';
import { makePki } from '../pki.ts';
import { accessEntries, addons, clusters, fargateProfiles, memberPkis, members, pkis, updates } from '../records.ts';
import type { Cluster, Issue, Member, Pki } from '../records.ts';

/** How often readiness is asked for while a cluster comes up, and how often everything is looked at afterwards. */
const SOON_MS = 300;
const LATER_MS = 5_000;
/** AWS gives up after about this long as well. */
const GIVE_UP_MS = 40 * 60_000;
/** Only then is slow worth a word. */
const SLOW_MS = 3 * 60_000;

/**
 * A cluster's control plane: security groups, the balancer with its name, members one a zone, their etcd cluster; ACTIVE once the
 * endpoint answers /readyz and etcd has all of its members. Repairs what dies, and takes all of it away in the end.
 */
export const clusterController: Controller = {
  name: 'eks/clusters',
  watches: [
    { prefix: clusters.prefix },
    { prefix: members.prefix, items: ({ key }) => [clusterKeyOf(key)] },
    { prefix: observedPrefix('instance'), items: ({ key }, env) => ofMember(env, idOf(key)) },
    { prefix: observedPrefix('balancer'), items: async ({ key }, env) => (await clusters.all(env.store)).filter(({ value }) => value.balancerId === idOf(key)).map((entry) => entry.key) },
  ],
  async reconcile(key, env) {
    const entry = await clusters.at(env.store, key);
    if (!entry) return undefined;
    const scope = clusters.parse(key);
    if (entry.value.status === 'DELETING') return takeAway(env, scope, entry);
    if (entry.value.status === 'FAILED') return undefined;
    try {
      return await bringUp(env, scope, entry);
    } catch (error) {
      await tell(env, key, [issueOf(error)]);
      throw error;
    }
  },
};

async function bringUp(env: Env, scope: Scope, entry: Entry<Cluster>): Promise<{ againInMs: number }> {
  const { key } = entry;
  const pki = await settlePki(env, scope, entry.value);
  const places = await placesOf(env, scope, entry.value);
  if (!places.length) throw new AwsError('Ec2SubnetNotFound', 400, `None of the subnets ${entry.value.subnetIds.join(', ')} is there any more.`);
  const wanted = wantedPlaces(places);
  const grouped = await settleGroups(env, scope, entry);
  if (!grouped) return { againInMs: SOON_MS };
  const hostId = await settleHost(env, scope, { ...entry, value: grouped }, places[0]?.zone);
  if (hostId === undefined) throw new AwsError('InternalFailure', 500, 'No machine is there to run the control plane on.');
  const standing = await settleMembers(env, scope, grouped, pki, wanted);
  const cluster = await settleEndpoint(env, scope, { ...entry, value: grouped }, hostId, places, standing.map(({ value }) => value));
  if (!cluster || cluster.status === 'DELETING') return { againInMs: SOON_MS };
  if (!cluster.founded) {
    if (standing.length < wanted.length) throw noRoom(standing, wanted.length);
    await foundEtcd(env, key, standing);
    return { againInMs: 0 };
  }
  await wishMembers(env, scope, cluster, pki, standing);
  await clearRetired(env, scope, cluster.name);
  return keep(env, scope, key, cluster, standing, wanted.length, pki);
}

async function settlePki(env: Env, scope: Scope, cluster: Cluster): Promise<Pki> {
  const known = (await pkis.get(env.store, scope, cluster.name))?.value;
  if (known) return known;
  const made = await makePki(env.now(), env.randomHex(64));
  await env.store.commit([pkis.put(pkis.key(scope, cluster.name), made, 0), { check: clusters.key(scope, cluster.name), expect: (await clusters.get(env.store, scope, cluster.name))?.revision ?? 0 }]);
  const stored = (await pkis.get(env.store, scope, cluster.name))?.value;
  if (!stored) throw new Error(`the certificates of ${cluster.name} could not be stored; another try follows`);
  return stored;
}

async function foundEtcd(env: Env, key: string, standing: Entry<Member>[]): Promise<void> {
  const entry = await clusters.at(env.store, key);
  if (entry) await found(env, standing, () => clusters.put(key, { ...entry.value, founded: true }, entry.revision));
}

/** Founded: repaired where members died, ACTIVE once it answers. */
async function keep(env: Env, scope: Scope, key: string, cluster: Cluster, standing: Entry<Member>[], wanted: number, pki: Pki): Promise<{ againInMs: number }> {
  const etcd = etcdOf(cluster, pki);
  const states = await Promise.all(standing.map(({ value }) => stateOf(env, value)));
  const whole = standing.length >= wanted && standing.every(({ value }) => value.etcd) && states.every((state) => state === 'running');
  try {
    if (cluster.status !== 'CREATING' || states.includes('dead')) await repair(env, cluster, standing, etcd);
    if (cluster.status === 'ACTIVE' && whole) return settled(env, key, cluster);
    await (await kubeOf(env, scope, cluster)).raw({ method: 'GET', path: '/readyz' });
    const listed = await etcd.list();
    if (whole && listed.length === standing.length && listed.every(({ name }) => name)) {
      await clusters.update(env.store, key, (now) => (now.status === 'CREATING' ? { ...now, status: 'ACTIVE', issues: [] } : undefined));
      return settled(env, key, cluster);
    }
    if (standing.length >= wanted) return { againInMs: SOON_MS };
    await tell(env, key, [issueOf(noRoom(standing, wanted))]);
    return { againInMs: LATER_MS };
  } catch (error) {
    await notYet(env, key, cluster, error);
    return { againInMs: SOON_MS };
  }
}

async function settled(env: Env, key: string, cluster: Cluster): Promise<{ againInMs: number }> {
  if (cluster.issues.length) await tell(env, key, []);
  return { againInMs: LATER_MS };
}

/** It does not answer: said after a while, given up at last. */
async function notYet(env: Env, key: string, cluster: Cluster, error: unknown): Promise<void> {
  const age = env.now().getTime() - Date.parse(cluster.createdAt);
  const why = error instanceof Error ? error.message : String(error);
  if (cluster.status === 'CREATING' && age < SLOW_MS) return;
  await tell(env, key, [{ code: 'ClusterUnreachable', message: `The control plane does not answer: ${why}` }]);
  if (cluster.status === 'CREATING' && age > GIVE_UP_MS) await clusters.update(env.store, key, (now) => (now.status === 'CREATING' ? { ...now, status: 'FAILED' } : undefined));
}

async function tell(env: Env, key: string, issues: Issue[]): Promise<void> {
  await clusters.update(env.store, key, (now) => (JSON.stringify(now.issues) === JSON.stringify(issues) ? undefined : { ...now, issues }));
}

const noRoom = (standing: readonly unknown[], wanted: number) => new AwsError('ResourceLimitExceeded', 400,
  `No machine has the memory for member ${standing.length + 1} of ${wanted} of the control plane: each takes ${RESERVED_MIB} MiB.`);

const EC2_ISSUES: Record<string, string> = {
  InsufficientFreeAddressesInSubnet: 'InsufficientFreeAddresses', 'InvalidSubnetID.NotFound': 'Ec2SubnetNotFound', 'InvalidGroup.NotFound': 'Ec2SecurityGroupNotFound',
  'InvalidVpcID.NotFound': 'VpcNotFound', Ec2SubnetNotFound: 'Ec2SubnetNotFound', ResourceLimitExceeded: 'ResourceLimitExceeded',
};
const issueOf = (error: unknown): Issue => ({ code: (error instanceof AwsError ? EC2_ISSUES[error.code] : undefined) ?? 'InternalFailure', message: error instanceof Error ? error.message : String(error) });

async function takeAway(env: Env, scope: Scope, { key, value: cluster }: Entry<Cluster>): Promise<{ againInMs: number } | undefined> {
  // Their pods end first, gracefully: what ends them is this very cluster.
  if ((await fargateProfiles.list(env.store, scope, cluster.name)).length) return { againInMs: SOON_MS };
  forgetKube(cluster);
  for (const one of await members.list(env.store, scope, cluster.name)) await members.update(env.store, one.key, (now) => (now.retired ? undefined : { ...now, retired: true }));
  await clearEndpoint(env, scope, cluster);
  if (!(await clearRetired(env, scope, cluster.name))) return { againInMs: SOON_MS };
  if (cluster.hostId !== undefined && (await observed(env.store, cluster.hostId, 'balancer', cluster.balancerId))) return { againInMs: SOON_MS };
  // A group that something else names stays, as in AWS.
  for (const id of [cluster.endpointSecurityGroupId, cluster.clusterSecurityGroupId]) if (id !== undefined) await deleteSecurityGroup(env, scope, id);
  const rest: Change[] = [];
  for (const records of [accessEntries, addons, updates, memberPkis]) {
    for (const one of await env.store.list(records.under(scope, cluster.name)).then(({ entries }) => entries)) rest.push({ delete: one.key });
  }
  await env.store.commit([...rest, { delete: pkis.key(scope, cluster.name) }, { delete: key }]);
  return undefined;
}

const clusterKeyOf = (memberKey: string) => {
  const { names: [name = ''], ...scope } = members.parse(memberKey);
  return clusters.key(scope, name);
};

async function ofMember(env: Env, id: string): Promise<string[]> {
  return (await members.all(env.store)).filter(({ value }) => value.id === id).map(({ key }) => clusterKeyOf(key));
}
