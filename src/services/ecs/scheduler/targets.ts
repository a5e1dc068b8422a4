import type { Task } from '../records.ts';
import { sentences } from './events.ts';

/** What a service's events say of the targets of its tasks: those that come or go together in one sentence. Pure. */
export interface Told {
  events: string[];
  /** By task. */
  marks: Map<string, NonNullable<Task['told']>>;
}

export function tellTargets(tasks: Task[]): Told {
  const balanced = tasks.filter((task) => task.loadBalancers.length > 0);
  // Others are about to be registered: they are told of together.
  const coming = balanced.some((task) => task.lastStatus === 'ACTIVATING' && task.desiredStatus === 'RUNNING' && task.targets.length > 0);
  const registered = coming ? [] : balanced.filter((task) => task.told === undefined && task.startedAt !== undefined && task.targets.length > 0);
  const deregistered = balanced.filter((task) => task.told === 'registered' && task.targets.every((target) => target.deregisteredAt !== undefined));
  return {
    events: [...inGroups(deregistered, sentences.deregistered), ...inGroups(registered, sentences.registered)],
    marks: new Map([...registered.map((task) => [task.id, 'registered'] as const), ...deregistered.map((task) => [task.id, 'deregistered'] as const)]),
  };
}

function inGroups(tasks: Task[], sentence: (count: number, targetGroupArn: string) => string): string[] {
  const arns = tasks.flatMap((task) => [...new Set(task.loadBalancers.map(({ targetGroupArn = '' }) => targetGroupArn))]);
  return [...Map.groupBy(arns, (arn) => arn)].map(([arn, { length }]) => sentence(length, arn));
}
