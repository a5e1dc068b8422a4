/**
 * The ECS agent's protocol with the control plane (ACS, the Agent Communication Service), version 2: AWS's own messages, after
 * ecs-agent/acs/model/api/api-2.json of github.com/aws/amazon-ecs-agent, so that either side could be AWS's.
 *
 * The agent asks ecs:DiscoverPollEndpoint, then opens `ws(s)://<endpoint>/ws?<AcsQuery>`; the upgrade request is signed with SigV4
 * (service `ecs`). Each text frame is `{"type":"PayloadMessage","message":{…}}`. Nothing in the other direction but acknowledgements:
 * states go through ecs:SubmitTaskStateChange, SubmitContainerStateChange, SubmitAttachmentStateChanges.
 *
 * Times are epoch milliseconds; memory is MiB; CPU is 1024 a vCPU. All members are optional on the wire unless said otherwise here.
 */

/** The query of the web socket's URL, all strings. `seqNum` is always 1, `protocolVersion` 2. */
export interface AcsQuery {
  agentHash: string;
  agentVersion: string;
  clusterArn: string;
  containerInstanceArn: string;
  dockerVersion?: string;
  protocolVersion: string;
  sendCredentials: 'true' | 'false';
  seqNum: string;
}

/** From the control plane to the agent, by the name in `type`. */
export interface AcsMessages {
  PayloadMessage: PayloadMessage;
  HeartbeatMessage: HeartbeatMessage;
  AttachTaskNetworkInterfacesMessage: AttachTaskNetworkInterfacesMessage;
  IAMRoleCredentialsMessage: IAMRoleCredentialsMessage;
  TaskManifestMessage: TaskManifestMessage;
  /** The answer to the agent's TaskStopVerificationMessage. */
  TaskStopVerificationAck: TaskStopVerificationAck;
  /** The connection is about to be closed; connect again at once. */
  CloseMessage: { message?: string };
  ErrorMessage: { message?: string };
  /** The instance was deregistered. */
  InactiveInstanceException: { message?: string };
  InvalidInstanceException: { message?: string };
  InvalidClusterException: { message?: string };
  AccessDeniedException: { message?: string };
  BadRequestException: { message?: string };
  ServerException: { message?: string };
}

/** From the agent to the control plane. */
export interface AcsReplies {
  AckRequest: AckRequest;
  NackRequest: AckRequest & { reason: string };
  HeartbeatAckRequest: { messageId: string };
  IAMRoleCredentialsAckRequest: { messageId: string; expiration: string; credentialsId: string };
  TaskStopVerificationMessage: TaskStopVerificationMessage;
}

export type AcsMessage = { [K in keyof AcsMessages]: { type: K; message: AcsMessages[K] } }[keyof AcsMessages];
export type AcsReply = { [K in keyof AcsReplies]: { type: K; message: AcsReplies[K] } }[keyof AcsReplies];

/** Acknowledges PayloadMessage, AttachTaskNetworkInterfacesMessage and TaskManifestMessage. ARNs as the message carried them. */
export interface AckRequest {
  cluster: string;
  containerInstance: string;
  messageId: string;
}

/** At least one a minute; an agent that hears nothing for a minute connects again. */
export interface HeartbeatMessage {
  healthy: boolean;
  messageId: string;
}

/**
 * Tasks to start or stop. Sent again until acknowledged, so that the agent may see one twice; a task ARN is started once for all.
 * `seqNum` grows with each payload of the instance; a start waits until the stops of smaller numbers are done.
 */
export interface PayloadMessage {
  clusterArn: string;
  containerInstanceArn: string;
  messageId: string;
  generatedAt?: number;
  seqNum: number;
  tasks: AcsTask[];
}

