import { isDeepStrictEqual } from 'node:util';
import { desire, desired, observed } from '../../../control/hosts.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import type { Change, Entry } from '../../../store/store.ts';
import type { DesiredInstance } from '../../../wire/host.ts';
import { imageId } from '../../../wire/images.ts';
import { createNetworkInterface, deleteNetworkInterface, freeMemory, hostIsLost, roomFor, setInterfaceGroups } from '../../ec2/index.ts';
import { settleIssuerCertificates } from '../oidc/certificates.ts';
import { memberPkis, members } from '../records.ts';
import type { Cluster, Member, Pki } from '../records.ts';
import { peerUrl } from './arguments.ts';
import { memberCertificates } from './certificates.ts';
import { REQUESTER, interfacesOf } from './endpoint.ts';
import type { Etcd, EtcdMember } from './etcd.ts';
import { memberFiles } from './files.ts';
import { missingPlaces } from './zones.ts';
import type { Place } from './zones.ts';

/** What a member has of a machine: that of a c5.large, less memory. */
const VCPUS = 2;
const MEMORY_MIB = 2048;
/** What it takes of its host's: it works in about 550 MiB, and the rest of its limit is for peaks. */
export const RESERVED_MIB = 1024;

export type MemberState = 'starting' | 'running' | 'dead';

export async function stateOf(env: Env, member: Member): Promise<MemberState> {
  if (await hostIsLost(env, member.hostId)) return 'dead';
  const seen = await observed(env.store, member.hostId, 'instance', member.id);
  if (!seen) return member.seenRunning ? 'dead' : 'starting';
  if (seen.generation < member.generation) return 'starting';
  if (seen.state === 'stopped') return 'dead';
  return seen.state === 'running' ? 'running' : 'starting';
}

/** A record, interface and certificates for each wanted place that has no member, as far as there is room; answers all that are there. */
export async function settleMembers(env: Env, scope: Scope, cluster: Cluster, pki: Pki, wanted: Place[]): Promise<Entry<Member>[]> {
  const standing = (await members.list(env.store, scope, cluster.name)).filter(({ value }) => !value.retired);
  for (const place of missingPlaces(wanted, standing.map(({ value }) => value))) if (!(await newMember(env, scope, cluster, place))) break;
  const groupIds = [cluster.clusterSecurityGroupId, ...cluster.securityGroupIds].filter((id) => id !== undefined);
  for (const { key, value } of await members.list(env.store, scope, cluster.name)) {
    if (value.retired) continue;
    if (value.network) await setInterfaceGroups(env, scope, value.network.interfaceId, groupIds);
    else await connect(env, scope, cluster, key, value, pki, groupIds);
  }
  return (await members.list(env.store, scope, cluster.name)).filter(({ value }) => !value.retired);
}

/** Its record, with memory of a host of the zone, or else of any; false where none has room. */
async function newMember(env: Env, scope: Scope, cluster: Cluster, { zone, subnetId }: Place): Promise<boolean> {
  const id = `i-${env.randomHex(17)}`;
  return transact(env, async () => {
    const room = (await roomFor(env, scope, zone, RESERVED_MIB, id)) ?? (await roomFor(env, scope, undefined, RESERVED_MIB, id));
    if (!room) return { changes: [], result: false };
    const member: Member = { id, cluster: cluster.name, zone, subnetId, hostId: room.host.id, generation: 1, createdAt: env.now().toISOString() };
    return { changes: [members.put(members.key(scope, cluster.name, id), member, 0), room.change], result: true };
  });
}

async function connect(env: Env, scope: Scope, cluster: Cluster, key: string, member: Member, pki: Pki, groupIds: string[]): Promise<void> {
  const [found] = await interfacesOf(env, scope, member.id);
  const one = found ?? await createNetworkInterface(env, scope, {
    subnetId: member.subnetId, groupIds, requesterId: REQUESTER, description: `Amazon EKS ${cluster.name}`, attachTo: { owner: member.id, hostId: member.hostId, deviceIndex: 0 },
  });
  const own = await memberCertificates(cluster, one.address, pki, env.now());
  await env.store.commit([memberPkis.put(memberPkis.key(scope, cluster.name, member.id), own)]);
  await members.update(env.store, key, (now) => ({ ...now, network: { interfaceId: one.id, address: one.address } }));
}

/** The first members found the etcd cluster together, once each has its address. */
export async function found(env: Env, standing: Entry<Member>[], markFounded: () => Change): Promise<boolean> {
  const founders = standing.map(({ value }) => value);
  if (founders.some(({ network }) => !network)) return false;
  const initialCluster = founders.map(({ id, network }) => `${id}=${peerUrl(network!.address)}`).sort().join(',');
  const changes = standing.map((entry) => members.put(entry.key, { ...entry.value, etcd: { state: 'new' as const, initialCluster } }, entry.revision));
  return (await env.store.commit([...changes, markFounded()])).ok;
}

