import type { ContainerDefinition, ContainerOverride, LinuxParameters, Volume } from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import type { AcsContainer, AcsNetworkInterface, AcsTask, AcsVolume, DockerConfig, DockerHostConfig, IAMRoleCredentials } from '../../../wire/acs.ts';
import { clusterArn, containerArn, taskArn } from '../arns.ts';
import { compact, type Task, type TaskContainer, type TaskDefinition } from '../records.ts';

/** What an agent is told of a task, made from its definition and overrides. Pure. */
export interface TaskFacts {
  definition: TaskDefinition;
  roleCredentials?: IAMRoleCredentials | undefined;
  executionRoleCredentials?: IAMRoleCredentials | undefined;
  networkInterface?: AcsNetworkInterface | undefined;
}

const MIB = 2 ** 20;
const SECOND = 1_000_000_000;

export function acsTask(scope: Scope, task: Task, desiredStatus: 'RUNNING' | 'STOPPED', { definition, roleCredentials, executionRoleCredentials, networkInterface }: TaskFacts): AcsTask {
  const service = task.group.startsWith('service:') ? task.group.slice('service:'.length) : undefined;
  return compact({
    arn: taskArn(scope, task), taskClusterArn: clusterArn(scope, task.cluster), family: definition.family, version: String(definition.revision), desiredStatus,
    roleCredentials, executionRoleCredentials, cpu: task.cpu === undefined ? undefined : Number(task.cpu) / 1024, memory: task.memory === undefined ? undefined : Number(task.memory),
    networkMode: definition.networkMode ?? 'bridge', pidMode: definition.pidMode ?? '', ipcMode: definition.ipcMode ?? '',
    elasticNetworkInterfaces: networkInterface && [networkInterface],
    containers: task.containers.flatMap((container) => containerIn(scope, task, container, definition)),
    volumes: definition.volumes.map(volume), launchType: task.launchType, serviceName: service, group: task.group, taskDefinitionAccountId: scope.account,
  });
}

function containerIn(scope: Scope, task: Task, { name, id }: TaskContainer, definition: TaskDefinition): AcsContainer[] {
  const defined = definition.containerDefinitions.find((container) => container.name === name);
  const override = task.overrides.containerOverrides?.find((one) => one.name === name);
  const executionRole = Boolean(task.overrides.executionRoleArn ?? definition.executionRoleArn);
  return defined ? [{ name, containerArn: containerArn(scope, task, id), ...body(defined, override, executionRole) }] : [];
}

function body(defined: ContainerDefinition, override: ContainerOverride | undefined, executionRole: boolean): Omit<AcsContainer, 'name' | 'containerArn'> {
  const memory = override?.memory ?? defined.memory ?? 0;
  const image = defined.image ?? '';
  const environment = [...(defined.environment ?? []), ...(override?.environment ?? [])];
  return compact({
    image, essential: defined.essential ?? true, cpu: override?.cpu ?? defined.cpu ?? 0, memory, command: defined.command, entryPoint: defined.entryPoint,
    environment: Object.fromEntries(environment.map((variable) => [variable.name ?? '', variable.value ?? ''])),
    overrides: override?.command ? JSON.stringify({ command: override.command }) : undefined,
    portMappings: defined.portMappings?.flatMap(({ containerPort, hostPort = 0, protocol = 'tcp' }) => (containerPort === undefined ? [] : [{ containerPort, hostPort, protocol }])),
    mountPoints: defined.mountPoints?.map(({ sourceVolume = '', containerPath = '', readOnly = false }) => ({ sourceVolume, containerPath, readOnly })),
    volumesFrom: defined.volumesFrom?.map(({ sourceContainer = '', readOnly = false }) => ({ sourceContainer, readOnly })),
    links: defined.links, privileged: defined.privileged, linuxParameters: defined.linuxParameters && linux(defined.linuxParameters),
    healthCheckType: defined.healthCheck ? 'docker' as const : undefined,
    registryAuthentication: registry(image, defined, executionRole),
    logsAuthStrategy: executionRole && defined.logConfiguration?.logDriver === 'awslogs' ? 'ExecutionRole' as const : undefined,
    secrets: secrets(defined),
    dependsOn: defined.dependsOn?.map(({ containerName = '', condition = 'START' as const }) => ({ containerName, condition })),
    startTimeout: defined.startTimeout, stopTimeout: defined.stopTimeout,
    restartPolicy: defined.restartPolicy && compact({
      enabled: defined.restartPolicy.enabled ?? false, ignoredExitCodes: defined.restartPolicy.ignoredExitCodes, restartAttemptPeriod: defined.restartPolicy.restartAttemptPeriod,
    }),
    dockerConfig: {
      config: JSON.stringify(dockerConfig(defined)),
      hostConfig: JSON.stringify(dockerHostConfig(defined, memory, override?.memoryReservation ?? defined.memoryReservation)),
    },
  });
}

