import type { RegisterContainerInstanceCommandInput, Resource } from '@aws-sdk/client-ecs';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { instanceById, type Instance } from '../../ec2/index.ts';
import { idIn, newId } from '../arns.ts';
import { client, containerInstanceNotFound, invalid } from '../errors.ts';
import { compact, containerInstances, fargateMachines, type ContainerInstance, type FargateMachine, type Resources } from '../records.ts';
import { tagsOf } from '../tags.ts';
import { removeInstance } from './remove.ts';

/** Members of the instance identity document that count here. */
interface Identity {
  instanceId?: string;
  availabilityZone?: string;
  instanceType?: string;
  imageId?: string;
}

/**
 * A new container instance; or, where the agent names its own, the same one again with what may have changed. An agent that lost its
 * state registers anew: what its machine was before is then deregistered, for nobody knows its tasks any more.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterContainerInstance.html
 */
export async function register(context: RequestContext, cluster: string, input: RegisterContainerInstanceCommandInput): Promise<ContainerInstance> {
  const identity = identityOf(input.instanceIdentityDocument);
  checkIdentity(context, identity);
  const machine = await machineOf(context, cluster, identity);
  if (machine) return ofMachine(context, cluster, machine, input);
  const ec2 = identity.instanceId ? await instanceById(context, context, identity.instanceId) : undefined;
  if (identity.instanceId && (!ec2 || ec2.state === 'terminated')) throw client(`Container instance ${identity.instanceId} is not an EC2 instance of this account.`);
  const facts = {
    registered: resourcesOf(input.totalResources),
    attributes: { ...attributesOf(input.attributes), ...machineAttributes(identity, ec2) },
    versionInfo: compact({ ...input.versionInfo }),
  };
  return input.containerInstanceArn
    ? again(context, cluster, input.containerInstanceArn, identity, facts)
    : anew(context, cluster, identity, { ...facts, tags: tagsOf(input.tags) });
}

async function machineOf(context: RequestContext, cluster: string, { instanceId }: Identity): Promise<Entry<FargateMachine> | undefined> {
  return instanceId === undefined ? undefined : (await fargateMachines.list(context.store, context, cluster)).find(({ value }) => value.id === instanceId);
}

/** On Fargate it is what its task waits for, under the task's id; the same one however often the agent asks, and none once its machine is to go. */
async function ofMachine(context: RequestContext, cluster: string, machine: Entry<FargateMachine>, input: RegisterContainerInstanceCommandInput): Promise<ContainerInstance> {
  const id = fargateMachines.parse(machine.key).names[1] ?? '';
  const key = containerInstances.key(context, cluster, id);
  const current = await containerInstances.at(context.store, key);
  const instance: ContainerInstance = {
    id, cluster, ec2InstanceId: machine.value.id, fargate: true, status: 'ACTIVE', version: (current?.value.version ?? 0) + 1, registered: resourcesOf(input.totalResources),
    attributes: attributesOf(input.attributes), versionInfo: compact({ ...input.versionInfo }), registeredAt: current?.value.registeredAt ?? context.now().toISOString(), tags: {},
  };
  const commit = await context.store.commit([{ check: machine.key, expect: machine.revision }, containerInstances.put(key, instance, current?.revision ?? 0)]);
  if (!commit.ok) throw client(`The machine of the task ${id} has changed.`);
  return instance;
}

type Facts = Pick<ContainerInstance, 'registered' | 'attributes' | 'versionInfo'>;

async function again(context: RequestContext, cluster: string, given: string, identity: Identity, facts: Facts): Promise<ContainerInstance> {
  const key = containerInstances.key(context, cluster, idIn(context, cluster, 'container-instance', given));
  const current = await containerInstances.at(context.store, key);
  if (!current) throw containerInstanceNotFound();
  if (current.value.status === 'INACTIVE') throw client('The referenced container instance is INACTIVE.');
  if (current.value.ec2InstanceId !== identity.instanceId) throw client('The container instance belongs to another EC2 instance.');
  // Attributes that a customer put stay; those that the agent told are told anew.
  const next = await containerInstances.update(context.store, key, (value) => ({ ...value, ...facts, attributes: { ...value.attributes, ...facts.attributes }, version: value.version + 1 }));
  if (!next) throw containerInstanceNotFound();
  return next;
}

async function anew(context: RequestContext, cluster: string, identity: Identity, facts: Facts & { tags: ContainerInstance['tags'] }): Promise<ContainerInstance> {
  for (const { key, value } of await containerInstances.list(context.store, context)) {
    if (!identity.instanceId || value.ec2InstanceId !== identity.instanceId || value.status === 'INACTIVE') continue;
    await removeInstance(context, key, { code: 'InfrastructureHealth', reason: 'The container instance was registered anew.' });
  }
  const instance: ContainerInstance = {
    id: newId(context), cluster, ...(identity.instanceId && { ec2InstanceId: identity.instanceId }), status: 'ACTIVE', version: 1, ...facts,
    registeredAt: context.now().toISOString(),
  };
  await context.store.commit([containerInstances.put(containerInstances.key(context, cluster, instance.id), instance, 0)]);
  return instance;
}

function identityOf(document: string | undefined): Identity {
  if (!document) return {};
  try {
    return JSON.parse(document) as Identity;
  } catch {
    throw invalid('Unable to parse instance identity document.');
  }
}

/** An instance's role signs with a session that is named as the instance: it cannot register another one. */
function checkIdentity({ principal }: RequestContext, { instanceId }: Identity): void {
  const session = principal.userId.split(':')[1];
  if (session?.startsWith('i-') && session !== instanceId) throw client('The instance identity document is of another instance than the caller.');
}

function resourcesOf(given: Resource[] | undefined): Resources {
  const number = (name: string) => given?.find((resource) => resource.name === name)?.integerValue ?? 0;
  const ports = (name: string) => (given?.find((resource) => resource.name === name)?.stringSetValue ?? []).map(Number);
  return { cpu: number('CPU'), memory: number('MEMORY'), tcp: ports('PORTS'), udp: ports('PORTS_UDP') };
}

export const attributesOf = (given: { name?: string | undefined; value?: string | undefined }[] | undefined): ContainerInstance['attributes'] =>
  Object.fromEntries((given ?? []).map(({ name, value }) => [name ?? '', value ?? null]));

/** What ECS itself says of the machine: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes */
function machineAttributes(identity: Identity, ec2: Instance | undefined): ContainerInstance['attributes'] {
  return compact({
    'ecs.availability-zone': ec2?.zone ?? identity.availabilityZone, 'ecs.instance-type': ec2?.instanceType ?? identity.instanceType,
    'ecs.ami-id': ec2?.imageId ?? identity.imageId, 'ecs.subnet-id': ec2?.subnetId, 'ecs.vpc-id': ec2?.vpcId,
  }) as Record<string, string>;
}