/** Members are wished on their hosts with all that they need; those that were seen running are marked so. */
export async function wishMembers(env: Env, scope: Scope, cluster: Cluster, pki: Pki, standing: Entry<Member>[]): Promise<void> {
  const issuer = await settleIssuerCertificates(env);
  for (const { key, value: member } of standing) {
    const own = (await memberPkis.get(env.store, scope, cluster.name, member.id))?.value;
    if (!member.etcd || !own) continue;
    const wish: DesiredInstance = {
      imageId: imageId('eks-control-plane'), generation: member.generation, power: 'on', vcpus: VCPUS, memoryMiB: MEMORY_MIB,
      interfaceIds: [member.network!.interfaceId], hostName: `ip-${member.network!.address.replaceAll('.', '-')}`,
      metadata: {
        instanceType: 'c5.large', zone: member.zone, zoneId: member.zone, launchTime: member.createdAt, reservationId: `r-${member.id.slice(2)}`, launchIndex: 0,
        securityGroupNames: [], httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled',
      },
      files: memberFiles(cluster, member, pki, own, issuer.authority.certificate, env.installation),
    };
    if (!isDeepStrictEqual(await desired(env.store, member.hostId, 'instance', member.id), wish)) await env.store.commit([desire(member.hostId, 'instance', member.id, wish)]);
    if (!member.seenRunning && (await stateOf(env, member)) === 'running') await members.update(env.store, key, (now) => ({ ...now, seenRunning: true }));
  }
}

/**
 * One step of repair, once the etcd cluster was founded. A dead member leaves etcd and is retired while the others have a quorum, and
 * a fresh one joins in its place; without a quorum the dead ones are started again as they are, for their disks have what was written.
 */
export async function repair(env: Env, cluster: Cluster, standing: Entry<Member>[], etcd: Etcd): Promise<void> {
  const states = await Promise.all(standing.map(async (entry) => ({ entry, state: await stateOf(env, entry.value) })));
  const dead = states.filter(({ entry, state }) => state === 'dead' && entry.value.etcd);
  const fresh = standing.filter(({ value }) => !value.etcd && value.network);
  const joined = standing.filter(({ value }) => value.etcd);
  if (dead.length && (joined.length - dead.length) * 2 <= joined.length) {
    for (const { entry } of dead) if (!(await hostIsLost(env, entry.value.hostId))) await members.update(env.store, entry.key, (now) => ({ ...now, generation: now.generation + 1 }));
    return;
  }
  if (!dead.length && !fresh.length && joined.length === standing.length && !(await hasStrangers(standing, etcd))) return;
  const listed = await etcd.list();
  const mine = (one: EtcdMember, { network }: Member) => network !== undefined && one.peerURLs.includes(peerUrl(network.address));
  for (const one of listed) {
    const living = standing.some(({ value }) => mine(one, value) && !dead.some(({ entry }) => entry.value.id === value.id));
    if (!living) await etcd.remove(one.ID);
  }
  for (const { entry } of dead) {
    env.log('a member of a control plane is dead and is replaced', { cluster: cluster.name, member: entry.value.id, zone: entry.value.zone });
    await members.update(env.store, entry.key, (now) => ({ ...now, retired: true }));
  }
  const [next] = fresh;
  if (next && !dead.length) await join(env, next, standing, etcd);
}

/** Whether etcd knows of a member that has no record: left by a step that was cut short. */
async function hasStrangers(standing: Entry<Member>[], etcd: Etcd): Promise<boolean> {
  const urls = new Set(standing.map(({ value }) => peerUrl(value.network?.address ?? '')));
  return (await etcd.list()).some(({ peerURLs }) => !peerURLs.some((url) => urls.has(url)));
}

async function join(env: Env, { key, value }: Entry<Member>, standing: Entry<Member>[], etcd: Etcd): Promise<void> {
  const url = peerUrl(value.network!.address);
  const known = await etcd.list();
  const listed = known.some(({ peerURLs }) => peerURLs.includes(url)) ? known : await etcd.add(url);
  const nameOf = (one: EtcdMember) => standing.find(({ value: member }) => member.network && one.peerURLs.includes(peerUrl(member.network.address)))?.value.id ?? one.name ?? '';
  const initialCluster = listed.map((one) => `${nameOf(one)}=${one.peerURLs[0]}`).sort().join(',');
  await members.update(env.store, key, (now) => ({ ...now, etcd: { state: 'existing', initialCluster } }));
}

/** True once nothing of any retired member is left. */
export async function clearRetired(env: Env, scope: Scope, cluster: string): Promise<boolean> {
  let clear = true;
  for (const { key, value: member } of await members.list(env.store, scope, cluster)) {
    if (!member.retired) continue;
    await env.store.commit([desire(member.hostId, 'instance', member.id, null)]);
    const gone = !(await observed(env.store, member.hostId, 'instance', member.id)) || (await hostIsLost(env, member.hostId));
    if (!gone) {
      clear = false;
      continue;
    }
    for (const { id } of await interfacesOf(env, scope, member.id)) await deleteNetworkInterface(env, scope, id);
    await freeMemory(env, scope, member.hostId, member.id);
    await env.store.commit([{ delete: key }, { delete: memberPkis.key(scope, cluster, member.id) }]);
  }
  return clear;
}