export interface AcsTask {
  arn: string;
  taskClusterArn?: string;
  family: string;
  /** Revision of the task definition. */
  version: string;
  desiredStatus: 'RUNNING' | 'STOPPED';
  /** The task role and the execution role. */
  roleCredentials?: IAMRoleCredentials;
  executionRoleCredentials?: IAMRoleCredentials;
  /** The task's own limits, where the task definition has them: vCPUs (0.25), MiB. */
  cpu?: number;
  memory?: number;
  networkMode?: 'bridge' | 'host' | 'awsvpc' | 'none';
  pidMode?: 'host' | 'task' | '';
  ipcMode?: 'host' | 'task' | 'none' | '';
  /** awsvpc only, one. */
  elasticNetworkInterfaces?: AcsNetworkInterface[];
  containers: AcsContainer[];
  volumes?: AcsVolume[];
  launchType?: string;
  serviceName?: string;
  group?: string;
  overrides?: string;
  taskDefinitionAccountId?: string;
}

export interface AcsContainer {
  name: string;
  containerArn: string;
  image: string;
  essential: boolean;
  /** CPU units (shares) and MiB (hard limit; 0 for none, the soft one is in `hostConfig`). */
  cpu: number;
  memory: number;
  command?: string[];
  entryPoint?: string[];
  /** Environment of the task definition with the overrides' merged in. */
  environment?: Record<string, string>;
  /** JSON of `AcsContainerOverrides`. */
  overrides?: string;
  portMappings?: AcsPortMapping[];
  mountPoints?: { sourceVolume: string; containerPath: string; readOnly?: boolean }[];
  volumesFrom?: { sourceContainer: string; readOnly?: boolean }[];
  links?: string[];
  privileged?: boolean;
  linuxParameters?: {
    capabilities?: { add?: string[]; drop?: string[] };
    devices?: { hostPath: string; containerPath?: string; permissions?: ('read' | 'write' | 'mknod')[] }[];
    initProcessEnabled?: boolean;
    /** MiB. */
    sharedMemorySize?: number;
  };
  /** `docker` where `dockerConfig.config` has a Healthcheck. */
  healthCheckType?: 'docker';
  registryAuthentication?: { type: 'ecr'; ecrAuthData: AcsEcrAuthData } | { type: 'asm'; asmAuthData: { credentialsParameter: string; region: string } };
  /** The log driver's credentials are the execution role's. */
  logsAuthStrategy?: 'ExecutionRole';
  secrets?: AcsSecret[];
  dependsOn?: { containerName: string; condition: 'START' | 'HEALTHY' | 'COMPLETE' | 'SUCCESS' }[];
  /** Seconds. */
  startTimeout?: number;
  stopTimeout?: number;
  restartPolicy?: { enabled: boolean; ignoredExitCodes?: number[]; restartAttemptPeriod?: number };
  dockerConfig?: {
    version?: string;
    /** JSON of `DockerConfig`. */
    config?: string;
    /** JSON of `DockerHostConfig`. */
    hostConfig?: string;
  };
}

export interface AcsContainerOverrides {
  command?: string[];
}

/** hostPort 0: the agent picks a free one of 32768-60999 and reports it in `networkBindings`. */
export interface AcsPortMapping {
  containerPort: number;
  hostPort: number;
  protocol: 'tcp' | 'udp';
}

export interface AcsEcrAuthData {
  /** The account whose registry it is. */
  registryId: string;
  region: string;
  endpointOverride?: string;
  /** Ask for the token with the execution role's credentials, not the instance's. */
  useExecutionRole?: boolean;
}

export interface AcsSecret {
  name: string;
  valueFrom: string;
  provider: 'ssm' | 'asm';
  region?: string;
  type?: 'ENVIRONMENT_VARIABLE' | 'MOUNT_POINT' | 'BOOTSTRAP';
  target?: 'CONTAINER' | 'LOG_DRIVER';
}

/** What of a container's task definition has no member of its own: the Docker Engine API's container configuration. */
export interface DockerConfig {
  User?: string;
  WorkingDir?: string;
  Hostname?: string;
  Tty?: boolean;
  OpenStdin?: boolean;
  Labels?: Record<string, string>;
  /** `Test` is `["CMD", …]`, `["CMD-SHELL", "…"]` or `["NONE"]`; times in nanoseconds. */
  Healthcheck?: { Test: string[]; Interval?: number; Timeout?: number; StartPeriod?: number; Retries?: number };
}

