import type { Env, Scope } from '../../../control/service.ts';
import type { IAMRoleCredentials } from '../../../wire/acs.ts';
import { assumeRole } from '../../iam/index.ts';
import type { Task, TaskDefinition } from '../records.ts';

export type RoleKind = 'task' | 'execution';

/** Credentials are renewed when this much of their life is left. */
export const RENEW_MS = 15 * 60_000;

export const roleArn = (task: Task, definition: TaskDefinition, kind: RoleKind) =>
  kind === 'task' ? task.overrides.taskRoleArn ?? definition.taskRoleArn : task.overrides.executionRoleArn ?? definition.executionRoleArn;

/** Fresh credentials of one of a task's roles; `undefined` where it has none. Errors: IAM's, where the role may not be assumed by tasks. */
export async function roleCredentials(env: Env, scope: Scope, task: Task, definition: TaskDefinition, kind: RoleKind): Promise<IAMRoleCredentials | undefined> {
  const arn = roleArn(task, definition, kind);
  const credentialsId = task.credentialIds?.[kind];
  if (!arn || !credentialsId) return undefined;
  const { credentials } = await assumeRole(env, scope, { roleArn: arn, sessionName: task.id, service: 'ecs-tasks.amazonaws.com' });
  return {
    credentialsId, roleArn: arn, accessKeyId: credentials.AccessKeyId, secretAccessKey: credentials.SecretAccessKey, sessionToken: credentials.SessionToken,
    expiration: credentials.Expiration,
  };
}

export const cannotAssume = (arn: string) =>
  `ECS was unable to assume the role '${arn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;
