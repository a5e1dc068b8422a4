import type { LoadBalancer, NetworkConfiguration, TaskOverride } from '@aws-sdk/client-ecs';
import type { Env } from '../../../control/service.ts';
import { newId, newUuid } from '../arns.ts';
import { zoneOf } from '../placement/candidate.ts';
import { demandOf } from '../placement/resources.ts';
import { compact, type ContainerInstance, type Tags, type Task, type TaskDefinition } from '../records.ts';

/** What tasks started together have in common. */
export interface TaskSpec {
  cluster: string;
  definition: TaskDefinition;
  group: string;
  startedBy?: string;
  overrides: TaskOverride;
  networkConfiguration?: NetworkConfiguration | undefined;
  loadBalancers: LoadBalancer[];
  enableExecuteCommand: boolean;
  clientToken?: string;
  tags: Tags;
}

export interface TaskCapacity extends Pick<Task, 'capacityProvider' | 'waiting'> {
  /** On Fargate: where it may run, the place that is liked best first. */
  fargate?: { subnetId: string; zone: string }[];
}

/** A task's record as it is when it has just found its instance, or begins to wait for one (on Fargate: for its machine). */
export function newTask(env: Env, spec: TaskSpec, instance: ContainerInstance | undefined, { fargate, ...capacity }: TaskCapacity = {}): Task {
  const { definition, overrides } = spec;
  const id = newId(env);
  const roles = { task: overrides.taskRoleArn ?? definition.taskRoleArn, execution: overrides.executionRoleArn ?? definition.executionRoleArn };
  const network = definition.networkMode === 'awsvpc' ? spec.networkConfiguration?.awsvpcConfiguration : undefined;
  const containers = definition.containerDefinitions.map((container) => ({
    id: newUuid(env), name: container.name ?? '', lastStatus: 'PENDING' as const, networkBindings: [],
    ...(hasHealthCheck(container.healthCheck?.command) && { healthStatus: 'UNKNOWN' as const }),
  }));
  return compact({
    id, cluster: spec.cluster, taskDefinition: `${definition.family}:${definition.revision}`, containerInstance: fargate ? id : instance?.id,
    availabilityZone: fargate ? fargate[0]?.zone : instance && zoneOf(instance), ...capacity, launchType: fargate ? 'FARGATE' as const : 'EC2' as const, group: spec.group, startedBy: spec.startedBy,
    desiredStatus: 'RUNNING' as const, lastStatus: network || !instance ? 'PROVISIONING' as const : 'PENDING' as const, containers, demand: demandOf(definition, overrides),
    cpu: overrides.cpu ?? definition.cpu, memory: overrides.memory ?? definition.memory, overrides,
    attachment: network && {
      id: newUuid(env), status: 'PRECREATED' as const, subnets: fargate?.map(({ subnetId }) => subnetId) ?? network.subnets ?? [], securityGroups: network.securityGroups ?? [],
      assignPublicIp: network.assignPublicIp === 'ENABLED',
    },
    loadBalancers: spec.loadBalancers, targets: [],
    credentialIds: roles.task || roles.execution ? compact({ task: roles.task && newUuid(env), execution: roles.execution && newUuid(env) }) : undefined,
    enableExecuteCommand: spec.enableExecuteCommand, clientToken: spec.clientToken, version: 1, createdAt: env.now().toISOString(), tags: spec.tags,
  });
}

const hasHealthCheck = (command: string[] | undefined) => command !== undefined && command[0] !== 'NONE';
