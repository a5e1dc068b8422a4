import type { ContainerOverride, TaskOverride } from '@aws-sdk/client-ecs';
import type { ContainerInstance, Resources, Task, TaskDefinition } from '../records.ts';

export const nothing: Resources = { cpu: 0, memory: 0, tcp: [], udp: [] };

/**
 * What a task takes of its instance: the task's own cpu and memory where it has them, else the sum over its containers (the soft limit of
 * memory counts where there is one), and the host ports that the definition fixes.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
export function demandOf(definition: TaskDefinition, overrides: TaskOverride = {}): Resources {
  const containers = definition.containerDefinitions.map((container) => {
    const override: Partial<ContainerOverride> = overrides.containerOverrides?.find((o) => o.name === container.name) ?? {};
    return {
      cpu: override.cpu ?? container.cpu ?? 0,
      memory: override.memoryReservation ?? container.memoryReservation ?? override.memory ?? container.memory ?? 0,
    };
  });
  const sum = (of: 'cpu' | 'memory') => containers.reduce((total, container) => total + container[of], 0);
  const cpu = overrides.cpu ?? definition.cpu;
  const memory = overrides.memory ?? definition.memory;
  const gpu = gpusOf(definition, overrides);
  return { cpu: cpu ? Number(cpu) : sum('cpu'), memory: memory ? Number(memory) : sum('memory'), ...(gpu && { gpu }), ...hostPorts(definition) };
}

function gpusOf(definition: TaskDefinition, overrides: TaskOverride): number {
  const required = definition.containerDefinitions.flatMap(({ name, resourceRequirements }) =>
    overrides.containerOverrides?.find((override) => override.name === name)?.resourceRequirements ?? resourceRequirements ?? []);
  return required.filter(({ type }) => type === 'GPU').reduce((total, { value }) => total + (Number(value) || 0), 0);
}

function hostPorts(definition: TaskDefinition): Pick<Resources, 'tcp' | 'udp'> {
  // A task in awsvpc mode has ports of its own.
  const mappings = definition.networkMode === 'awsvpc' ? [] : definition.containerDefinitions.flatMap((container) => container.portMappings ?? []);
  const ports = (protocol: string) => mappings.filter((m) => (m.protocol ?? 'tcp') === protocol && m.hostPort).map((m) => m.hostPort ?? 0);
  return { tcp: ports('tcp'), udp: ports('udp') };
}

/** A task gives back what it took once its containers have stopped. */
export const holdsResources = (task: Pick<Task, 'lastStatus'>) => task.lastStatus !== 'STOPPED' && task.lastStatus !== 'DEPROVISIONING';

/** Host ports that the agent chose for a task. */
export function boundPorts(task: Pick<Task, 'containers'>): Pick<Resources, 'tcp' | 'udp'> {
  const bindings = task.containers.filter((container) => container.lastStatus !== 'STOPPED').flatMap((container) => container.networkBindings);
  const ports = (protocol: string) => bindings.filter((b) => (b.protocol ?? 'tcp') === protocol && b.hostPort).map((b) => b.hostPort ?? 0);
  return { tcp: ports('tcp'), udp: ports('udp') };
}

/** What is left of an instance: cpu and memory that are free, ports that are taken. */
export function remaining(instance: Pick<ContainerInstance, 'registered'>, taken: Resources[]): Resources {
  const { registered } = instance;
  return {
    cpu: registered.cpu - taken.reduce((sum, demand) => sum + demand.cpu, 0),
    memory: registered.memory - taken.reduce((sum, demand) => sum + demand.memory, 0),
    tcp: [...new Set([...registered.tcp, ...taken.flatMap((demand) => demand.tcp)])],
    udp: [...new Set([...registered.udp, ...taken.flatMap((demand) => demand.udp)])],
  };
}

/** The first resource that does not suffice, in ECS's words. */
export function shortOf(left: Resources, demand: Resources): 'RESOURCE:CPU' | 'RESOURCE:MEMORY' | 'RESOURCE:GPU' | 'RESOURCE:PORTS' | undefined {
  if (demand.cpu > left.cpu) return 'RESOURCE:CPU';
  if (demand.memory > left.memory) return 'RESOURCE:MEMORY';
  if (demand.gpu) return 'RESOURCE:GPU';
  if (demand.tcp.some((port) => left.tcp.includes(port)) || demand.udp.some((port) => left.udp.includes(port))) return 'RESOURCE:PORTS';
  return undefined;
}
