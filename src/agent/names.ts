import { createHash } from 'node:crypto';
import type { TaskRecord } from './state.ts';

/** Labels of sandboxes and containers in the runtime; by them an agent that comes back finds its own. */
export const TASK_LABEL = 'com.amazonaws.ecs.task-arn';
export const CONTAINER_LABEL = 'com.amazonaws.ecs.container-name';
export const SANDBOX_LABEL = 'io.gantry.ecs.sandbox';

/** arn:aws:ecs:<region>:<account>:task/<cluster>/<id> */
export const taskId = (taskArn: string) => taskArn.slice(taskArn.lastIndexOf('/') + 1);

/** In bridge mode each container has a network namespace of its own, as under Docker; else the task has one. */
export const TASK_SANDBOX = 'task';
export function sandboxOf(record: TaskRecord, container: string): string {
  return networkMode(record) === 'bridge' ? container : TASK_SANDBOX;
}

export const networkMode = (record: TaskRecord) => record.task.networkMode ?? 'bridge';

/** Where Docker shows the container's id: 12 hexadecimal digits. */
export function hostName(record: TaskRecord, sandbox: string): string {
  return createHash('sha256').update(`${record.task.arn} ${sandbox}`).digest('hex').slice(0, 12);
}
