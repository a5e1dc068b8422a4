/**
 * What the agent uses of the Container Runtime Interface v1 (k8s.io/cri-api), as @grpc/proto-loader gives it: camel case, enums by
 * name, 64-bit numbers as strings. Only the members that the agent sets or reads are here; the rest keep the proto's defaults.
 */

/** Nanoseconds since the epoch. */
type Nanoseconds = string;

export interface SandboxConfig {
  /** `uid` and `attempt` make it unique: containerd refuses a second one. */
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  hostname: string;
  logDirectory: string;
  dnsConfig?: { servers: string[]; searches: string[]; options: string[] };
  labels: Record<string, string>;
  linux: {
    cgroupParent: string;
    securityContext: { namespaceOptions: NamespaceOptions; privileged: boolean; seccomp?: SecurityProfile };
    sysctls?: Record<string, string>;
  };
}

export interface NamespaceOptions {
  network: 'POD' | 'NODE';
  pid: 'POD' | 'CONTAINER' | 'NODE';
  ipc: 'POD' | 'NODE';
}

export interface SecurityProfile {
  profileType: 'RuntimeDefault' | 'Unconfined';
}

export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  image: { image: string; userSpecifiedImage?: string };
  /** Docker's entrypoint, then Docker's command. */
  command: string[];
  args: string[];
  workingDir: string;
  envs: { key: string; value: Buffer }[];
  mounts: Mount[];
  devices: { containerPath: string; hostPath: string; permissions: string }[];
  labels: Record<string, string>;
  /** Below the sandbox's `logDirectory`. */
  logPath: string;
  tty: boolean;
  stdin: boolean;
  linux: {
    resources: LinuxResources;
    securityContext: {
      capabilities: { addCapabilities: string[]; dropCapabilities: string[] };
      privileged: boolean;
      namespaceOptions: NamespaceOptions;
      runAsUser?: { value: number };
      runAsGroup?: { value: number };
      runAsUsername?: string;
      readonlyRootfs: boolean;
      noNewPrivs?: boolean;
      maskedPaths: string[];
      readonlyPaths: string[];
      seccomp: SecurityProfile;
    };
  };
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  readonly: boolean;
}

export interface LinuxResources {
  cpuShares: number;
  cpuPeriod?: number;
  cpuQuota?: number;
  /** 0: no limit. */
  memoryLimitInBytes: number;
  /** cgroup v2 files by name. */
  unified?: Record<string, string>;
}

export interface Sandbox {
  id: string;
  metadata: SandboxConfig['metadata'];
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  labels: Record<string, string>;
}

export interface SandboxStatus extends Sandbox {
  /** Empty on the host's network. */
  address: string;
  /** `/var/run/netns/cni-…`; absent on the host's network. */
  netns?: string;
}

export type ContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';

export interface Container {
  id: string;
  podSandboxId: string;
  metadata: { name: string; attempt: number };
  state: ContainerState;
  labels: Record<string, string>;
}

export interface ContainerStatus {
  id: string;
  metadata: { name: string; attempt: number };
  state: ContainerState;
  createdAt: Nanoseconds;
  /** '0' while it has not. */
  startedAt: Nanoseconds;
  finishedAt: Nanoseconds;
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, `Unknown`. */
  reason: string;
  message: string;
  logPath: string;
  /** Process id in the runtime's PID namespace, 0 if it does not run. */
  pid: number;
}

export interface ContainerStats {
  cpu: { timestamp: Nanoseconds; usageCoreNanoSeconds: { value: string } | null } | null;
  memory: { usageBytes: { value: string } | null; workingSetBytes: { value: string } | null } | null;
}

export interface Image {
  /** `sha256:…` of the configuration. */
  id: string;
  repoTags: string[];
  /** `repository@sha256:…` */
  repoDigests: string[];
  size: string;
  pinned: boolean;
}

export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * The runtime, as the task engine sees it. Absent things are `undefined`, never errors; stopping and removing what is gone succeeds.
 * Everything else rejects with a `CriError`.
 */
export interface Cri {
  /** Whether it can run sandboxes, its network included; if not, why. */
  ready(): Promise<{ ready: boolean; version: string; reason?: unknown }>;
  runSandbox(config: SandboxConfig): Promise<string>;
  /** Kills what runs in it and frees its network. */
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  sandboxStatus(id: string): Promise<SandboxStatus | undefined>;
  listSandboxes(labels: Record<string, string>): Promise<Sandbox[]>;
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** The stop signal, then SIGKILL after `seconds`. Resolves once it is dead. */
  stopContainer(id: string, seconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus | undefined>;
  listContainers(labels: Record<string, string>): Promise<Container[]>;
  execSync(id: string, argv: string[], seconds: number): Promise<ExecResult>;
  containerStats(id: string): Promise<ContainerStats | undefined>;
  reopenLog(id: string): Promise<void>;
  /** Answers the image's reference: its id. */
  pullImage(image: string, auth?: { username: string; password: string }): Promise<string>;
  image(reference: string): Promise<Image | undefined>;
  images(): Promise<Image[]>;
  removeImage(id: string): Promise<void>;
  /** Calls back with labels whenever something happened to a container, until the signal; connects again by itself. */
  watch(onEvent: (labels: Record<string, string>) => void, signal: AbortSignal): void;
  close(): void;
}

/** A refusal of the runtime. `transient`: the runtime could not be asked, so nothing is known; try again. */
export class CriError extends Error {
  readonly code: string;
  readonly transient: boolean;

  constructor(code: string, message: string, transient: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'CriError';
    this.code = code;
    this.transient = transient;
  }
}
