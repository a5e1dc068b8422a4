import { isDeepStrictEqual } from 'node:util';
import { desire, desired, observed } from '../../../control/hosts.ts';
import type { Env, Scope } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import type { Entry } from '../../../store/store.ts';
import type { DesiredInstance } from '../../../wire/host.ts';
import { imageId } from '../../../wire/images.ts';
import { createNetworkInterface, deleteNetworkInterface, freeMemory, hostIsLost, networkInterfaces, privateDnsName, roomFor, subnetById } from '../../ec2/index.ts';
import { containerInstances, fargateMachines, tasks, type FargateMachine, type NetworkAttachment, type Task } from '../records.ts';

/**
 * The machine of a task on Fargate: an instance that EC2 does not know, with the ECS agent, for this one task. It has an interface of
 * its own beside the task's, by which the agent reaches the control plane and pulls images; in the task's subnet and with its groups
 * and (if it has one) a public address, so that it reaches what the task reaches. Each step is made if it is not there.
 */
export const REQUESTER = 'ecs.amazonaws.com';
/** Of its memory, beside the task's: containerd, the agent and its machine. */
const OVERHEAD_MIB = 256;
/** The role that its metadata service gives credentials of; there is no such role in the account (`credentials.ts`). */
const ROLE = 'fargate';

export const machineKey = (key: string) => {
  const { names, ...scope } = tasks.parse(key);
  return fargateMachines.key(scope, ...names);
};
export const taskKeyOf = (key: string) => {
  const { names, ...scope } = fargateMachines.parse(key);
  return tasks.key(scope, ...names);
};

/** Its record, on a host of the zone of the first of the subnets where one has room; undefined where none has. */
export async function ensureMachine(env: Env, scope: Scope, task: Task, attachment: NetworkAttachment): Promise<FargateMachine | undefined> {
  const key = fargateMachines.key(scope, task.cluster, task.id);
  const size = { vcpus: Math.ceil(task.demand.cpu / 1024) + 1, memoryMiB: task.demand.memory + OVERHEAD_MIB };
  return transact(env, async () => {
    const current = await fargateMachines.at(env.store, key);
    if (current) return { changes: [], result: current.value };
    const id = `i-${env.randomHex(17)}`;
    for (const subnetId of attachment.subnets) {
      const zone = (await subnetById(env, scope, subnetId))?.zone;
      const room = zone === undefined ? undefined : await roomFor(env, scope, zone, size.memoryMiB, id);
      if (zone === undefined || !room) continue;
      const machine: FargateMachine = {
        id, subnetId, zone, hostId: room.host.id, securityGroups: attachment.securityGroups, public: attachment.assignPublicIp, ...size, createdAt: env.now().toISOString(),
      };
      return { changes: [fargateMachines.put(key, machine, 0), room.change], result: machine };
    }
    return { changes: [], result: undefined };
  });
}

export async function connected(env: Env, scope: Scope, { key, value: machine }: Pick<Entry<FargateMachine>, 'key' | 'value'>): Promise<FargateMachine | undefined> {
  if (machine.network) return machine;
  const found = (await interfacesOf(env, scope, machine.id)).find(({ hidden }) => hidden);
  const one = found ?? await createNetworkInterface(env, scope, {
    subnetId: machine.subnetId, groupIds: machine.securityGroups, requesterId: REQUESTER, hidden: true, description: 'Machine of a task on Fargate',
    attachTo: { owner: machine.id, hostId: machine.hostId, deviceIndex: 0 }, publicAddress: machine.public,
  });
  return fargateMachines.update(env.store, key, (now) => ({ ...now, network: { interfaceId: one.id, address: one.address } }));
}

/** Pure; undefined before it has its interface. */
export function machineWish(machine: FargateMachine, cluster: string, region: string): DesiredInstance | undefined {
  if (!machine.network) return undefined;
  const settings = { ECS_CLUSTER: cluster, ECS_AWSVPC_BLOCK_IMDS: 'true', ECS_DISABLE_PRIVILEGED: 'true', ECS_DISABLE_IMAGE_CLEANUP: 'true' };
  const config = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('');
  return {
    imageId: imageId('ecs-optimized'), generation: 1, power: 'on', vcpus: machine.vcpus, memoryMiB: machine.memoryMiB,
    interfaceIds: [machine.network.interfaceId], hostName: privateDnsName(region, machine.network.address),
    metadata: {
      instanceType: 'fargate', zone: machine.zone, zoneId: machine.zone, launchTime: machine.createdAt, reservationId: `r-${machine.id.slice(2)}`, launchIndex: 0,
      securityGroupNames: [], httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled',
      instanceProfile: { arn: `arn:aws:iam::aws:instance-profile/${ROLE}`, id: machine.id, roleName: ROLE },
    },
    files: [{ path: '/etc/ecs/ecs.config', content: Buffer.from(config).toString('base64'), mode: 0o644 }],
  };
}

export async function wishMachine(env: Env, { hostId, id }: FargateMachine, wish: DesiredInstance): Promise<void> {
  if (!isDeepStrictEqual(await desired(env.store, hostId, 'instance', id), wish)) await env.store.commit([desire(hostId, 'instance', id, wish)]);
}

/** Why it runs no more, where it ended by itself or with its host. */
export async function deathOf(env: Env, { hostId, id }: FargateMachine): Promise<string | undefined> {
  if (await hostIsLost(env, hostId)) return 'its host is silent';
  const seen = await observed(env.store, hostId, 'instance', id);
  return seen?.state === 'stopped' ? seen.reason ?? 'it was stopped' : undefined;
}

/** Takes it away; false while something of it is left. What its agent was to ECS goes with it. */
export async function removeMachine(env: Env, { key, value: { hostId, id } }: Entry<FargateMachine>): Promise<boolean> {
  const { names, ...scope } = fargateMachines.parse(key);
  if (await desired(env.store, hostId, 'instance', id)) await env.store.commit([desire(hostId, 'instance', id, null)]);
  if ((await observed(env.store, hostId, 'instance', id)) && !(await hostIsLost(env, hostId))) return false;
  for (const one of await interfacesOf(env, scope, id)) await deleteNetworkInterface(env, scope, one.id);
  await freeMemory(env, scope, hostId, id);
  await env.store.commit([{ delete: key }, { delete: containerInstances.key(scope, ...names) }]);
  return true;
}

async function interfacesOf(env: Env, scope: Scope, owner: string) {
  return (await networkInterfaces.list(env.store, scope)).map((entry) => entry.value).filter((one) => one.attachment?.owner === owner);
}
