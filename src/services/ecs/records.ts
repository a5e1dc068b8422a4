import type {
  CapacityProviderStrategyItem, ClusterConfiguration, ClusterSetting, Compatibility, ContainerDefinition, DeploymentConfiguration, EphemeralStorage, LoadBalancer, NetworkBinding,
  NetworkConfiguration, PlacementConstraint, PlacementStrategy, ProxyConfiguration, RuntimePlatform, ServiceDeploymentStatus, ServiceRegistry, TaskDefinitionPlacementConstraint, TaskOverride, Volume,
} from '@aws-sdk/client-ecs';
import { collection } from '../../control/collection.ts';

/**
 * What ECS keeps. Dates are ISO 8601; ids are the last part of ARNs (`arns.ts`); what AWS's shapes tell beside this (counts, remaining
 * resources, connectedness) is computed when answering.
 */

export type Tags = Record<string, string>;

export interface Cluster {
  name: string;
  status: 'ACTIVE' | 'INACTIVE';
  settings: ClusterSetting[];
  configuration?: ClusterConfiguration;
  serviceConnectNamespace?: string;
  capacityProviders: string[];
  defaultCapacityProviderStrategy: CapacityProviderStrategyItem[];
  tags: Tags;
}

/** Counts revisions; never deleted, so that a revision is given out once. */
export interface Family {
  latestRevision: number;
}

export interface TaskDefinition {
  family: string;
  revision: number;
  status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  containerDefinitions: ContainerDefinition[];
  volumes: Volume[];
  placementConstraints: TaskDefinitionPlacementConstraint[];
  /** Absent: the default, which is bridge. */
  networkMode?: 'bridge' | 'host' | 'awsvpc' | 'none';
  /** Normalised to units of 1/1024 vCPU and to MiB. */
  cpu?: string;
  memory?: string;
  taskRoleArn?: string;
  executionRoleArn?: string;
  pidMode?: 'host' | 'task';
  ipcMode?: 'host' | 'task' | 'none';
  requiresCompatibilities?: Compatibility[];
  compatibilities: Compatibility[];
  /** Attributes that an instance must have; computed. */
  requiresAttributes: string[];
  runtimePlatform?: RuntimePlatform;
  ephemeralStorage?: EphemeralStorage;
  proxyConfiguration?: ProxyConfiguration;
  enableFaultInjection?: boolean;
  registeredAt: string;
  registeredBy: string;
  deregisteredAt?: string;
  deleteRequestedAt?: string;
  tags: Tags;
}

/** CPU in 1/1024 vCPU, memory in MiB, ports that are taken or reserved. */
export interface Resources {
  cpu: number;
  memory: number;
  /** No instance has one. */
  gpu?: number;
  tcp: number[];
  udp: number[];
}

export interface ContainerInstance {
  id: string;
  cluster: string;
  ec2InstanceId?: string;
  /** The machine of a task on Fargate, which customers do not see; its id is the task's. */
  fargate?: true;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  /** Grows with each change, and with each task that is placed: a placement is a compare-and-set of this record. */
  version: number;
  registered: Resources;
  /** Values are absent where an attribute is a mere name. */
  attributes: Record<string, string | null>;
  versionInfo: { agentVersion?: string; agentHash?: string; dockerVersion?: string };
  registeredAt: string;
  deregisteredAt?: string;
  tags: Tags;
}

/** A web socket of an agent that lives; written with a lease by the process that holds it. */
export interface AgentConnection {
  session: string;
  since: string;
}

export type LaunchType = 'EC2' | 'FARGATE';
export type TaskStatus = 'PROVISIONING' | 'PENDING' | 'ACTIVATING' | 'RUNNING' | 'DEACTIVATING' | 'STOPPING' | 'DEPROVISIONING' | 'STOPPED';
export type StopCode = 'TaskFailedToStart' | 'EssentialContainerExited' | 'UserInitiated' | 'ServiceSchedulerInitiated' | 'TerminationNotice' | 'InfrastructureHealth';

