import type { AttachmentStateChange, ContainerStateChange, NetworkBinding, SubmitTaskStateChangeRequest } from '@aws-sdk/client-ecs';
import type { Scope } from '../../../control/service.ts';
import { attachmentArn } from '../arns.ts';
import { compact, type Task, type TaskContainer } from '../records.ts';
import { changed, containersGone, isBefore, type StopReason } from './state.ts';

/**
 * What a task becomes by its agent's reports. They may come twice, late, or after the task was given up: a container that stopped stays
 * stopped, a task never goes back. `undefined`: nothing changes.
 */

/** Status RUNNING once all containers run, STOPPED once none does; other statuses tell of containers alone. */
export function taskChanged(task: Task, report: SubmitTaskStateChangeRequest, now: string): Task | undefined {
  if (task.lastStatus === 'STOPPED') return undefined;
  const withContainers = containersChanged(task, report.containers ?? []) ?? task;
  const withTimes = { ...withContainers, ...timesOf(task, report) };
  if (report.status === 'RUNNING' && task.desiredStatus === 'RUNNING' && isBefore(task.lastStatus, 'ACTIVATING')) {
    // A task behind a load balancer is RUNNING once its targets are registered (`controllers/tasks.ts`).
    return task.loadBalancers.length ? changed(withTimes, { lastStatus: 'ACTIVATING' }) : changed(withTimes, { lastStatus: 'RUNNING', startedAt: now });
  }
  if (report.status === 'STOPPED') return containersGone(withTimes, endOf(withTimes, report.reason), now);
  return same(task, withTimes) ? undefined : changed(withTimes, {});
}

function timesOf(task: Task, report: SubmitTaskStateChangeRequest): Partial<Task> {
  const { pullStartedAt, pullStoppedAt, executionStoppedAt } = report;
  return compact({
    pullStartedAt: task.pullStartedAt ?? pullStartedAt?.toISOString(), pullStoppedAt: task.pullStoppedAt ?? pullStoppedAt?.toISOString(),
    executionStoppedAt: task.executionStoppedAt ?? executionStoppedAt?.toISOString(),
  });
}

/** Why a task ended that nobody wished away. A container that never ran made it fail to start. */
function endOf(task: Task, reason: string | undefined): StopReason {
  const started = task.startedAt !== undefined || task.containers.some((container) => container.exitCode !== undefined);
  if (!started) return { code: 'TaskFailedToStart', reason: reason || 'Task failed to start' };
  return { code: 'EssentialContainerExited', reason: reason || 'Essential container in task exited' };
}

export function containersChanged(task: Task, reports: ContainerStateChange[]): Task | undefined {
  const containers = task.containers.map((container) => {
    const report = reports.find((one) => one.containerName === container.name);
    return report ? containerAfter(container, report) : container;
  });
  return same(task.containers, containers) ? undefined : changed(task, { containers });
}

function containerAfter(container: TaskContainer, report: ContainerStateChange): TaskContainer {
  const status = report.status === 'RUNNING' || report.status === 'STOPPED' || report.status === 'PENDING' ? report.status : container.lastStatus;
  return compact({
    ...container,
    lastStatus: container.lastStatus === 'STOPPED' ? 'STOPPED' as const : status,
    runtimeId: report.runtimeId ?? container.runtimeId,
    imageDigest: report.imageDigest ?? container.imageDigest,
    exitCode: report.exitCode ?? container.exitCode,
    reason: report.reason || container.reason,
    networkBindings: report.networkBindings?.length ? report.networkBindings.map(binding) : container.networkBindings,
  });
}

const binding = (given: NetworkBinding): NetworkBinding => compact({ ...given, bindIP: given.bindIP ?? '0.0.0.0', protocol: given.protocol ?? 'tcp' as const });

/** An agent has seen the interface: the task can be started. */
export function attachmentsChanged(scope: Scope, task: Task, reports: AttachmentStateChange[]): Task | undefined {
  const { attachment } = task;
  const report = attachment && reports.find((one) => one.attachmentArn === attachmentArn(scope, attachment.id));
  if (!attachment || report?.status !== 'ATTACHED' || attachment.status !== 'ATTACHING') return undefined;
  return changed(task, {
    attachment: { ...attachment, status: 'ATTACHED' },
    ...(task.lastStatus === 'PROVISIONING' && task.desiredStatus === 'RUNNING' && { lastStatus: 'PENDING' as const }),
  });
}

/** Health checks of containers, by name, as the agent's telemetry tells them. */
export function healthChanged(task: Task, health: Record<string, 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'>): Task | undefined {
  const containers = task.containers.map((container) => {
    const status = health[container.name];
    return status && container.healthStatus ? { ...container, healthStatus: status } : container;
  });
  return same(task.containers, containers) ? undefined : changed(task, { containers });
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
