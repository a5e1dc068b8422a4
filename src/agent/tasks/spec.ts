import type { AcsContainer, AcsContainerOverrides, DockerConfig, DockerHostConfig } from '../../wire/acs.ts';
import type { ContainerConfig, Mount, NamespaceOptions, SandboxConfig } from '../cri/types.ts';
import { CONTAINER_LABEL, SANDBOX_LABEL, TASK_LABEL, hostName, networkMode, taskId } from '../names.ts';
import type { TaskRecord } from '../state.ts';

/** What the runtime is asked for, made from what the task definition says. Pure. */

export const dockerConfig = (container: AcsContainer) => JSON.parse(container.dockerConfig?.config ?? '{}') as DockerConfig;
export const dockerHostConfig = (container: AcsContainer) => JSON.parse(container.dockerConfig?.hostConfig ?? '{}') as DockerHostConfig;

interface Places {
  logDir: string;
  /** Below each controller's root. */
  cgroupParent: string;
}

export const logFileOf = (container: string, attempt: number) => `${container}.${attempt}.log`;

export function sandboxConfig(record: TaskRecord, sandbox: string, places: Places): SandboxConfig {
  const { task } = record;
  const containers = task.containers.filter(({ name }) => networkMode(record) !== 'bridge' || name === sandbox);
  const hosts = containers.map(dockerHostConfig);
  const eni = task.elasticNetworkInterfaces?.[0];
  const servers = hosts.flatMap((host) => host.Dns ?? []);
  const searches = hosts.flatMap((host) => host.DnsSearch ?? []);
  const sysctls = Object.assign({}, ...hosts.map((host) => host.Sysctls ?? {})) as Record<string, string>;
  const dns = { servers: servers.length ? servers : (eni?.domainNameServers ?? []), searches: searches.length ? searches : (eni?.domainName ?? []), options: [] };
  return {
    metadata: { name: sandbox, uid: taskId(task.arn), namespace: 'ecs', attempt: record.sandboxes[sandbox]!.attempt },
    hostname: networkMode(record) === 'host' ? '' : sandboxHostName(record, sandbox, containers),
    logDirectory: `${places.logDir}/tasks/${taskId(task.arn)}`,
    ...(dns.servers.length || dns.searches.length ? { dnsConfig: dns } : {}),
    labels: { [TASK_LABEL]: task.arn, [SANDBOX_LABEL]: sandbox },
    linux: {
      cgroupParent: `${places.cgroupParent}/${taskId(task.arn)}`,
      securityContext: { namespaceOptions: namespaces(record), privileged: containers.some(({ privileged }) => privileged), seccomp: { profileType: 'RuntimeDefault' } },
      ...(networkMode(record) === 'host' ? {} : { sysctls }),
    },
  };
}

export function sandboxHostName(record: TaskRecord, sandbox: string, containers = record.task.containers): string {
  const given = containers.map((container) => dockerConfig(container).Hostname).find(Boolean);
  return given ?? record.task.elasticNetworkInterfaces?.[0]?.privateDnsName?.split('.')[0] ?? hostName(record, sandbox);
}

/** Where a container wants an init process (`initProcessEnabled`), its sandbox's is one: it takes signals and orphans from the program. */
function namespaces({ task }: TaskRecord, container?: AcsContainer): NamespaceOptions {
  const shared = task.pidMode === 'task' || container?.linuxParameters?.initProcessEnabled;
  return {
    network: task.networkMode === 'host' ? 'NODE' : 'POD',
    pid: task.pidMode === 'host' ? 'NODE' : shared ? 'POD' : 'CONTAINER',
    ipc: task.ipcMode === 'host' ? 'NODE' : 'POD',
  };
}

/** Docker's defaults; the CRI has none. */
const MASKED = ['asound', 'acpi', 'interrupts', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi'].map((name) => `/proc/${name}`);
const READONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);

