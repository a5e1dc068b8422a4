import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { desire, desired, observed } from '../../../../control/hosts.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import { transact } from '../../../../control/transact.ts';
import type { Entry } from '../../../../store/store.ts';
import type { DesiredFile, DesiredInstance } from '../../../../wire/host.ts';
import { imageId } from '../../../../wire/images.ts';
import { createNetworkInterface, deleteNetworkInterface, freeMemory, hostIsLost, roomFor, subnetById } from '../../../ec2/index.ts';
import { REQUESTER, interfacesOf } from '../../control-plane/endpoint.ts';
import type { Cluster, FargateProfile } from '../../records.ts';
import { nodeNameOf, OVERHEAD_MIB, sandboxUserData } from './node-config.ts';
import { sandboxes } from './records.ts';
import type { Sandbox } from './records.ts';
import type { Size } from './sizes.ts';

/** What a sandbox is made of, each step made if it is not there. */

/** A sandbox's record, on a machine of one of the profile's zones; undefined where none has room for it. Pods are spread over the subnets. */
export async function newSandbox(env: Env, scope: Scope, key: string, profile: FargateProfile, size: Size): Promise<Sandbox | undefined> {
  const from = createHash('sha256').update(key).digest().readUInt16BE(0) % profile.subnetIds.length;
  const id = `i-${env.randomHex(17)}`;
  return transact(env, async () => {
    const current = await sandboxes.at(env.store, key);
    if (current) return { changes: [], result: current.value };
    for (const subnetId of [...profile.subnetIds.slice(from), ...profile.subnetIds.slice(0, from)]) {
      const subnet = await subnetById(env, scope, subnetId);
      const room = subnet && await roomFor(env, scope, subnet.zone, machineMemory(size), id);
      if (!room || room.host.vcpus < size.vcpus) continue;
      const sandbox: Sandbox = {
        id, cluster: profile.cluster, profile: profile.name, roleArn: profile.podExecutionRoleArn, subnetId, zone: subnet.zone, hostId: room.host.id, createdAt: env.now().toISOString(), ...size,
      };
      return { changes: [sandboxes.put(key, sandbox, 0), room.change], result: sandbox };
    }
    return { changes: [], result: undefined };
  });
}

/** The pod's, and what its machine needs to boot. */
const machineMemory = ({ memoryMiB }: Size) => memoryMiB + OVERHEAD_MIB;

/** One address for the machine, and a prefix out of which its pod has one. */
export async function connected(env: Env, scope: Scope, cluster: Cluster, { key, value: sandbox }: Pick<Entry<Sandbox>, 'key' | 'value'>): Promise<Sandbox | undefined> {
  if (sandbox.network) return sandbox;
  const [found] = await interfacesOf(env, scope, sandbox.id);
  const one = found ?? await createNetworkInterface(env, scope, {
    subnetId: sandbox.subnetId, groupIds: [cluster.clusterSecurityGroupId ?? ''], requesterId: REQUESTER, description: `Amazon EKS Fargate ${cluster.name}`, prefixes: 1,
    attachTo: { owner: sandbox.id, hostId: sandbox.hostId, deviceIndex: 0 },
  });
  return sandboxes.update(env.store, key, (now) => ({ ...now, network: { interfaceId: one.id, address: one.address } }));
}

/** Pods on Fargate reach no metadata, whose credentials are the kubelet's. runit finds a service by its folder. */
const NO_METADATA = [
  '#!/bin/sh', 'rule="FORWARD --destination 169.254.169.254 --jump DROP"',
  'iptables --wait --check $rule 2>/dev/null || iptables --wait --insert $rule || exit 1', 'exec sleep infinity', '',
].join('\n');
const FILES: DesiredFile[] = [{ path: '/etc/service/no-metadata/run', content: Buffer.from(NO_METADATA).toString('base64'), mode: 0o755 }];

/** Pure; undefined before it has its interface. */
export function sandboxWish(sandbox: Sandbox, cluster: Cluster, certificateAuthority: string, region: string): DesiredInstance | undefined {
  if (!sandbox.network) return undefined;
  const nodeName = nodeNameOf(region, sandbox.network.address);
  return {
    imageId: imageId('eks-optimized'), generation: 1, power: 'on',
    // The pod's share is less than that of its machine, which has to boot as well.
    vcpus: Math.max(1, sandbox.vcpus), memoryMiB: machineMemory(sandbox),
    interfaceIds: [sandbox.network.interfaceId], hostName: nodeName,
    userData: Buffer.from(sandboxUserData(cluster, certificateAuthority, sandbox, nodeName)).toString('base64'),
    metadata: {
      instanceType: 'fargate', zone: sandbox.zone, zoneId: sandbox.zone, launchTime: sandbox.createdAt, reservationId: `r-${sandbox.id.slice(2)}`, launchIndex: 0,
      securityGroupNames: [], httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled',
      instanceProfile: { arn: sandbox.roleArn, id: sandbox.id, roleName: sandbox.roleArn.split('/').at(-1) ?? '' },
    },
    files: FILES,
  };
}

export async function wishSandbox(env: Env, sandbox: Sandbox, wish: DesiredInstance): Promise<void> {
  if (!isDeepStrictEqual(await desired(env.store, sandbox.hostId, 'instance', sandbox.id), wish)) await env.store.commit([desire(sandbox.hostId, 'instance', sandbox.id, wish)]);
}

/** It ended by itself, or with its machine. */
export async function isDead(env: Env, sandbox: Sandbox): Promise<boolean> {
  return (await hostIsLost(env, sandbox.hostId)) || (await observed(env.store, sandbox.hostId, 'instance', sandbox.id))?.state === 'stopped';
}

export const retire = (env: Env, key: string) => sandboxes.update(env.store, key, (now) => (now.retired ? undefined : { ...now, retired: true }));

/** False while its machine is still on its way out. */
export async function stopped(env: Env, sandbox: Sandbox): Promise<boolean> {
  if (await desired(env.store, sandbox.hostId, 'instance', sandbox.id)) await env.store.commit([desire(sandbox.hostId, 'instance', sandbox.id, null)]);
  return !(await observed(env.store, sandbox.hostId, 'instance', sandbox.id)) || hostIsLost(env, sandbox.hostId);
}

export async function forget(env: Env, scope: Scope, { key, value: sandbox }: Pick<Entry<Sandbox>, 'key' | 'value'>): Promise<void> {
  for (const { id } of await interfacesOf(env, scope, sandbox.id)) await deleteNetworkInterface(env, scope, id);
  await freeMemory(env, scope, sandbox.hostId, sandbox.id);
  await env.store.commit([{ delete: key }]);
}
