import type * as Sdk from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { taskDefinitionArn } from '../arns.ts';
import type { TaskDefinition } from '../records.ts';

export function taskDefinitionShape(scope: Scope, record: TaskDefinition): Sdk.TaskDefinition {
  const { tags: _, requiresAttributes, registeredAt, deregisteredAt, deleteRequestedAt, ...rest } = record;
  return {
    ...rest,
    taskDefinitionArn: taskDefinitionArn(scope, `${record.family}:${record.revision}`),
    requiresAttributes: requiresAttributes.map((name) => ({ name })),
    registeredAt: new Date(registeredAt),
    ...(deregisteredAt && { deregisteredAt: new Date(deregisteredAt) }),
    ...(deleteRequestedAt && { deleteRequestedAt: new Date(deleteRequestedAt) }),
  };
}