export interface Task {
  id: string;
  cluster: string;
  /** `family:revision` */
  taskDefinition: string;
  /** The id of the container instance, on Fargate the task's own; absent while it waits for its capacity provider to grow. */
  containerInstance?: string;
  capacityProvider?: string;
  /** How it is to be placed once there is room. */
  waiting?: { constraints: PlacementConstraint[]; strategy: PlacementStrategy[] };
  availabilityZone?: string;
  launchType: LaunchType;
  group: string;
  /** For a service's task the id of its deployment. */
  startedBy?: string;
  desiredStatus: 'RUNNING' | 'STOPPED';
  lastStatus: TaskStatus;
  containers: TaskContainer[];
  /** What it takes of its instance. */
  demand: Resources;
  /** Of the task as a whole, if its definition or an override says so. */
  cpu?: string;
  memory?: string;
  overrides: TaskOverride;
  attachment?: NetworkAttachment;
  /** Of its service, as they were when it was started. */
  loadBalancers: LoadBalancer[];
  /** Targets that it has registered, or is about to, and not yet lost. */
  targets: Target[];
  /** Stable for the task's life; the agent serves credentials under them. */
  credentialIds?: { task?: string; execution?: string };
  /** What the agent has acknowledged. */
  acknowledged?: 'RUNNING' | 'STOPPED';
  /** What its service's events say of its targets. */
  told?: 'registered' | 'deregistered';
  /** The service's scheduler has taken note of its end. */
  accounted?: boolean;
  protectedUntil?: string;
  enableExecuteCommand: boolean;
  clientToken?: string;
  version: number;
  createdAt: string;
  /** Where that was later than its making. */
  placedAt?: string;
  pullStartedAt?: string;
  pullStoppedAt?: string;
  startedAt?: string;
  stoppingAt?: string;
  executionStoppedAt?: string;
  stoppedAt?: string;
  stopCode?: StopCode;
  stoppedReason?: string;
  tags: Tags;
}

export interface TaskContainer {
  id: string;
  name: string;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  runtimeId?: string;
  imageDigest?: string;
  exitCode?: number;
  reason?: string;
  networkBindings: NetworkBinding[];
  /** Only where the definition has a health check. */
  healthStatus?: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
}

/** The ENI of a task in awsvpc mode. */
export interface NetworkAttachment {
  id: string;
  status: 'PRECREATED' | 'ATTACHING' | 'ATTACHED' | 'DELETED';
  subnets: string[];
  securityGroups: string[];
  assignPublicIp: boolean;
  interface?: { id: string; subnetId: string; mac: string; address: string; privateDnsName: string };
}

export interface Target {
  targetGroupArn: string;
  id: string;
  port: number;
  /** When it was told to go; draining since. */
  deregisteredAt?: string;
}

export interface Service {
  name: string;
  cluster: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  schedulingStrategy: 'REPLICA' | 'DAEMON';
  desiredCount: number;
  taskDefinition: string;
  launchType?: LaunchType;
  capacityProviderStrategy?: CapacityProviderStrategyItem[];
  /** On Fargate alone: as it was given. */
  platformVersion?: string;
  deploymentConfiguration: DeploymentConfiguration & { maximumPercent: number; minimumHealthyPercent: number };
  /** The newest, PRIMARY, first. */
  deployments: Deployment[];
  /** What a rollback goes back to. */
  lastCompleted?: DeploymentSpec & Pick<Deployment, 'id'>;
  /** The id of its newest service deployment. */
  currentDeployment: string;
  loadBalancers: LoadBalancer[];
  serviceRegistries: ServiceRegistry[];
  placementConstraints: PlacementConstraint[];
  placementStrategy: PlacementStrategy[];
  networkConfiguration?: NetworkConfiguration;
  healthCheckGracePeriodSeconds?: number;
  role?: string;
  availabilityZoneRebalancing: 'ENABLED' | 'DISABLED';
  enableECSManagedTags: boolean;
  enableExecuteCommand: boolean;
  propagateTags: 'NONE' | 'SERVICE' | 'TASK_DEFINITION';
  /** Newest first, a hundred at most. */
  events: ServiceEvent[];
  /** Whether the newest event about its state said that it is steady. */
  steady: boolean;
  createdAt: string;
  createdBy: string;
  deletedAt?: string;
  clientToken?: string;
  tags: Tags;
}

/** What of a service is fixed for the tasks of one deployment. */
export interface DeploymentSpec {
  taskDefinition: string;
  networkConfiguration?: NetworkConfiguration;
}

export interface Deployment extends DeploymentSpec {
  /** `ecs-svc/` and digits, which are the id of its revision. */
  id: string;
  createdAt: string;
  updatedAt: string;
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  rolloutStateReason: string;
  /** Tasks that failed one after the other; 0 once one succeeded. */
  failedTasks: number;
  /** Failures that hold back the next start (`scheduler/throttle.ts`). */
  consecutiveFailures: number;
  /** No task is started before. */
  notBefore?: string;
  /** Goes back to an earlier revision, after so many failures of the one after it; the circuit breaker does not watch it. */
  rollback?: { failures: number };
}

