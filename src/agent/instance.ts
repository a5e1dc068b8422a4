import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Attribute, Resource } from '@aws-sdk/client-ecs';
import type { Config } from './config.ts';
import type { Imds } from './imds.ts';

/** What the instance is: its size, and what its metadata service tells. */
export interface Instance {
  instanceId: string;
  region: string;
  identityDocument: string;
  identitySignature: string;
  attributes: Attribute[];
}

export async function readInstance(imds: Imds): Promise<Instance> {
  const [identityDocument = '{}', identitySignature = '', mac] = await Promise.all([
    imds.get('dynamic/instance-identity/document'),
    imds.get('dynamic/instance-identity/signature'),
    imds.get('meta-data/mac'),
  ]);
  const [vpc, subnet, zoneId] = await Promise.all([
    mac && imds.get(`meta-data/network/interfaces/macs/${mac}/vpc-id`),
    mac && imds.get(`meta-data/network/interfaces/macs/${mac}/subnet-id`),
    imds.get('meta-data/placement/availability-zone-id'),
  ]);
  const document = JSON.parse(identityDocument) as Partial<Record<'instanceId' | 'region' | 'imageId' | 'instanceType' | 'availabilityZone', string>>;
  const values: Record<string, string | undefined> = {
    'ecs.ami-id': document.imageId,
    'ecs.instance-type': document.instanceType,
    'ecs.availability-zone': document.availabilityZone,
    'ecs.availability-zone-id': zoneId,
    'ecs.vpc-id': vpc,
    'ecs.subnet-id': subnet,
    'ecs.os-type': 'linux',
    'ecs.os-family': 'LINUX',
    'ecs.cpu-architecture': process.arch === 'arm64' ? 'arm64' : 'x86_64',
  };
  return {
    instanceId: document.instanceId ?? '',
    region: document.region || process.env.AWS_REGION || 'us-east-1',
    identityDocument,
    identitySignature,
    attributes: Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : [])),
  };
}

/** What this agent can do, under the names by which AWS's agent says so. */
export function capabilities(config: Config): Attribute[] {
  const remoteApi = ['1.17', '1.18', '1.19', '1.20', '1.21', '1.22', '1.23', '1.24', '1.25', '1.28', '1.29', '1.30', '1.32'];
  return [
    ...remoteApi.map((version) => `com.amazonaws.ecs.capability.docker-remote-api.${version}`),
    ...config.availableLoggingDrivers.map((driver) => `com.amazonaws.ecs.capability.logging-driver.${driver}`),
    ...(config.privilegedDisabled ? [] : ['com.amazonaws.ecs.capability.privileged-container']),
    'com.amazonaws.ecs.capability.ecr-auth',
    'com.amazonaws.ecs.capability.task-iam-role',
    'com.amazonaws.ecs.capability.task-iam-role-network-host',
    ...[
      'execution-role-awslogs', 'execution-role-ecr-pull', 'container-health-check', 'container-ordering', 'container-restart-policy', 'docker-plugin.local',
      'full-sync', 'pid-ipc-namespace-sharing', 'secrets.ssm.environment-variables', 'task-cpu-mem-limit', 'task-eni', 'ecr-endpoint',
    ].map((name) => `ecs.capability.${name}`),
  ].map((name) => ({ name }));
}

/** A share of the memory that the system keeps, as an EC2 instance's kernel does: tasks get a little less than the type's. */
const SYSTEM_SHARE = 0.06;

export function resources(config: Config, size: { vcpus: number; memoryMiB: number } = machineSize()): Resource[] {
  const memory = Math.floor(size.memoryMiB * (1 - SYSTEM_SHARE)) - config.reservedMemory;
  if (memory < 0) throw new Error(`ECS_RESERVED_MEMORY (${config.reservedMemory}) is more than the instance has`);
  return [
    { name: 'CPU', type: 'INTEGER', integerValue: Math.round(size.vcpus * 1024) },
    { name: 'MEMORY', type: 'INTEGER', integerValue: memory },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: config.reservedPorts.map(String) },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: config.reservedPortsUdp.map(String) },
  ];
}

/** The limits of the instance's own cgroup (its root, in its namespace), on cgroup v2 or v1; else what the machine has. */
export function machineSize(root = '/sys/fs/cgroup'): { vcpus: number; memoryMiB: number } {
  const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8').trim() : '');
  const [quota, period] = read('cpu.max').split(' ');
  const cpu = [Number(quota), Number(read('cpu/cpu.cfs_quota_us'))].find((value) => value > 0);
  const per = [Number(period), Number(read('cpu/cpu.cfs_period_us'))].find((value) => value > 0) ?? 100_000;
  const bytes = [read('memory.max'), read('memory/memory.limit_in_bytes')].map(Number).find((value) => value > 0 && value < totalmem());
  return { vcpus: cpu ? cpu / per : availableParallelism(), memoryMiB: Math.floor((bytes ?? totalmem()) / 2 ** 20) };
}
