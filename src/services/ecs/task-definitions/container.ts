import type { ContainerDefinition, PortMapping } from '@aws-sdk/client-ecs';
import { client, unsupported } from '../errors.ts';
import { compact, type TaskDefinition } from '../records.ts';

export type NetworkMode = TaskDefinition['networkMode'];

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;
const DRIVERS = ['awslogs', 'json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'splunk', 'awsfirelens', 'none'];
const CONDITIONS = ['START', 'COMPLETE', 'SUCCESS', 'HEALTHY'];
/** What Docker needs at least. */
const LEAST_MEMORY = 6;

const between = (value: number | undefined, least: number, most: number) => value === undefined || (value >= least && value <= most);

/** Checks one container definition and puts in the defaults that ECS answers with. */
export function normaliseContainer(container: ContainerDefinition, networkMode: NetworkMode, task: { memory?: string | undefined }): ContainerDefinition {
  const name = container.name ?? '';
  if (!name) throw client('Container.name should not be null or empty.');
  if (!NAME.test(name)) throw client('Container.name contains invalid characters.');
  if (!container.image) throw client('Container.image should not be null or empty.');
  checkSize(container, name, task);
  checkLogs(container);
  checkHealthCheck(container);
  if (!between(container.startTimeout, 2, 86_400)) throw client('Container.startTimeout must be between 2 and 86400 seconds.');
  if (!between(container.stopTimeout, 0, 86_400)) throw client('Container.stopTimeout must be between 0 and 86400 seconds.');
  if (container.disableNetworking) throw unsupported("disableNetworking is not implemented by Gantry: a task with networkMode=none has no network.");
  if (container.links?.length && networkMode && networkMode !== 'bridge') throw client(`Links are not supported when networkMode=${networkMode}.`);
  for (const variable of container.environment ?? []) if (!variable.name) throw client('Environment variable name should not be null or empty.');
  return compact({
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: (container.portMappings ?? []).map((mapping) => normalisePort(mapping, networkMode)),
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
  });
}

function checkSize({ cpu, memory, memoryReservation }: ContainerDefinition, name: string, task: { memory?: string | undefined }): void {
  if (cpu !== undefined && cpu < 0) throw client(`Invalid setting for container '${name}'. 'cpu' must not be negative.`);
  if (memory === undefined && memoryReservation === undefined && !task.memory) {
    throw client(`Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`);
  }
  for (const [member, value] of Object.entries({ memory, memoryReservation })) {
    if (value !== undefined && value < LEAST_MEMORY) throw client(`Invalid setting for container '${name}'. '${member}' must be at least ${LEAST_MEMORY} MiB.`);
  }
  if (memory !== undefined && memoryReservation !== undefined && memory < memoryReservation) {
    throw client(`Invalid setting for container '${name}'. 'memory' must not be lower than 'memoryReservation'.`);
  }
  if (task.memory && Math.max(memory ?? 0, memoryReservation ?? 0) > Number(task.memory)) {
    throw client(`Invalid setting for container '${name}'. The container's memory is greater than the task's.`);
  }
}

function checkLogs({ logConfiguration }: ContainerDefinition): void {
  if (!logConfiguration) return;
  const { logDriver, options } = logConfiguration;
  if (!DRIVERS.includes(logDriver ?? '')) throw client(`Log driver ${logDriver} is not supported.`);
  if (logDriver !== 'awslogs') return;
  for (const option of ['awslogs-group', 'awslogs-region']) {
    if (!options?.[option]) throw client(`Log driver awslogs requires options: awslogs-group, awslogs-region.`);
  }
}

function checkHealthCheck({ healthCheck, name }: ContainerDefinition): void {
  if (!healthCheck) return;
  const { command, interval, timeout, retries, startPeriod } = healthCheck;
  if (!command?.length) throw client(`Invalid healthCheck for container '${name}'. 'command' should not be null or empty.`);
  if (!['CMD', 'CMD-SHELL', 'NONE'].includes(command[0] ?? '')) throw client(`Invalid healthCheck for container '${name}'. 'command' must start with CMD, CMD-SHELL or NONE.`);
  if (!between(interval, 5, 300)) throw client('The health check interval must be between 5 and 300 seconds.');
  if (!between(timeout, 2, 60)) throw client('The health check timeout must be between 2 and 60 seconds.');
  if (!between(retries, 1, 10)) throw client('The health check retries must be between 1 and 10.');
  if (!between(startPeriod, 0, 300)) throw client('The health check startPeriod must be between 0 and 300 seconds.');
}

function normalisePort(mapping: PortMapping, networkMode: NetworkMode): PortMapping {
  const { containerPort, hostPort, containerPortRange, protocol = 'tcp' } = mapping;
  if (protocol !== 'tcp' && protocol !== 'udp') throw client(`Invalid protocol in port mapping: ${String(protocol)}`);
  if (containerPortRange !== undefined) {
    if (containerPort !== undefined || hostPort !== undefined) throw client('When containerPortRange is specified, containerPort and hostPort must not be.');
    if (!/^\d+-\d+$/.test(containerPortRange)) throw client(`Invalid containerPortRange: ${containerPortRange}`);
    return { ...mapping, protocol };
  }
  if (containerPort === undefined || !between(containerPort, 1, 65_535)) throw client('Container port must be between 1 and 65535.');
  if (!between(hostPort, 0, 65_535)) throw client('Host port must be between 0 and 65535.');
  if (networkMode === 'awsvpc' || networkMode === 'host') {
    if (hostPort && hostPort !== containerPort) throw client(`When networkMode=${networkMode}, the host ports and container ports in port mappings must match.`);
    return { ...mapping, hostPort: containerPort, protocol };
  }
  return { ...mapping, hostPort: hostPort ?? 0, protocol };
}

/** What containers say of one another and of the task's volumes. */
export function checkTogether(containers: ContainerDefinition[], volumeNames: string[]): void {
  const names = containers.map((container) => container.name);
  if (new Set(names).size !== names.length) throw client('Container.name must be unique.');
  if (!containers.some((container) => container.essential)) throw client('A task definition must have at least one essential container.');
  for (const container of containers) {
    for (const { sourceVolume, containerPath } of container.mountPoints ?? []) {
      if (!containerPath) throw client('Mount point containerPath should not be null or empty.');
      if (sourceVolume && !volumeNames.includes(sourceVolume)) throw client(`Unknown volume '${sourceVolume}'.`);
    }
    for (const { sourceContainer } of container.volumesFrom ?? []) {
      if (!names.includes(sourceContainer)) throw client(`Unknown container '${sourceContainer}' in volumesFrom.`);
    }
    for (const link of container.links ?? []) {
      if (!names.includes(link.split(':')[0])) throw client(`Unknown container '${link.split(':')[0]}' in links.`);
    }
    for (const dependency of container.dependsOn ?? []) checkDependency(container, dependency, containers);
  }
  checkCycles(containers);
  checkPorts(containers);
}

function checkDependency(container: ContainerDefinition, { containerName, condition }: { containerName?: string | undefined; condition?: string | undefined }, all: ContainerDefinition[]): void {
  const on = all.find((other) => other.name === containerName);
  if (!on) throw client(`Container '${container.name}' depends on unknown container '${containerName}'.`);
  if (!CONDITIONS.includes(condition ?? '')) throw client(`Invalid condition in dependsOn: ${condition}`);
  if (condition === 'HEALTHY' && !on.healthCheck) throw client(`Container '${containerName}' must have a health check: container '${container.name}' depends on it with condition HEALTHY.`);
  if ((condition === 'COMPLETE' || condition === 'SUCCESS') && on.essential) throw client(`A dependency with condition ${condition} is not supported on an essential container: '${containerName}'.`);
}

function checkCycles(containers: ContainerDefinition[]): void {
  const left = new Map(containers.map((container) => [container.name, new Set((container.dependsOn ?? []).map((dependency) => dependency.containerName))]));
  for (;;) {
    const free = [...left].filter(([, on]) => on.size === 0).map(([name]) => name);
    if (!free.length) break;
    for (const name of free) left.delete(name);
    for (const on of left.values()) for (const name of free) on.delete(name);
  }
  if (left.size) throw client('There is a circular dependency between containers.');
}

function checkPorts(containers: ContainerDefinition[]): void {
  const used = containers.flatMap((container) => container.portMappings ?? []).filter((mapping) => mapping.hostPort).map((mapping) => `${mapping.protocol}:${mapping.hostPort}`);
  const twice = used.find((port, i) => used.indexOf(port) !== i);
  if (twice) throw client(`Port ${twice.split(':')[1]} is used more than once in the task definition.`);
}
