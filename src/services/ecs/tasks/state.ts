import type { StopCode, Task, TaskStatus } from '../records.ts';

/**
 * How a task lives: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 *
 *   PROVISIONING  its network interface is made and attached (awsvpc)      controllers/tasks.ts
 *   PENDING       waits for its agent                                      agent
 *   ACTIVATING    its containers run; its targets are being registered     controllers/tasks.ts
 *   RUNNING
 *   DEACTIVATING  its targets drain; it still answers                      controllers/tasks.ts
 *   STOPPING      its agent stops it                                       agent
 *   DEPROVISIONING its network interface goes                              controllers/tasks.ts
 *   STOPPED       kept for an hour
 *
 * Pure functions from a task to the task that it becomes; `undefined` where nothing changes.
 */
const ORDER: TaskStatus[] = ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING', 'DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED'];

export const isBefore = (a: TaskStatus, b: TaskStatus) => ORDER.indexOf(a) < ORDER.indexOf(b);

/** Counted as pending in clusters, instances and services. */
export const isPending = (task: Pick<Task, 'lastStatus' | 'desiredStatus'>) => isBefore(task.lastStatus, 'RUNNING') && task.desiredStatus === 'RUNNING';
export const isRunning = (task: Pick<Task, 'lastStatus'>) => task.lastStatus === 'RUNNING';

/** Scale-in protection that has not run out. */
export const isProtected = (task: Pick<Task, 'protectedUntil'>, now: Date) => task.protectedUntil !== undefined && Date.parse(task.protectedUntil) > now.getTime();

/** The change with which every transition is written. */
export const changed = (task: Task, change: Partial<Task>): Task => ({ ...task, ...change, version: task.version + 1 });

export interface StopReason {
  code: StopCode;
  reason: string;
}

/** Wishes a task away. The first reason stays. */
export function stop(task: Task, why: StopReason, now: string): Task | undefined {
  if (task.desiredStatus === 'STOPPED') return undefined;
  // Its agent has not been told of it.
  if (task.lastStatus === 'PROVISIONING') return containersGone(task, why, now);
  const lastStatus = isBefore(task.lastStatus, 'STOPPING') ? (task.targets.length ? 'DEACTIVATING' : 'STOPPING') : task.lastStatus;
  return changed(task, { desiredStatus: 'STOPPED', lastStatus, stopCode: why.code, stoppedReason: why.reason, stoppingAt: now });
}

/** Its containers are gone, by the agent's word or with their machine; what is left to be tidied comes in DEPROVISIONING. */
export function containersGone(task: Task, why: StopReason, now: string): Task | undefined {
  if (!isBefore(task.lastStatus, 'DEPROVISIONING')) return undefined;
  const left = task.attachment !== undefined || task.targets.length > 0;
  return changed(task, {
    desiredStatus: 'STOPPED',
    lastStatus: left ? 'DEPROVISIONING' : 'STOPPED',
    stopCode: task.stopCode ?? why.code,
    stoppedReason: task.stoppedReason ?? why.reason,
    stoppingAt: task.stoppingAt ?? now,
    executionStoppedAt: task.executionStoppedAt ?? now,
    ...(left ? {} : { stoppedAt: now }),
    containers: task.containers.map((container) => ({ ...container, lastStatus: 'STOPPED' as const })),
  });
}

/** Of its health checks: UNHEALTHY if a container is, HEALTHY if all that have one are, else UNKNOWN. */
export function healthOf(task: Pick<Task, 'containers'>): 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' {
  const checked = task.containers.map((container) => container.healthStatus).filter((health) => health !== undefined);
  if (checked.includes('UNHEALTHY')) return 'UNHEALTHY';
  return checked.length && checked.every((health) => health === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}
