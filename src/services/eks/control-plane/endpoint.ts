import { isDeepStrictEqual } from 'node:util';
import { desire, desired, hosts } from '../../../control/hosts.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change, Entry } from '../../../store/store.ts';
import type { BalancerListener, BalancerTargetGroup, DesiredBalancer, DesiredName } from '../../../wire/host.ts';
import { chooseHost, createNetworkInterface, deleteNetworkInterface, keepSecurityGroup, networkInterfaces, setInterfaceGroups } from '../../ec2/index.ts';
import type { NetworkInterface } from '../../ec2/index.ts';
import { nth } from '../net.ts';
import { clusters } from '../records.ts';
import type { Cluster, Member } from '../records.ts';
import { API_PORT, ETCD_CLIENT_PORT } from './arguments.ts';
import type { Place } from './zones.ts';

/**
 * What is before the members: security groups, a network load balancer that customers do not see, and the endpoint's name. Beside 443
 * it has two ports that only Gantry's own machine may reach: the API whatever public access says, and etcd for its members' sake.
 */
export const REQUESTER = 'amazon-eks';
export const GANTRY_PORT = 6443;

export async function settleGroups(env: Env, scope: Scope, { key, value: cluster }: Entry<Cluster>): Promise<Cluster | undefined> {
  const digits = `${Number.parseInt(cluster.id.slice(0, 8), 16)}`;
  const tags = { [`kubernetes.io/cluster/${cluster.name}`]: 'owned', 'aws:eks:cluster-name': cluster.name };
  const everywhere = { egress: true, protocol: '-1', peer: { cidr: '0.0.0.0/0' } };
  // Its rules are the customer's to change once it is there.
  const clusterSecurityGroupId = cluster.clusterSecurityGroupId ?? await keepSecurityGroup(env, scope, {
    vpcId: cluster.vpcId, name: `eks-cluster-sg-${cluster.name}-${digits}`, tags: { Name: `eks-cluster-sg-${cluster.name}-${digits}`, ...tags },
    description: 'EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.',
    rules: [{ egress: false, protocol: '-1', peer: 'self' }, everywhere],
  });
  const from = (port: number, cidr: string) => ({ egress: false, protocol: 'tcp', fromPort: port, toPort: port, peer: { cidr } });
  const gantry = `${nth(env.installation.publicCidr, 0)}/32`;
  const endpointSecurityGroupId = await keepSecurityGroup(env, scope, {
    vpcId: cluster.vpcId, name: `eks-endpoint-${cluster.name}-${digits}`, description: `Who may reach the endpoint of ${cluster.name}`, tags,
    rules: [...(cluster.endpointPublicAccess ? cluster.publicAccessCidrs.map((cidr) => from(API_PORT, cidr)) : []), from(GANTRY_PORT, gantry), from(ETCD_CLIENT_PORT, gantry), everywhere],
  });
  return clusters.update(env.store, key, (now) => (now.clusterSecurityGroupId === clusterSecurityGroupId && now.endpointSecurityGroupId === endpointSecurityGroupId
    ? undefined : { ...now, clusterSecurityGroupId, endpointSecurityGroupId }));
}

/** The host that runs the balancer; undefined while there is none. */
export async function settleHost(env: Env, scope: Scope, { key, value: cluster }: Entry<Cluster>, zone: string | undefined): Promise<string | undefined> {
  if (cluster.hostId !== undefined) return cluster.hostId;
  const host = (await chooseHost(env, scope, zone)) ?? (await chooseHost(env, scope));
  if (!host) return undefined;
  return (await clusters.update(env.store, key, (now) => ({ ...now, hostId: now.hostId ?? host.id })))?.hostId;
}

/** Answers the cluster as it then is: with its endpoint's addresses. */
export async function settleEndpoint(env: Env, scope: Scope, { key, value: cluster }: Entry<Cluster>, hostId: string, places: Place[], members: Member[]): Promise<Cluster | undefined> {
  const interfaces = await settleInterfaces(env, scope, cluster, hostId, places);
  const wish = desiredBalancer(cluster, interfaces.map(({ id }) => id), members);
  const changes: Change[] = [];
  if (!isDeepStrictEqual(await desired(env.store, hostId, 'balancer', cluster.balancerId), wish)) changes.push(desire(hostId, 'balancer', cluster.balancerId, wish));
  const name = desiredName(cluster, interfaces);
  for (const { id } of await hosts(env.store)) {
    if (!isDeepStrictEqual(await desired(env.store, id, 'name', cluster.endpointName), name)) changes.push(desire(id, 'name', cluster.endpointName, name));
  }
  if (changes.length) await env.store.commit(changes);
  const endpointAddresses = publicOf(interfaces);
  return clusters.update(env.store, key, (now) => (isDeepStrictEqual(now.endpointAddresses, endpointAddresses) ? undefined : { ...now, endpointAddresses }));
}

