import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { idIn, taskArn } from '../arns.ts';
import { invalid } from '../errors.ts';
import { requireCluster } from '../lookups.ts';
import { tasks, type Task } from '../records.ts';
import { changed, isProtected } from '../tasks/state.ts';
import { clusterCondition } from './clusters.ts';

const MOST_MINUTES = 2880;
const DEFAULT_MINUTES = 120;

function shape(context: RequestContext, task: Task): Sdk.ProtectedTask {
  const on = isProtected(task, context.now());
  return { taskArn: taskArn(context, task), protectionEnabled: on, ...(on && task.protectedUntil && { expirationDate: new Date(task.protectedUntil) }) };
}

const arnsOf = (context: RequestContext, cluster: string | undefined, given: string[] | undefined) =>
  (given ?? []).map((task) => (task.startsWith('arn:') ? task : taskArn(context, { cluster: cluster?.split('/').at(-1) || 'default', id: task })));

/** Scale-in protection: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html */
export const taskProtectionOperations = {
  UpdateTaskProtection: {
    resources: (input, context) => arnsOf(context, input.cluster, input.tasks),
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value.name;
      const given = input.tasks ?? [];
      if (!given.length || given.length > 10) throw invalid('tasks must have between 1 and 10 elements.');
      const minutes = input.expiresInMinutes ?? DEFAULT_MINUTES;
      if (minutes < 1 || minutes > MOST_MINUTES) throw invalid(`expiresInMinutes must be between 1 and ${MOST_MINUTES}.`);
      const until = new Date(context.now().getTime() + minutes * 60_000).toISOString();
      const protectedTasks: Sdk.ProtectedTask[] = [];
      const failures: Sdk.Failure[] = [];
      for (const one of given) {
        const id = idIn(context, cluster, 'task', one);
        const arn = taskArn(context, { cluster, id });
        let why: Sdk.Failure | undefined;
        const next = await tasks.update(context.store, tasks.key(context, cluster, id), (task) => {
          why = refusal(task, arn);
          if (why) return undefined;
          const { protectedUntil: _, ...rest } = task;
          return changed(input.protectionEnabled ? { ...task, protectedUntil: until } : rest, {});
        });
        if (next && !why) protectedTasks.push(shape(context, next));
        else failures.push(why ?? { arn, reason: 'MISSING', detail: 'Task was not found.' });
      }
      return { protectedTasks, failures };
    },
  },

  GetTaskProtection: {
    resources: (input, context) => arnsOf(context, input.cluster, input.tasks),
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value.name;
      const given = (input.tasks ?? []).map((one) => idIn(context, cluster, 'task', one));
      if (given.length > 100) throw invalid('tasks must have at most 100 elements.');
      const all = (await tasks.list(context.store, context, cluster)).map((entry) => entry.value);
      const found = given.length ? all.filter((task) => given.includes(task.id)) : all.filter((task) => task.group.startsWith('service:'));
      const missing = given.filter((id) => !all.some((task) => task.id === id));
      return {
        protectedTasks: found.map((task) => shape(context, task)),
        failures: missing.map((id) => ({ arn: taskArn(context, { cluster, id }), reason: 'MISSING', detail: 'Task was not found.' })),
      };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;

function refusal(task: Task, arn: string): Sdk.Failure | undefined {
  if (!task.group.startsWith('service:')) return { arn, reason: 'TASK_NOT_VALID', detail: 'Task protection is only supported for tasks of a service.' };
  if (task.desiredStatus === 'STOPPED') return { arn, reason: 'TASK_NOT_VALID', detail: 'The task is stopping or stopped.' };
  return undefined;
}
