import type { Compatibility, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { client } from '../errors.ts';
import { parseQuery } from '../placement/query.ts';
import { compact, type Tags, type TaskDefinition } from '../records.ts';
import { requiredAttributes } from './capabilities.ts';
import { checkTogether, normaliseContainer } from './container.ts';
import { cpuUnits, isFargateSize, memoryMiB, noSuchSize } from './size.ts';

const FAMILY = /^[a-zA-Z0-9_-]{1,255}$/;
const oneOf = <T extends string>(value: string | undefined, allowed: readonly T[], member: string): T | undefined => {
  if (value === undefined || value === '') return undefined;
  if (!(allowed as readonly string[]).includes(value)) throw client(`Invalid ${member}: ${value}`);
  return value as T;
};

/** A definition as it is stored, all but its revision. Errors: ClientException, InvalidParameterException. */
export function define(input: RegisterTaskDefinitionRequest, facts: { now: string; by: string; tags: Tags }): Omit<TaskDefinition, 'revision'> {
  const family = input.family ?? '';
  if (!family) throw client('Family should not be null or empty.');
  if (!FAMILY.test(family)) throw client('Family contains invalid characters.');
  const networkMode = oneOf(input.networkMode, ['bridge', 'host', 'awsvpc', 'none'] as const, 'network mode');
  const cpu = input.cpu ? cpuUnits(input.cpu) : undefined;
  const memory = input.memory ? memoryMiB(input.memory) : undefined;
  const given = input.containerDefinitions ?? [];
  if (!given.length) throw client('Container list cannot be empty.');
  if (given.length > 10) throw client('A task definition can have at most 10 container definitions.');
  const containerDefinitions = given.map((container) => normaliseContainer(container, networkMode, { memory }));
  const volumes = input.volumes ?? [];
  if (input.inferenceAccelerators?.length) throw client('Amazon Elastic Inference (EI) is no longer available to customers.');
  checkVolumes(volumes.map((volume) => volume.name));
  checkTogether(containerDefinitions, volumes.map((volume) => volume.name ?? ''));
  const placementConstraints = input.placementConstraints ?? [];
  for (const { type, expression } of placementConstraints) {
    if (type !== 'memberOf') throw client(`Invalid placement constraint type: ${type ?? null}`);
    parseQuery(expression ?? '');
  }
  const draft = {
    family, status: 'ACTIVE' as const, containerDefinitions, volumes, placementConstraints, networkMode, cpu, memory,
    taskRoleArn: input.taskRoleArn || undefined, executionRoleArn: input.executionRoleArn || undefined,
    pidMode: oneOf(input.pidMode, ['host', 'task'] as const, 'pidMode'), ipcMode: oneOf(input.ipcMode, ['host', 'task', 'none'] as const, 'ipcMode'),
    requiresCompatibilities: input.requiresCompatibilities?.length ? input.requiresCompatibilities : undefined,
    runtimePlatform: input.runtimePlatform, ephemeralStorage: input.ephemeralStorage, proxyConfiguration: input.proxyConfiguration,
    enableFaultInjection: input.enableFaultInjection, registeredAt: facts.now, registeredBy: facts.by, tags: facts.tags,
  };
  if (draft.requiresCompatibilities?.includes('FARGATE')) checkFargate(draft);
  const definition = compact(draft) as Omit<TaskDefinition, 'revision' | 'compatibilities' | 'requiresAttributes'>;
  return { ...definition, compatibilities: compatibilities(definition), requiresAttributes: requiredAttributes(definition) };
}

function checkVolumes(names: (string | undefined)[]): void {
  if (names.some((name) => !name)) throw client('Volume name should not be null or empty.');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw client(`Duplicate volume name: ${twice}`);
}

interface Sized {
  networkMode?: string | undefined;
  cpu?: string | undefined;
  memory?: string | undefined;
  executionRoleArn?: string | undefined;
  pidMode?: string | undefined;
  ipcMode?: string | undefined;
  placementConstraints: TaskDefinition['placementConstraints'];
  ephemeralStorage?: TaskDefinition['ephemeralStorage'];
  containerDefinitions: TaskDefinition['containerDefinitions'];
  volumes: TaskDefinition['volumes'];
}

const FARGATE_LOG_DRIVERS = ['awslogs', 'splunk', 'awsfirelens'];

function checkFargate(task: Sized): void {
  if (task.networkMode !== 'awsvpc') throw client("Fargate only supports network mode 'awsvpc'.");
  if (!task.cpu) throw client("Fargate requires that 'cpu' be defined at the task level.");
  if (!task.memory) throw client("Fargate requires that 'memory' be defined at the task level.");
  if (!isFargateSize(task.cpu, task.memory)) throw client(noSuchSize(task.cpu, task.memory));
  if (task.containerDefinitions.some((container) => container.privileged)) throw client("The 'privileged' setting is not supported on container for Fargate tasks.");
  if (task.volumes.some((volume) => volume.host?.sourcePath)) throw client('Fargate compatible task definitions do not support sourcePath');
  if (task.volumes.some((volume) => volume.dockerVolumeConfiguration)) throw client('Fargate compatible task definitions do not support dockerVolumeConfiguration');
  if (task.containerDefinitions.some((container) => container.linuxParameters?.devices?.length)) throw client('Fargate compatible task definitions do not support devices');
  if (task.containerDefinitions.some((container) => container.linuxParameters?.capabilities?.add?.some((name) => name !== 'SYS_PTRACE'))) {
    throw client("Fargate compatible task definitions only support the 'SYS_PTRACE' capability to be added");
  }
  if (task.containerDefinitions.some((container) => container.resourceRequirements?.length)) throw client('Fargate compatible task definitions do not support resourceRequirements');
  if (task.ipcMode) throw client('Tasks using the Fargate launch type do not support ipcMode.');
  if (task.pidMode === 'host') throw client("Tasks using the Fargate launch type do not support pidMode 'host'.");
  if (task.placementConstraints.length) throw client('Fargate compatible task definitions do not support placementConstraints');
  const driver = task.containerDefinitions.map((container) => container.logConfiguration?.logDriver).find((name) => name && !FARGATE_LOG_DRIVERS.includes(name));
  if (driver) throw client(`Fargate compatible task definitions do not support log driver ${driver}`);
  const { sizeInGiB } = task.ephemeralStorage ?? {};
  if (sizeInGiB !== undefined && (sizeInGiB < 21 || sizeInGiB > 200)) throw client('Ephemeral storage size must be between 21 and 200 GiB.');
  if (!task.executionRoleArn && task.containerDefinitions.some((container) => /\.dkr\.ecr\./.test(container.image ?? ''))) {
    throw client('Fargate requires task definition to have execution role ARN to support ECR images.');
  }
  if (!task.executionRoleArn && task.containerDefinitions.some((container) => container.logConfiguration?.logDriver === 'awslogs')) {
    throw client('Fargate requires task definition to have execution role ARN to support log driver awslogs.');
  }
}

/** Where it could run: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html */
function compatibilities(task: Sized): Compatibility[] {
  const fits = (check: () => void) => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  return [
    ...(task.networkMode === 'awsvpc' ? [] : ['EXTERNAL' as const]),
    'EC2',
    ...(fits(() => checkFargate(task)) ? ['FARGATE' as const] : []),
  ];
}
