import type { AcsContainer } from '../../wire/acs.ts';
import type { ContainerStats } from '../cri/types.ts';
import { networkMode, sandboxOf, taskId } from '../names.ts';
import type { AgentState, TaskRecord } from '../state.ts';
import { networkBindings } from '../submit.ts';
import { dockerConfig, dockerHostConfig } from '../tasks/spec.ts';
import { knownStatus } from '../tasks/decide.ts';

/** The answers of the task metadata endpoint, version 4 (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html). */
export interface Found {
  record: TaskRecord;
  container: AcsContainer;
}

export function findContainer(state: AgentState, metadataId: string): Found | undefined {
  for (const record of Object.values(state.tasks)) {
    const container = record.task.containers.find(({ name }) => record.containers[name]!.metadataId === metadataId);
    if (container) return { record, container };
  }
  return undefined;
}

export function containerMetadata({ record, container }: Found) {
  const state = record.containers[container.name]!;
  const logs = dockerHostConfig(container).LogConfig;
  const ports = networkBindings(record, container);
  return {
    DockerId: state.containerId ?? '',
    Name: container.name,
    DockerName: `ecs-${record.task.family}-${record.task.version}-${container.name}-${taskId(record.task.arn).slice(0, 20)}`,
    Image: container.image,
    ImageID: state.image?.id ?? '',
    ...(ports.length ? { Ports: ports.map(({ containerPort, hostPort, protocol, bindIP }) => ({ ContainerPort: containerPort, Protocol: protocol, HostPort: hostPort, HostIp: bindIP })) } : {}),
    Labels: {
      ...dockerConfig(container).Labels,
      'com.amazonaws.ecs.cluster': record.clusterArn,
      'com.amazonaws.ecs.container-name': container.name,
      'com.amazonaws.ecs.task-arn': record.task.arn,
      'com.amazonaws.ecs.task-definition-family': record.task.family,
      'com.amazonaws.ecs.task-definition-version': record.task.version,
    },
    DesiredStatus: record.desired,
    KnownStatus: state.phase === 'PENDING' ? 'NONE' : state.phase,
    ...(state.exitCode === undefined ? {} : { ExitCode: state.exitCode }),
    Limits: { CPU: container.cpu, Memory: container.memory },
    ...(state.createdAt ? { CreatedAt: state.createdAt } : {}),
    ...(state.startedAt ? { StartedAt: state.startedAt } : {}),
    ...(state.finishedAt ? { FinishedAt: state.finishedAt } : {}),
    Type: 'NORMAL',
    ...(state.health ? { Health: { status: state.health.status, statusSince: state.health.since, exitCode: state.health.exitCode, output: state.health.output } } : {}),
    ...(container.restartPolicy?.enabled ? { RestartCount: state.attempt } : {}),
    LogDriver: logs?.Type ?? 'json-file',
    LogOptions: logs?.Config ?? {},
    ContainerARN: container.containerArn,
    Networks: networks(record, container),
  };
}

function networks(record: TaskRecord, container: AcsContainer) {
  const mode = networkMode(record);
  const eni = record.task.elasticNetworkInterfaces?.[0];
  if (mode !== 'awsvpc' || !eni) {
    const address = record.sandboxes[sandboxOf(record, container.name)]?.address;
    return [{ NetworkMode: mode, IPv4Addresses: address ? [address] : [] }];
  }
  return [
    {
      NetworkMode: mode,
      IPv4Addresses: eni.ipv4Addresses.map(({ privateAddress }) => privateAddress),
      AttachmentIndex: eni.index ?? 0,
      MACAddress: eni.macAddress,
      IPv4SubnetCIDRBlock: subnetOf(eni.subnetGatewayIpv4Address),
      DomainNameServers: eni.domainNameServers,
      DomainNameSearchList: eni.domainName,
      PrivateDNSName: eni.privateDnsName,
      SubnetGatewayIpv4Address: eni.subnetGatewayIpv4Address,
    },
  ];
}

/** `172.31.0.1/20` → `172.31.0.0/20` */
function subnetOf(gateway: string): string {
  const [address = '', prefix = '32'] = gateway.split('/');
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const network = Math.floor(value / 2 ** (32 - Number(prefix))) * 2 ** (32 - Number(prefix));
  return `${[24, 16, 8, 0].map((bits) => Math.floor(network / 2 ** bits) % 256).join('.')}/${prefix}`;
}

export function taskMetadata(record: TaskRecord, availabilityZone: string | undefined) {
  const { task } = record;
  return {
    Cluster: record.clusterArn,
    TaskARN: task.arn,
    Family: task.family,
    Revision: task.version,
    DesiredStatus: record.desired,
    KnownStatus: knownStatus(record),
    ...(task.cpu || task.memory ? { Limits: { ...(task.cpu ? { CPU: task.cpu } : {}), ...(task.memory ? { Memory: task.memory } : {}) } } : {}),
    ...(record.pullStartedAt ? { PullStartedAt: record.pullStartedAt } : {}),
    ...(record.pullStoppedAt ? { PullStoppedAt: record.pullStoppedAt } : {}),
    ...(record.executionStoppedAt ? { ExecutionStoppedAt: record.executionStoppedAt } : {}),
    ...(availabilityZone ? { AvailabilityZone: availabilityZone } : {}),
    LaunchType: task.launchType ?? 'EC2',
    Containers: task.containers.map((container) => containerMetadata({ record, container })),
    ...(task.serviceName ? { ServiceName: task.serviceName } : {}),
    ...(task.group ? { Group: task.group } : {}),
    FaultInjectionEnabled: false,
  };
}

/** As much of the Docker Engine API's statistics as the runtime knows. */
export function statistics(id: string, name: string, stats: ContainerStats, memoryLimit: number) {
  const read = new Date(Number(BigInt(stats.cpu?.timestamp ?? '0') / 1_000_000n)).toISOString();
  const usage = Number(stats.memory?.usageBytes?.value ?? 0);
  const working = Number(stats.memory?.workingSetBytes?.value ?? 0);
  return {
    read,
    name,
    id,
    cpu_stats: { cpu_usage: { total_usage: Number(stats.cpu?.usageCoreNanoSeconds?.value ?? 0) } },
    memory_stats: { usage: usage || working, limit: memoryLimit, stats: { inactive_file: Math.max(0, usage - working) } },
  };
}