export function containerConfig(record: TaskRecord, container: AcsContainer, given: { environment: Record<string, string>; mounts: Mount[]; image: string }): ContainerConfig {
  const docker = dockerConfig(container);
  const host = dockerHostConfig(container);
  const state = record.containers[container.name]!;
  const capabilities = container.linuxParameters?.capabilities;
  return {
    metadata: { name: container.name, attempt: state.attempt },
    image: { image: given.image, userSpecifiedImage: container.image },
    command: container.entryPoint ?? [],
    args: overrides(container).command ?? container.command ?? [],
    workingDir: docker.WorkingDir ?? '',
    envs: Object.entries(given.environment).map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: given.mounts,
    devices: (container.linuxParameters?.devices ?? []).map((device) => ({
      hostPath: device.hostPath,
      containerPath: device.containerPath || device.hostPath,
      permissions: (device.permissions ?? ['read', 'write', 'mknod']).map((permission) => permission[0]).join(''),
    })),
    labels: { ...docker.Labels, [TASK_LABEL]: record.task.arn, [CONTAINER_LABEL]: container.name },
    logPath: logFileOf(container.name, state.attempt),
    tty: docker.Tty ?? false,
    stdin: docker.OpenStdin ?? false,
    linux: {
      resources: {
        // 0 and 1 are handed on as 2, the least that the kernel takes (AWS's agent since 1.2.0).
        cpuShares: Math.max(2, container.cpu),
        memoryLimitInBytes: container.memory * 2 ** 20,
        ...(host.MemoryReservation ? { unified: { 'memory.low': String(host.MemoryReservation) } } : {}),
      },
      securityContext: {
        capabilities: {
          addCapabilities: bare([...(capabilities?.add ?? []), ...(host.CapAdd ?? [])]),
          dropCapabilities: bare([...(capabilities?.drop ?? []), ...(host.CapDrop ?? [])]),
        },
        privileged: container.privileged ?? false,
        namespaceOptions: namespaces(record, container),
        ...user(docker.User),
        readonlyRootfs: host.ReadonlyRootfs ?? false,
        noNewPrivs: host.SecurityOpt?.some((option) => /^no-new-privileges(:true)?$/.test(option)) ?? false,
        maskedPaths: container.privileged ? [] : [...MASKED, '/sys/firmware', '/sys/devices/virtual/powercap'],
        readonlyPaths: container.privileged ? [] : READONLY,
        seccomp: { profileType: container.privileged ? 'Unconfined' : 'RuntimeDefault' },
      },
    },
  };
}

const bare = (names: string[]) => names.map((name) => name.replace(/^CAP_/, ''));

/** `user`, `user:group`, `uid`, `uid:gid`, as Docker takes them. */
function user(text = ''): { runAsUser?: { value: number }; runAsGroup?: { value: number }; runAsUsername?: string } {
  const [name = '', group = ''] = text.split(':');
  if (!name) return {};
  return {
    ...(/^\d+$/.test(name) ? { runAsUser: { value: Number(name) } } : { runAsUsername: name }),
    ...(/^\d+$/.test(group) ? { runAsGroup: { value: Number(group) } } : {}),
  };
}

/** Overrides come as JSON in a string, from some control planes as an object. */
function overrides(container: AcsContainer): AcsContainerOverrides {
  const given: unknown = container.overrides ?? {};
  return (typeof given === 'string' ? (given ? JSON.parse(given) : {}) : given) as AcsContainerOverrides;
}

/** The environment that the agent adds; a task definition's own values win. */
export function environment(record: TaskRecord, container: AcsContainer, instance: { region: string; endpointUrl?: string }, secrets: Record<string, string>): Record<string, string> {
  const { metadataId } = record.containers[container.name]!;
  const role = record.task.roleCredentials;
  return {
    AWS_EXECUTION_ENV: record.task.launchType === 'FARGATE' ? 'AWS_ECS_FARGATE' : 'AWS_ECS_EC2',
    AWS_REGION: instance.region,
    AWS_DEFAULT_REGION: instance.region,
    // Not AWS's: here a program finds the cloud that it runs in by this name.
    ...(instance.endpointUrl ? { AWS_ENDPOINT_URL: instance.endpointUrl } : {}),
    ECS_CONTAINER_METADATA_URI: `http://169.254.170.2/v3/${metadataId}`,
    ECS_CONTAINER_METADATA_URI_V4: `http://169.254.170.2/v4/${metadataId}`,
    ...(role ? { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/v2/credentials/${role.credentialsId}` } : {}),
    ...container.environment,
    ...secrets,
  };
}

/** /etc/hosts of a container: its own name, its links, its extra hosts. */
export function hostsFile(record: TaskRecord, container: AcsContainer, sandbox: string): string {
  const own = record.task.elasticNetworkInterfaces?.[0]?.ipv4Addresses.find(({ primary }) => primary)?.privateAddress ?? record.sandboxes[sandbox]?.address;
  const links = (container.links ?? []).map((link) => {
    const [name = '', alias = name] = link.split(':');
    return [record.sandboxes[name]?.address, [...new Set([alias, name])].join(' ')];
  });
  const extra = (dockerHostConfig(container).ExtraHosts ?? []).map((entry) => {
    const colon = entry.indexOf(':');
    return [entry.slice(colon + 1), entry.slice(0, colon)];
  });
  const containers = record.task.containers.filter(({ name }) => networkMode(record) !== 'bridge' || name === sandbox);
  const lines = [['127.0.0.1', 'localhost'], ['::1', 'localhost ip6-localhost ip6-loopback'], [own, sandboxHostName(record, sandbox, containers)], ...links, ...extra];
  return lines.filter(([address]) => address).map(([address, names]) => `${address}\t${names}\n`).join('');
}
