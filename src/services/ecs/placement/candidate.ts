import type { ContainerInstance, Resources, Task } from '../records.ts';
import type { Subjects } from './query.ts';

/** An instance that could take tasks, with what is on it. */
export interface Candidate {
  instance: ContainerInstance;
  connected: boolean;
  /** Tasks that hold resources there. */
  tasks: { group: string; demand: Resources; awsvpc: boolean }[];
  /** How many network interfaces its type allows, the primary one included; absent where the type is not known. */
  interfaces?: number;
  /** Its capacity provider. */
  provider?: string;
}

export const ZONE = 'ecs.availability-zone';

export const zoneOf = (instance: Pick<ContainerInstance, 'attributes'>) => instance.attributes[ZONE] ?? undefined;

export const placedTask = (task: Task) => ({ group: task.group, demand: task.demand, awsvpc: task.attachment !== undefined });

/** Subjects of the cluster query language on a candidate. */
export function subjectsOf({ instance, connected, tasks }: Candidate): Subjects {
  return (subject) => {
    if (subject.startsWith('attribute:')) {
      const value = instance.attributes[subject.slice('attribute:'.length)];
      return value === undefined ? [] : [value ?? ''];
    }
    switch (subject) {
      case 'task:group': return [...new Set(tasks.map((task) => task.group))];
      case 'agentConnected': return [String(connected)];
      case 'agentVersion': return instance.versionInfo.agentVersion ? [instance.versionInfo.agentVersion] : [];
      case 'ec2InstanceId': return instance.ec2InstanceId ? [instance.ec2InstanceId] : [];
      case 'registeredAt': return [instance.registeredAt];
      case 'runningTasksCount': return [String(tasks.length)];
      default: return [];
    }
  };
}
