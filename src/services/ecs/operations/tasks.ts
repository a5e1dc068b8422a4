import type * as Sdk from '@aws-sdk/client-ecs';
import { AwsError } from '../../../control/error.ts';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { containerInstanceArn, idIn, taskArn, taskDefinitionArn } from '../arns.ts';
import { capacityFor } from '../capacity.ts';
import { executeCommandNotEnabled, invalid, taskNotFound } from '../errors.ts';
import { checkPlatform, type PlatformInput } from '../fargate/platform.ts';
import { requireActiveTaskDefinition, requireCluster, requireTask } from '../lookups.ts';
import { page } from '../paging.ts';
import { checkConstraints, checkStrategies } from '../placement/check.ts';
import { agents, taskDefinitions, taskDefinitionKey, tasks, type Cluster, type LaunchType, type Tags, type Task, type TaskDefinition } from '../records.ts';
import { taskShape } from '../shapes/task.ts';
import { tagsOf } from '../tags.ts';
import { launch } from '../tasks/launch.ts';
import type { TaskSpec } from '../tasks/new.ts';
import { checkNetwork, checkOverrides } from '../tasks/overrides.ts';
import { stop } from '../tasks/state.ts';
import { once } from '../tasks/token.ts';
import { clusterCondition } from './clusters.ts';

