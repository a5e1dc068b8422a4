import type { Env, Scope } from '../../../control/service.ts';
import { createNetworkInterface, deleteNetworkInterface, networkInterfaceById, networkInterfaces, subnetById, type NetworkInterface } from '../../ec2/index.ts';
import { attachmentArn } from '../arns.ts';
import { client } from '../errors.ts';
import { containerInstances, type NetworkAttachment, type Task } from '../records.ts';

/**
 * The task's network interface: made in the subnet that is in its instance's zone, and attached there. Its description is the
 * attachment's ARN, as AWS writes it; by that one made before a crash is found again. Errors: EC2's.
 */
export async function ensureInterface(env: Env, scope: Scope, task: Task, attachment: NetworkAttachment): Promise<NonNullable<NetworkAttachment['interface']>> {
  const description = attachmentArn(scope, attachment.id);
  const existing = (await networkInterfaces.list(env.store, scope)).map((entry) => entry.value).find((one) => one.description === description);
  return shape(env, existing ?? (await create(env, scope, task, attachment, description)));
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

const shape = ({ installation }: Env, { id, subnetId, mac, address }: NetworkInterface) =>
  ({ id, subnetId, mac, address, privateDnsName: `ip-${address.replaceAll('.', '-')}.${installation.region === 'us-east-1' ? 'ec2' : `${installation.region}.compute`}.internal` });

export async function removeInterface(env: Env, scope: Scope, { interface: eni }: NetworkAttachment): Promise<void> {
  if (eni && (await networkInterfaceById(env, scope, eni.id))) await deleteNetworkInterface(env, scope, eni.id);
}
