import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { containerInstanceArn } from '../arns.ts';
import { boundPorts, holdsResources, remaining } from '../placement/resources.ts';
import type { ContainerInstance, Resources, Task } from '../records.ts';
import { tagList } from '../tags.ts';
import { isPending, isRunning } from '../tasks/state.ts';

export function containerInstanceShape(scope: Scope, instance: ContainerInstance, facts: { connected: boolean; tasks: Task[]; provider: string | undefined }, include: readonly string[] = []): Sdk.ContainerInstance {
  const tasks = facts.tasks.filter((task) => task.containerInstance === instance.id);
  const holding = tasks.filter(holdsResources);
  const taken = holding.map((task) => ({ ...task.demand, tcp: [...task.demand.tcp, ...boundPorts(task).tcp], udp: [...task.demand.udp, ...boundPorts(task).udp] }));
  return {
    containerInstanceArn: containerInstanceArn(scope, instance),
    ...(instance.ec2InstanceId && { ec2InstanceId: instance.ec2InstanceId }),
    ...(facts.provider && { capacityProviderName: facts.provider }),
    version: instance.version,
    versionInfo: instance.versionInfo,
    remainingResources: resourceList(remaining(instance, taken)),
    registeredResources: resourceList(instance.registered),
    status: instance.status,
    agentConnected: facts.connected,
    runningTasksCount: tasks.filter(isRunning).length,
    pendingTasksCount: tasks.filter(isPending).length,
    attributes: attributeList(instance.attributes),
    registeredAt: new Date(instance.registeredAt),
    attachments: [],
    tags: include.includes('TAGS') ? tagList(instance.tags) : [],
  };
}

export const attributeList = (attributes: ContainerInstance['attributes']): Sdk.Attribute[] =>
  Object.entries(attributes).map(([name, value]) => (value === null ? { name } : { name, value }));

function resourceList({ cpu, memory, tcp, udp }: Resources): Sdk.Resource[] {
  const integer = (name: string, integerValue: number) => ({ name, type: 'INTEGER', doubleValue: 0, longValue: 0, integerValue });
  const set = (name: string, ports: number[]) => ({ name, type: 'STRINGSET', doubleValue: 0, longValue: 0, integerValue: 0, stringSetValue: ports.map(String) });
  return [integer('CPU', cpu), integer('MEMORY', memory), set('PORTS', tcp), set('PORTS_UDP', udp)];
}