export const taskOperations = {
  RunTask: {
    resources: (input, context) => [taskDefinitionArn(context, nameIn(input.taskDefinition))],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const count = input.count ?? 1;
      if (count < 1 || count > 10) throw invalid('Count must be between 1 and 10.');
      const { launchType, strategy: capacity } = capacityFor(cluster, input);
      const request = {
        spec: await specOf(context, cluster, input, launchType), count, launchType, capacity,
        constraints: checkConstraints(input.placementConstraints), strategy: checkStrategies(input.placementStrategy),
      };
      const { tasks: launched, failures, considered } = await once(context, context, cluster.name, input.clientToken, input, (also) => launch(context, context, { ...request, also }));
      if (!considered && !launched.length) throw invalid('No Container Instances were found in your cluster.');
      return { tasks: await shapesOf(context, cluster.name, launched, ['TAGS']), failures: failures.map((failure) => failureOf(context, cluster.name, failure)) };
    },
  },

  StartTask: {
    resources: (input, context) => [taskDefinitionArn(context, nameIn(input.taskDefinition))],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const given = input.containerInstances ?? [];
      if (!given.length) throw invalid('Container Instances cannot be empty.');
      if (given.length > 10) throw invalid('Container Instances cannot have more than 10 elements.');
      const { tasks: launched, failures } = await launch(context, context, {
        spec: await specOf(context, cluster, input, 'EC2'), count: given.length, launchType: 'EC2', constraints: [], strategy: [],
        exactly: given.map((one) => idIn(context, cluster.name, 'container-instance', one)),
      });
      return { tasks: await shapesOf(context, cluster.name, launched, ['TAGS']), failures: failures.map((failure) => failureOf(context, cluster.name, failure)) };
    },
  },

  StopTask: {
    resources: (input, context) => [taskArn(context, taskName(context, input))],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const { key } = await requireTask(context, context, cluster.name, input.task);
      if ((input.reason?.length ?? 0) > 1024) throw invalid('Reason cannot be longer than 1024 characters.');
      const why = { code: 'UserInitiated' as const, reason: input.reason || 'Task stopped by user' };
      const task = await tasks.update(context.store, key, (current) => stop(current, why, context.now().toISOString()));
      if (!task) throw taskNotFound();
      return { task: (await shapesOf(context, cluster.name, [task]))[0] };
    },
  },

  /** Sessions are not there yet: it says of a task why AWS would refuse one. */
  ExecuteCommand: {
    resources: (input, context) => [taskArn(context, taskName(context, input))],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const { value: task } = await requireTask(context, context, cluster.name, input.task);
      if (!input.interactive) throw invalid('Interactive is the only mode supported currently.');
      if (!task.enableExecuteCommand) throw executeCommandNotEnabled();
      throw new AwsError('NotImplemented', 501, 'ECS Exec is not implemented by Gantry.');
    },
  },

  DescribeTasks: {
    resources: (input, context) => (input.tasks ?? []).map((task) => taskArn(context, taskName(context, { cluster: input.cluster, task }))),
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const given = input.tasks ?? [];
      if (!given.length) throw invalid('Tasks cannot be empty.');
      if (given.length > 100) throw invalid('Tasks cannot have more than 100 elements.');
      const found = await Promise.all(given.map(async (one) => {
        const id = idIn(context, cluster.name, 'task', one);
        return { id, entry: await tasks.get(context.store, context, cluster.name, id) };
      }));
      return {
        tasks: await shapesOf(context, cluster.name, found.flatMap(({ entry }) => (entry ? [entry.value] : [])), input.include),
        failures: found.filter(({ entry }) => !entry).map(({ id }) => ({ arn: taskArn(context, { cluster: cluster.name, id }), reason: 'MISSING' })),
      };
    },
  },

  ListTasks: {
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const matches = filterOf(context, cluster.name, input);
      const ids = (await tasks.list(context.store, context, cluster.name)).map((entry) => entry.value).filter(matches).map((task) => task.id);
      const { items, nextToken } = page(ids, (id) => id, input);
      return { taskArns: items.map((id) => taskArn(context, { cluster: cluster.name, id })), nextToken };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;

type SpecInput = PlatformInput & Pick<Sdk.RunTaskCommandInput, 'taskDefinition' | 'group' | 'startedBy' | 'overrides' | 'networkConfiguration' | 'tags' | 'propagateTags' | 'enableECSManagedTags' | 'enableExecuteCommand' | 'clientToken'>;

async function specOf(context: RequestContext, cluster: Cluster, input: SpecInput, launchType: LaunchType): Promise<TaskSpec> {
  const definition = await requireActiveTaskDefinition(context, context, input.taskDefinition);
  if (input.group?.startsWith('service:')) throw invalid('Invalid namespace for group.');
  if ((input.startedBy?.length ?? 0) > 128) throw invalid('startedBy cannot be longer than 128 characters.');
  const overrides = checkOverrides(input.overrides, definition);
  checkPlatform(launchType, input, definition, overrides);
  for (const role of [overrides.taskRoleArn, overrides.executionRoleArn]) {
    if (role) await context.authorize('iam:PassRole', [role], { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' });
  }
  return {
    cluster: cluster.name, definition, group: input.group || `family:${definition.family}`, ...(input.startedBy && { startedBy: input.startedBy }), overrides,
    networkConfiguration: await checkNetwork(context, context, input.networkConfiguration, definition, launchType), loadBalancers: [],
    enableExecuteCommand: input.enableExecuteCommand ?? false, ...(input.clientToken && { clientToken: input.clientToken }),
    tags: taskTags(cluster, definition, input),
  };
}

function taskTags(cluster: Cluster, definition: TaskDefinition, input: SpecInput): Tags {
  if (input.propagateTags === 'SERVICE') throw invalid('propagateTags SERVICE is not valid for tasks that are not part of a service.');
  return {
    ...(input.propagateTags === 'TASK_DEFINITION' && definition.tags), ...tagsOf(input.tags),
    ...(input.enableECSManagedTags && { 'aws:ecs:clusterName': cluster.name }),
  };
}

/** `family` or `family:revision` of an identifier, for the ARN that IAM is asked about. */
const nameIn = (given: string | undefined) => {
  const name = given?.split('/').at(-1) ?? '';
  return name.includes(':') ? name : `${name}:*`;
};

function taskName(_context: RequestContext, { cluster, task }: { cluster?: string | undefined; task?: string | undefined }): Pick<Task, 'cluster' | 'id'> {
  return { cluster: cluster?.split('/').at(-1) || 'default', id: task?.split('/').at(-1) ?? '' };
}

const failureOf = (context: RequestContext, cluster: string, { instance, reason }: { instance: string; reason: string }): Sdk.Failure =>
  ({ arn: containerInstanceArn(context, { cluster, id: instance }), reason });

/** Several tasks of a cluster, with what their definitions and agents add. */
export async function shapesOf(context: RequestContext, cluster: string, records: Task[], include?: readonly string[]): Promise<Sdk.Task[]> {
  const connected = new Set((await agents.list(context.store, context, cluster)).map((entry) => agents.parse(entry.key).names[1]));
  const definitions = new Map<string, TaskDefinition | undefined>();
  for (const { taskDefinition } of records) {
    if (definitions.has(taskDefinition)) continue;
    const [family = '', revision] = taskDefinition.split(':');
    definitions.set(taskDefinition, (await taskDefinitions.get(context.store, context, ...taskDefinitionKey(family, Number(revision))))?.value);
  }
  return records.map((task) => taskShape(context, task, definitions.get(task.taskDefinition), connected.has(task.containerInstance ?? ''), include));
}

/** All filters must hold; without a desired status it is RUNNING. PENDING is never a desired status of a task. */
function filterOf(context: RequestContext, cluster: string, input: Sdk.ListTasksCommandInput): (task: Task) => boolean {
  const desired = input.desiredStatus ?? 'RUNNING';
  if (!['RUNNING', 'PENDING', 'STOPPED'].includes(desired)) throw invalid(`Invalid desiredStatus: ${desired}`);
  if (input.launchType && input.launchType !== 'EC2' && input.launchType !== 'FARGATE' && input.launchType !== 'EXTERNAL') throw invalid(`Invalid launchType: ${input.launchType}`);
  const instance = input.containerInstance && idIn(context, cluster, 'container-instance', input.containerInstance);
  const service = input.serviceName && idIn(context, cluster, 'service', input.serviceName);
  return (task) =>
    task.desiredStatus === desired
    && (!instance || task.containerInstance === instance)
    && (!input.family || task.taskDefinition.split(':')[0] === input.family)
    && (!input.startedBy || task.startedBy === input.startedBy)
    && (!service || task.group === `service:${service}`)
    && (!input.launchType || task.launchType === input.launchType)
    && !input.daemonName;
}