function linux({ capabilities, devices, initProcessEnabled, sharedMemorySize }: LinuxParameters): NonNullable<AcsContainer['linuxParameters']> {
  return compact({
    capabilities: capabilities && compact({ add: capabilities.add, drop: capabilities.drop }),
    devices: devices?.map(({ hostPath = '', containerPath, permissions }) => compact({ hostPath, containerPath, permissions })),
    initProcessEnabled, sharedMemorySize,
  });
}

/** `<account>.dkr.ecr.<region>.…`: the agent logs in with the role that pulls. */
function registry(image: string, defined: ContainerDefinition, executionRole: boolean): AcsContainer['registryAuthentication'] {
  const ecr = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\./.exec(image);
  if (ecr?.[1] && ecr[2]) return { type: 'ecr', ecrAuthData: { registryId: ecr[1], region: ecr[2], useExecutionRole: executionRole } };
  const secret = defined.repositoryCredentials?.credentialsParameter;
  return secret ? { type: 'asm', asmAuthData: { credentialsParameter: secret, region: secret.split(':')[3] ?? '' } } : undefined;
}

function secrets({ secrets: given, logConfiguration }: ContainerDefinition): AcsContainer['secrets'] {
  const wire = ({ name = '', valueFrom = '' }: { name?: string | undefined; valueFrom?: string | undefined }, target: 'CONTAINER' | 'LOG_DRIVER') => {
    const [, , service, region] = valueFrom.startsWith('arn:') ? valueFrom.split(':') : [];
    return compact({ name, valueFrom, provider: service === 'secretsmanager' ? 'asm' as const : 'ssm' as const, region: region || undefined, type: 'ENVIRONMENT_VARIABLE' as const, target });
  };
  const all = [...(given ?? []).map((secret) => wire(secret, 'CONTAINER')), ...(logConfiguration?.secretOptions ?? []).map((secret) => wire(secret, 'LOG_DRIVER'))];
  return all.length ? all : undefined;
}

function dockerConfig({ user, workingDirectory, hostname, pseudoTerminal, interactive, dockerLabels, healthCheck }: ContainerDefinition): DockerConfig {
  const nanoseconds = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * SECOND);
  return compact({
    User: user, WorkingDir: workingDirectory, Hostname: hostname, Tty: pseudoTerminal, OpenStdin: interactive, Labels: dockerLabels,
    Healthcheck: healthCheck && compact({
      Test: healthCheck.command ?? [], Interval: nanoseconds(healthCheck.interval ?? 30), Timeout: nanoseconds(healthCheck.timeout ?? 5),
      StartPeriod: nanoseconds(healthCheck.startPeriod), Retries: healthCheck.retries ?? 3,
    }),
  });
}

function dockerHostConfig(defined: ContainerDefinition, memory: number, reservation: number | undefined): DockerHostConfig {
  const { logConfiguration, linuxParameters } = defined;
  const pairs = (list: { namespace?: string | undefined; value?: string | undefined }[]) => Object.fromEntries(list.map(({ namespace, value }) => [namespace ?? '', value ?? '']));
  return compact({
    LogConfig: logConfiguration && compact({ Type: logConfiguration.logDriver ?? 'json-file', Config: logConfiguration.options }),
    MemoryReservation: reservation === undefined ? undefined : reservation * MIB,
    MemorySwap: linuxParameters?.maxSwap === undefined ? undefined : (memory + linuxParameters.maxSwap) * MIB,
    MemorySwappiness: linuxParameters?.swappiness,
    Ulimits: defined.ulimits?.map(({ name = '', softLimit = 0, hardLimit = 0 }) => ({ Name: name, Soft: softLimit, Hard: hardLimit })),
    ReadonlyRootfs: defined.readonlyRootFilesystem,
    ExtraHosts: defined.extraHosts?.map(({ hostname, ipAddress }) => `${hostname}:${ipAddress}`),
    Dns: defined.dnsServers, DnsSearch: defined.dnsSearchDomains, SecurityOpt: defined.dockerSecurityOptions,
    Sysctls: defined.systemControls?.length ? pairs(defined.systemControls) : undefined,
    Tmpfs: linuxParameters?.tmpfs && Object.fromEntries(linuxParameters.tmpfs.map(({ containerPath = '', size, mountOptions }) => [containerPath, [`size=${size}m`, ...(mountOptions ?? [])].join()])),
  });
}

function volume({ name = '', host, dockerVolumeConfiguration: docker, efsVolumeConfiguration, fsxWindowsFileServerVolumeConfiguration }: Volume): AcsVolume {
  if (docker) {
    return { name, type: 'docker', dockerVolumeConfiguration: compact({ scope: docker.scope ?? 'task' as const, autoprovision: docker.autoprovision, driver: docker.driver, driverOpts: docker.driverOpts, labels: docker.labels }) };
  }
  if (efsVolumeConfiguration) return { name, type: 'efs' };
  if (fsxWindowsFileServerVolumeConfiguration) return { name, type: 'fsxWindowsFileServer' };
  return { name, type: 'host', host: compact({ sourcePath: host?.sourcePath }) };
}