/** The Docker Engine API's HostConfig. */
export interface DockerHostConfig {
  LogConfig?: {
    /** awslogs, json-file … */
    Type: string;
    /** awslogs-group, awslogs-region, awslogs-stream-prefix (or awslogs-stream in full), awslogs-create-group, mode … */
    Config?: Record<string, string>;
  };
  /** Bytes. */
  MemoryReservation?: number;
  /** Bytes, memory and swap together; -1 for no limit of swap. */
  MemorySwap?: number;
  MemorySwappiness?: number;
  Ulimits?: { Name: string; Soft: number; Hard: number }[];
  ReadonlyRootfs?: boolean;
  /** `name:address` */
  ExtraHosts?: string[];
  Dns?: string[];
  DnsSearch?: string[];
  SecurityOpt?: string[];
  Sysctls?: Record<string, string>;
  /** Mount options by path: `size=64m,noexec`. */
  Tmpfs?: Record<string, string>;
  CapAdd?: string[];
  CapDrop?: string[];
}

/** Volumes of a task. `host` without `sourcePath`: an empty folder that lives as long as the task. */
export type AcsVolume =
  | { name: string; type?: 'host'; host: { sourcePath?: string } }
  | {
      name: string;
      type: 'docker';
      dockerVolumeConfiguration: {
        scope: 'task' | 'shared';
        autoprovision?: boolean;
        driver?: string;
        driverOpts?: Record<string, string>;
        labels?: Record<string, string>;
      };
    }
  | { name: string; type: 'efs' | 'ebs' | 'fsxWindowsFileServer' };

export interface IAMRoleCredentials {
  credentialsId: string;
  roleArn: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** ISO 8601. */
  expiration: string;
}

/** Fresh credentials of a task that runs, sent well before the old ones expire. */
export interface IAMRoleCredentialsMessage {
  taskArn: string;
  taskClusterArn?: string;
  messageId: string;
  roleType: 'TaskApplication' | 'TaskExecution';
  roleCredentials: IAMRoleCredentials;
}

/**
 * An ENI is being attached to the instance for an awsvpc task. The agent acknowledges, waits for a link with that MAC, and submits
 * the attachment as ATTACHED (SubmitTaskStateChange with `attachments`); the task itself comes in a PayloadMessage after that.
 */
export interface AttachTaskNetworkInterfacesMessage {
  clusterArn: string;
  containerInstanceArn: string;
  taskArn: string;
  taskClusterArn?: string;
  messageId: string;
  generatedAt?: number;
  /** How long the agent is to wait for the link. */
  waitTimeoutMs: number;
  elasticNetworkInterfaces: AcsNetworkInterface[];
}

export interface AcsNetworkInterface {
  attachmentArn: string;
  /** `eni-…` */
  ec2Id: string;
  macAddress: string;
  index?: number;
  interfaceAssociationProtocol?: 'default';
  ipv4Addresses: { privateAddress: string; primary: boolean }[];
  /** `172.31.0.1/20`: the subnet's router with the subnet's prefix. */
  subnetGatewayIpv4Address: string;
  domainNameServers?: string[];
  domainName?: string[];
  privateDnsName?: string;
}

/**
 * All tasks that the control plane knows on the instance, sent at each connection. `timeline` is a sequence number as in payloads; a
 * manifest that is not newer than the newest payload is ignored. The agent asks back about tasks of its own that are not in it.
 */
export interface TaskManifestMessage {
  clusterArn: string;
  containerInstanceArn: string;
  messageId: string;
  generatedAt?: number;
  timeline: number;
  tasks: TaskIdentifier[];
}

export interface TaskIdentifier {
  taskArn: string;
  taskClusterArn?: string;
  desiredStatus: string;
}

/** messageId is the manifest's. */
export interface TaskStopVerificationMessage {
  messageId: string;
  stopCandidates: TaskIdentifier[];
}

/** Those of the candidates that are to stop. */
export interface TaskStopVerificationAck {
  messageId: string;
  generatedAt?: number;
  stopTasks: TaskIdentifier[];
}

/** In the query of the connection. */
export const ACS_PROTOCOL_VERSION = 2;