async function settleInterfaces(env: Env, scope: Scope, cluster: Cluster, hostId: string, places: Place[]): Promise<NetworkInterface[]> {
  const groupIds = [cluster.clusterSecurityGroupId, cluster.endpointSecurityGroupId].filter((id) => id !== undefined);
  const found = await interfacesOf(env, scope, cluster.balancerId);
  for (const [deviceIndex, { zone, subnetId }] of places.entries()) {
    if (found.some((one) => one.zone === zone)) continue;
    found.push(await createNetworkInterface(env, scope, {
      subnetId, groupIds, requesterId: REQUESTER, description: `Amazon EKS ${cluster.name}`, edgeAddress: true, attachTo: { owner: cluster.balancerId, hostId, deviceIndex },
    }));
  }
  for (const one of found) if (!isDeepStrictEqual(new Set(one.groupIds), new Set(groupIds))) await setInterfaceGroups(env, scope, one.id, groupIds);
  return found.sort((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0));
}

export async function interfacesOf(env: Env, scope: Scope, owner: string): Promise<NetworkInterface[]> {
  return (await networkInterfaces.list(env.store, scope)).map((entry) => entry.value).filter((one) => one.attachment?.owner === owner);
}

const publicOf = (interfaces: NetworkInterface[]) => interfaces.map(({ edgeAddress }) => edgeAddress).filter((address) => address !== undefined);

/** With private access the VPC resolves the name to its own addresses, as AWS's private hosted zone does. */
function desiredName(cluster: Cluster, interfaces: NetworkInterface[]): DesiredName {
  const addresses = publicOf(interfaces);
  return cluster.endpointPrivateAccess ? { addresses, inNetwork: { id: cluster.vpcId, addresses: interfaces.map(({ address }) => address) } } : { addresses };
}

/** Pure; equal records make equal wishes. */
export function desiredBalancer(cluster: Cluster, interfaceIds: string[], members: Member[]): DesiredBalancer {
  const listener = (port: number, id: string): BalancerListener =>
    ({ id: `${port}`, port, protocol: 'TCP', rules: [{ conditions: [], action: { type: 'forward', targetGroups: [{ id, weight: 1 }] } }] });
  const joined = members.filter(({ etcd, retired }) => etcd && !retired).map(({ network }) => network?.address).filter((address) => address !== undefined).sort();
  const group = (port: number, protocol: 'HTTPS' | 'TCP', path: string): BalancerTargetGroup => ({
    // A member that is given up has died: who is connected to it would wait for an answer in vain. One that has just begun refuses what it
    // would allow, for it has not read its roles yet.
    protocol: 'TCP', algorithm: 'round_robin', connectionTermination: true, strict: true,
    healthCheck: { enabled: true, protocol, path, port: 'traffic-port', intervalSeconds: 1, timeoutSeconds: 1.5, healthyThreshold: 1, unhealthyThreshold: 2, matcher: '200' },
    targets: Object.fromEntries(joined.map((address) => [`${address}:${port}`, { address, port, draining: false }])),
  });
  return {
    networkId: cluster.vpcId, interfaceIds,
    // A watch may be silent for as long as the API server keeps it open, which is an hour at most.
    idleTimeout: 3700,
    listeners: [listener(API_PORT, 'api'), listener(GANTRY_PORT, 'api'), listener(ETCD_CLIENT_PORT, 'etcd')],
    targetGroups: { api: group(API_PORT, 'HTTPS', '/readyz'), etcd: group(ETCD_CLIENT_PORT, 'TCP', '/') },
  };
}

/** True once nothing of the endpoint is left but its groups. */
export async function clearEndpoint(env: Env, scope: Scope, cluster: Cluster): Promise<boolean> {
  const changes = (await hosts(env.store)).flatMap(({ id }) => [desire(id, 'balancer', cluster.balancerId, null), desire(id, 'name', cluster.endpointName, null)]);
  await env.store.commit(changes);
  for (const { id } of await interfacesOf(env, scope, cluster.balancerId)) await deleteNetworkInterface(env, scope, id);
  return true;
}
