import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { clusterArn, containerArn, containerInstanceArn, taskArn, taskDefinitionArn } from '../arns.ts';
import type { NetworkAttachment, Task, TaskContainer, TaskDefinition } from '../records.ts';
import { tagList } from '../tags.ts';
import { platformShape } from '../fargate/platform.ts';
import { healthOf } from '../tasks/state.ts';

/** `connected`: whether the agent of the task's instance is. */
export function taskShape(scope: Scope, task: Task, definition: TaskDefinition | undefined, connected: boolean, include: readonly string[] = []): Sdk.Task {
  return {
    attachments: task.attachment ? [attachmentShape(task.attachment)] : [],
    attributes: architecture(definition),
    ...(task.availabilityZone && { availabilityZone: task.availabilityZone }),
    clusterArn: clusterArn(scope, task.cluster),
    ...(task.lastStatus !== 'STOPPED' && task.containerInstance && { connectivity: connected ? 'CONNECTED' as const : 'DISCONNECTED' as const, connectivityAt: new Date(task.startedAt ?? task.createdAt) }),
    ...(task.capacityProvider && { capacityProviderName: task.capacityProvider }),
    ...(task.containerInstance && task.launchType === 'EC2' && { containerInstanceArn: containerInstanceArn(scope, { cluster: task.cluster, id: task.containerInstance }) }),
    containers: task.containers.map((container) => containerShape(scope, task, container, definition)),
    cpu: task.cpu ?? String(task.demand.cpu),
    memory: task.memory ?? String(task.demand.memory),
    createdAt: new Date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.enableExecuteCommand,
    group: task.group,
    healthStatus: healthOf(task),
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    ...platformShape(task, definition),
    overrides: { inferenceAcceleratorOverrides: [], ...task.overrides, containerOverrides: task.overrides.containerOverrides ?? task.containers.map(({ name }) => ({ name })) },
    ...(task.startedBy && { startedBy: task.startedBy }),
    ...(task.stopCode && { stopCode: task.stopCode }),
    ...(task.stoppedReason && { stoppedReason: task.stoppedReason }),
    ...times(task),
    tags: include.includes('TAGS') ? tagList(task.tags) : [],
    taskArn: taskArn(scope, task),
    taskDefinitionArn: taskDefinitionArn(scope, task.taskDefinition),
    version: task.version,
  };
}

const TIMES = ['pullStartedAt', 'pullStoppedAt', 'startedAt', 'stoppingAt', 'executionStoppedAt', 'stoppedAt'] as const;
const times = (task: Task): Partial<Record<(typeof TIMES)[number], Date>> => Object.fromEntries(TIMES.flatMap((name) => (task[name] ? [[name, new Date(task[name])]] : [])));

const architecture = (definition: TaskDefinition | undefined): Sdk.Attribute[] =>
  definition ? [{ name: 'ecs.cpu-architecture', value: definition.runtimePlatform?.cpuArchitecture?.toLowerCase() ?? 'x86_64' }] : [];

function containerShape(scope: Scope, task: Task, container: TaskContainer, definition: TaskDefinition | undefined): Sdk.Container {
  const defined = definition?.containerDefinitions.find(({ name }) => name === container.name);
  const override = task.overrides.containerOverrides?.find(({ name }) => name === container.name);
  const memory = override?.memory ?? defined?.memory;
  const reservation = override?.memoryReservation ?? defined?.memoryReservation;
  const { interface: eni } = task.attachment ?? {};
  return {
    containerArn: containerArn(scope, task, container.id),
    taskArn: taskArn(scope, task),
    name: container.name,
    ...(defined?.image && { image: defined.image }),
    ...(container.imageDigest && { imageDigest: container.imageDigest }),
    ...(container.runtimeId && { runtimeId: container.runtimeId }),
    lastStatus: container.lastStatus,
    ...(container.exitCode !== undefined && { exitCode: container.exitCode }),
    ...(container.reason && { reason: container.reason }),
    networkBindings: container.networkBindings,
    networkInterfaces: task.attachment && eni ? [{ attachmentId: task.attachment.id, privateIpv4Address: eni.address }] : [],
    healthStatus: container.healthStatus ?? 'UNKNOWN',
    cpu: String(override?.cpu ?? defined?.cpu ?? 0),
    ...(memory !== undefined && { memory: String(memory) }),
    ...(reservation !== undefined && { memoryReservation: String(reservation) }),
  };
}

function attachmentShape({ id, status, subnets, interface: eni }: NetworkAttachment): Sdk.Attachment {
  const details: Record<string, string> = eni
    ? { subnetId: eni.subnetId, networkInterfaceId: eni.id, macAddress: eni.mac, privateDnsName: eni.privateDnsName, privateIPv4Address: eni.address }
    : { subnetId: subnets[0] ?? '' };
  return { id, type: 'ElasticNetworkInterface', status, details: Object.entries(details).map(([name, value]) => ({ name, value })) };
}
