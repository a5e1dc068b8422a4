import type { Env, Scope } from '../../../control/service.ts';
import { createNetworkInterface, deleteNetworkInterface, networkInterfaceById, networkInterfaces, privateDnsName, subnetById, type NetworkInterface } from '../../ec2/index.ts';
import { attachmentArn } from '../arns.ts';
import { client } from '../errors.ts';
import { containerInstances, fargateMachines, type NetworkAttachment, type Task } from '../records.ts';

/**
 * The task's network interface: made in the subnet that is in its instance's zone (on Fargate: in its machine's), and attached there. Its
 * description is the attachment's ARN, as AWS writes it; by that one made before a crash is found again. Errors: EC2's.
 */
export async function ensureInterface(env: Env, scope: Scope, task: Task, attachment: NetworkAttachment): Promise<NonNullable<NetworkAttachment['interface']>> {
  const description = attachmentArn(scope, attachment.id);
  const existing = (await networkInterfaces.list(env.store, scope)).map((entry) => entry.value).find((one) => one.description === description);
  return shape(scope, existing ?? (await (task.launchType === 'FARGATE' ? createOnFargate : create)(env, scope, task, attachment, description)));
}

async function create(env: Env, scope: Scope, task: Task, { subnets, securityGroups }: NetworkAttachment, description: string): Promise<NetworkInterface> {
  const instance = await containerInstances.get(env.store, scope, task.cluster, task.containerInstance ?? '');
  const instanceId = instance?.value.ec2InstanceId;
  const found = await Promise.all(subnets.map((id) => subnetById(env, scope, id)));
  const subnet = found.find((one) => one?.zone === task.availabilityZone);
  if (!instanceId || !subnet) throw client('The task has no subnet in the zone of its container instance.');
  return createNetworkInterface(env, scope, {
    subnetId: subnet.id, groupIds: securityGroups, description, requesterId: 'ecs.amazonaws.com', attachTo: { instanceId }, deleteOnTermination: true,
  });
}

/** On a machine that is there for this task alone, beside that one's own interface. */
async function createOnFargate(env: Env, scope: Scope, task: Task, { securityGroups, assignPublicIp }: NetworkAttachment, description: string): Promise<NetworkInterface> {
  const machine = (await fargateMachines.get(env.store, scope, task.cluster, task.id))?.value;
  if (!machine) throw new Error(`no machine for the task ${task.id}`);
  return createNetworkInterface(env, scope, {
    subnetId: machine.subnetId, groupIds: securityGroups, description, requesterId: 'ecs.amazonaws.com', publicAddress: assignPublicIp,
    attachTo: { owner: machine.id, hostId: machine.hostId, deviceIndex: 1 },
  });
}

const shape = ({ region }: Scope, { id, subnetId, mac, address }: NetworkInterface) => ({ id, subnetId, mac, address, privateDnsName: privateDnsName(region, address) });

export async function removeInterface(env: Env, scope: Scope, { interface: eni }: NetworkAttachment): Promise<void> {
  if (eni && (await networkInterfaceById(env, scope, eni.id))) await deleteNetworkInterface(env, scope, eni.id);
}