/** What the tasks of a deployment are made of, for good. */
export interface ServiceRevision extends DeploymentSpec, Pick<Service, 'cluster' | 'launchType' | 'capacityProviderStrategy' | 'platformVersion' | 'loadBalancers' | 'serviceRegistries'> {
  /** Digits. */
  id: string;
  service: string;
  images: { containerName: string; image: string }[];
  createdAt: string;
}

/** One attempt to bring a service to a revision, as it went. Which tasks run is told by the service while it is open. */
export interface ServiceDeployment {
  id: string;
  cluster: string;
  service: string;
  /** Ids of revisions. */
  target: string;
  sources: string[];
  status: ServiceDeploymentStatus;
  statusReason?: string;
  deploymentConfiguration: Service['deploymentConfiguration'];
  rollback?: { reason: string; startedAt: string; revision: string };
  createdAt: string;
  updatedAt: string;
  startedAt?: string;
  finishedAt?: string;
  stoppedAt?: string;
  /** As things stood when it ended, or turned back. */
  breaker?: { failures: number; threshold: number };
  /** As things stood when it ended, by revision. */
  counts?: Record<string, TaskCounts>;
}

export interface TaskCounts {
  requested: number;
  running: number;
  pending: number;
}

export interface ServiceEvent {
  id: string;
  createdAt: string;
  message: string;
}

export interface AccountSetting {
  name: string;
  value: string;
  /** An ARN, or `root` for the account's default. */
  principal: string;
}

export interface CapacityProvider {
  name: string;
  status: 'ACTIVE' | 'INACTIVE';
  autoScalingGroupProvider: {
    autoScalingGroupArn: string;
    managedScaling: { status: 'ENABLED' | 'DISABLED'; targetCapacity: number; minimumScalingStepSize: number; maximumScalingStepSize: number; instanceWarmupPeriod: number };
    managedTerminationProtection: 'ENABLED' | 'DISABLED';
    managedDraining: 'ENABLED' | 'DISABLED';
  };
  /** Since when fewer instances than there are would do. */
  lowSince?: string;
  tags: Tags;
}

/** The machine of one task on Fargate. It comes to be step by step: record, interface, instance, container instance. */
export interface FargateMachine {
  /** `i-<17 hex>` */
  id: string;
  subnetId: string;
  zone: string;
  hostId: string;
  securityGroups: string[];
  /** Has a public address, as its task has one. */
  public: boolean;
  /** Its own: the task's, and more for what runs beside it. */
  vcpus: number;
  memoryMiB: number;
  createdAt: string;
  /** Once it has its interface, which is not the task's. */
  network?: { interfaceId: string; address: string };
}

/** What a ClientToken of RunTask was used for. */
export interface TokenUse {
  fingerprint: string;
  tasks: string[];
}

export const clusters = collection<Cluster>('ecs/cluster');
export const families = collection<Family>('ecs/family');
/** By family, then revision (ten digits, so that key order is revision order). */
export const taskDefinitions = collection<TaskDefinition>('ecs/task-definition');
/** By cluster, then id. */
export const containerInstances = collection<ContainerInstance>('ecs/container-instance');
export const agents = collection<AgentConnection>('ecs/agent');
export const tasks = collection<Task>('ecs/task');
/** By cluster, then the id of its task. */
export const fargateMachines = collection<FargateMachine>('ecs/fargate-machine');
/** By cluster, then name. */
export const services = collection<Service>('ecs/service');
/** By cluster, service and id. */
export const serviceRevisions = collection<ServiceRevision>('ecs/service-revision');
export const serviceDeployments = collection<ServiceDeployment>('ecs/service-deployment');
/** By principal, then name. */
export const accountSettings = collection<AccountSetting>('ecs/account-setting');
export const capacityProviders = collection<CapacityProvider>('ecs/capacity-provider');
/** By cluster, then token. */
export const clientTokens = collection<TokenUse>('ecs/client-token');

export const taskDefinitionKey = (family: string, revision: number): [string, string] => [family, String(revision).padStart(10, '0')];

/** A record with everything that is undefined left out, so that what is stored reads back the same. */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
