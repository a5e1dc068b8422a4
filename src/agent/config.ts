import { readFileSync } from 'node:fs';

/**
 * Settings, as AWS's agent reads them: `/etc/ecs/ecs.config` (`NAME=value` lines), overridden by the environment. Names and defaults are
 * those of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html.
 */
export interface Config {
  cluster: string;
  /** Custom attributes, registered once with a new container instance. */
  instanceAttributes: Record<string, string>;
  instanceTags: Record<string, string>;
  /** MiB kept back from tasks. */
  reservedMemory: number;
  reservedPorts: number[];
  reservedPortsUdp: number[];
  availableLoggingDrivers: string[];
  containerStopTimeoutMs: number;
  taskCleanupWaitMs: number;
  imagePullBehavior: 'default' | 'always' | 'once' | 'prefer-cached';
  imageCleanup: { disabled: boolean; intervalMs: number; minimumAgeMs: number; imagesPerCycle: number };
  privilegedDisabled: boolean;
  /** Tasks in awsvpc mode do not reach the instance metadata service. */
  awsvpcBlockMetadata: boolean;
  dynamicHostPorts: { first: number; last: number };
  dataDir: string;
  logDir: string;
  containerdSocket: string;
  cniBinDir: string;
  cniConfDir: string;
  /** The cgroup of all tasks, below each controller's root. */
  cgroupParent: string;
}

export function loadConfig(file = '/etc/ecs/ecs.config', environment: NodeJS.ProcessEnv = process.env): Config {
  return readConfig({ ...parseConfig(readOrEmpty(file)), ...environment });
}

/** As an env file: comments and blank lines are skipped, the last of several lines of one name counts, quotes are taken off. */
export function parseConfig(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name) settings[name] = value.replace(/^(["'])(.*)\1$/, '$2');
  }
  return settings;
}

export function readConfig(env: Record<string, string | undefined>): Config {
  const on = (name: string) => /^(true|1|t)$/i.test(env[name] ?? '');
  return {
    cluster: env.ECS_CLUSTER || 'default',
    instanceAttributes: json(env.ECS_INSTANCE_ATTRIBUTES, {}),
    instanceTags: json(env.ECS_CONTAINER_INSTANCE_TAGS, {}),
    reservedMemory: Number(env.ECS_RESERVED_MEMORY) || 0,
    reservedPorts: json(env.ECS_RESERVED_PORTS, [22, 2375, 2376, 51678, 51679]),
    reservedPortsUdp: json(env.ECS_RESERVED_PORTS_UDP, []),
    availableLoggingDrivers: json(env.ECS_AVAILABLE_LOGGING_DRIVERS, ['json-file', 'awslogs', 'none']),
    containerStopTimeoutMs: atLeast(1_000, milliseconds(env.ECS_CONTAINER_STOP_TIMEOUT) ?? 30_000),
    taskCleanupWaitMs: atLeast(1_000, milliseconds(env.ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION) ?? 3 * 3_600_000),
    imagePullBehavior: pullBehavior(env.ECS_IMAGE_PULL_BEHAVIOR),
    imageCleanup: {
      disabled: on('ECS_DISABLE_IMAGE_CLEANUP'),
      intervalMs: atLeast(60_000, milliseconds(env.ECS_IMAGE_CLEANUP_INTERVAL) ?? 1_800_000),
      minimumAgeMs: milliseconds(env.ECS_IMAGE_MINIMUM_CLEANUP_AGE) ?? 3_600_000,
      imagesPerCycle: Number(env.ECS_NUM_IMAGES_DELETE_PER_CYCLE) || 5,
    },
    privilegedDisabled: on('ECS_DISABLE_PRIVILEGED'),
    awsvpcBlockMetadata: on('ECS_AWSVPC_BLOCK_IMDS'),
    dynamicHostPorts: portRange(env.ECS_DYNAMIC_HOST_PORT_RANGE),
    dataDir: env.ECS_DATADIR || '/var/lib/ecs',
    logDir: env.ECS_LOGDIR || '/var/log/ecs',
    containerdSocket: env.GANTRY_CONTAINERD_SOCKET || '/run/containerd/containerd.sock',
    cniBinDir: env.ECS_CNI_PLUGINS_PATH || '/opt/cni/bin',
    cniConfDir: env.GANTRY_CNI_CONF_DIR || '/etc/cni/net.d',
    cgroupParent: env.GANTRY_TASK_CGROUP || '/ecs',
  };
}

/** A Go duration: `30s`, `1h30m`, `500ms`. */
export function milliseconds(text: string | undefined): number | undefined {
  if (!text || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit as keyof typeof units], 0);
}

const atLeast = (least: number, value: number) => Math.max(least, value);

function json<T>(text: string | undefined, absent: T): T {
  if (!text) return absent;
  try {
    return JSON.parse(text) as T;
  } catch {
    return absent;
  }
}

function pullBehavior(text = ''): Config['imagePullBehavior'] {
  return text === 'always' || text === 'once' || text === 'prefer-cached' ? text : 'default';
}

function portRange(text = ''): Config['dynamicHostPorts'] {
  const [first, last] = text.split('-').map(Number);
  return first && last && first <= last ? { first, last } : { first: 32768, last: 60999 };
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
