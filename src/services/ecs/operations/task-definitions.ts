import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { taskDefinitionArn } from '../arns.ts';
import { client, invalid, taskDefinitionNotFound, unableToDescribe } from '../errors.ts';
import { findTaskDefinition } from '../lookups.ts';
import { page } from '../paging.ts';
import { families, taskDefinitionKey, taskDefinitions, type TaskDefinition } from '../records.ts';
import { taskDefinitionShape } from '../shapes/task-definition.ts';
import { tagList, tagsOf } from '../tags.ts';
import { define } from '../task-definitions/define.ts';

const nameOf = (definition: TaskDefinition) => `${definition.family}:${definition.revision}`;

export const taskDefinitionOperations = {
  RegisterTaskDefinition: {
    resources: (input, context) => [taskDefinitionArn(context, `${input.family}:*`)],
    async run(input, context) {
      const tags = tagsOf(input.tags);
      const draft = define(input, { now: context.now().toISOString(), by: context.principal.arn, tags });
      for (const role of [draft.taskRoleArn, draft.executionRoleArn]) {
        if (role) await context.authorize('iam:PassRole', [role], { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' });
      }
      const definition = await storeRevision(context, draft);
      return { taskDefinition: taskDefinitionShape(context, definition), ...(Object.keys(tags).length && { tags: tagList(tags) }) };
    },
  },

  DeregisterTaskDefinition: {
    resources: ({ taskDefinition = '' }, context) => [taskDefinition.startsWith('arn:') ? taskDefinition : taskDefinitionArn(context, taskDefinition)],
    async run(input, context) {
      const { key } = await requireRevision(context, input.taskDefinition, unableToDescribe);
      const definition = await taskDefinitions.update(context.store, key, (current) =>
        current.status === 'ACTIVE' ? { ...current, status: 'INACTIVE', deregisteredAt: context.now().toISOString() } : undefined);
      if (!definition) throw unableToDescribe();
      return { taskDefinition: taskDefinitionShape(context, definition) };
    },
  },

  /** Those in use stay, DELETE_IN_PROGRESS, until their last task is gone (`controllers/task-definitions.ts`). */
  async DeleteTaskDefinitions(input, context) {
    const given = input.taskDefinitions ?? [];
    if (!given.length || given.length > 10) throw invalid('taskDefinitions must have between 1 and 10 elements.');
    const deleted: Sdk.TaskDefinition[] = [];
    const failures: Sdk.Failure[] = [];
    for (const one of given) {
      const entry = await findExact(context, one);
      if (!entry) failures.push({ arn: one, reason: 'MISSING', detail: 'The specified task definition was not found.' });
      else if (entry.value.status === 'ACTIVE') failures.push({ arn: taskDefinitionArn(context, nameOf(entry.value)), reason: 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.' });
      else {
        const next = await taskDefinitions.update(context.store, entry.key, (current) => ({ ...current, status: 'DELETE_IN_PROGRESS', deleteRequestedAt: current.deleteRequestedAt ?? context.now().toISOString() }));
        if (next) deleted.push(taskDefinitionShape(context, next));
      }
    }
    return { taskDefinitions: deleted, failures };
  },

  async DescribeTaskDefinition(input, context) {
    const entry = input.taskDefinition ? await findTaskDefinition(context, context, input.taskDefinition) : undefined;
    if (!entry) throw unableToDescribe();
    return {
      taskDefinition: taskDefinitionShape(context, entry.value),
      ...(input.include?.includes('TAGS') && { tags: tagList(entry.value.tags) }),
    };
  },

  async ListTaskDefinitions(input, context) {
    const status = input.status ?? 'ACTIVE';
    if (!['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS'].includes(status)) throw invalid(`Invalid status: ${status}`);
    const all = (await taskDefinitions.list(context.store, context)).map((entry) => entry.value)
      .filter((definition) => definition.status === status && (!input.familyPrefix || definition.family === input.familyPrefix));
    if (input.sort === 'DESC') all.reverse();
    const { items, nextToken } = page(all.map(nameOf), (name) => name, input);
    return { taskDefinitionArns: items.map((name) => taskDefinitionArn(context, name)), nextToken };
  },

  async ListTaskDefinitionFamilies(input, context) {
    const status = input.status ?? 'ALL';
    if (!['ACTIVE', 'INACTIVE', 'ALL'].includes(status)) throw invalid(`Invalid status: ${status}`);
    const byFamily = Map.groupBy((await taskDefinitions.list(context.store, context)).map((entry) => entry.value), (definition) => definition.family);
    const names = [...byFamily].filter(([family, revisions]) => {
      const active = revisions.some((definition) => definition.status === 'ACTIVE');
      return family.startsWith(input.familyPrefix ?? '') && (status === 'ALL' || active === (status === 'ACTIVE'));
    }).map(([family]) => family).sort();
    const { items, nextToken } = page(names, (name) => name, input);
    return { families: items, nextToken };
  },
} satisfies Partial<OperationTable<typeof Sdk>>;

/** Gives it the family's next revision; the counter and the definition are written in one commit. */
async function storeRevision(context: RequestContext, draft: Omit<TaskDefinition, 'revision'>): Promise<TaskDefinition> {
  const counter = families.key(context, draft.family);
  for (;;) {
    const current = await families.at(context.store, counter);
    const revision = (current?.value.latestRevision ?? 0) + 1;
    const definition: TaskDefinition = { ...draft, revision };
    const commit = await context.store.commit([
      families.put(counter, { latestRevision: revision }, current?.revision ?? 0),
      taskDefinitions.put(taskDefinitions.key(context, ...taskDefinitionKey(draft.family, revision)), definition, 0),
    ]);
    if (commit.ok) return definition;
  }
}

async function findExact(context: RequestContext, given: string) {
  if (!/:\d+$/.test(given)) throw invalid(`Invalid revision number. Number: ${given.split(':').at(-1)}`);
  return findTaskDefinition(context, context, given);
}

async function requireRevision(context: RequestContext, given: string | undefined, missing = taskDefinitionNotFound) {
  if (!given) throw client('TaskDefinition can not be blank.');
  const entry = await findExact(context, given);
  if (!entry) throw missing();
  return entry;
}
