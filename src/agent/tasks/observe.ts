import type { AcsContainer } from '../../wire/acs.ts';
import type { Container, ContainerStatus } from '../cri/types.ts';
import { CONTAINER_LABEL, TASK_LABEL } from '../names.ts';
import type { ContainerRecord, TaskRecord } from '../state.ts';
import { restarts, wishedStopped } from './decide.ts';
import type { Engine } from './dependencies.ts';

/** Brings the record to what the runtime says of the task's containers. Answers whether anything changed. */
export async function observe(record: TaskRecord, { cri, now }: Engine, starting: (container: string) => boolean): Promise<boolean> {
  if (record.task.containers.every(({ name }) => record.containers[name]!.phase === 'STOPPED')) return false;
  const listed = await cri.listContainers({ [TASK_LABEL]: record.task.arn });
  let changed = false;
  for (const container of record.task.containers) {
    const state = record.containers[container.name]!;
    // What is being started tells itself, step by step.
    if (state.phase === 'STOPPED' || starting(container.name)) continue;
    const newest = newestOf(listed, container.name);
    if (!newest || newest.metadata.attempt < state.attempt) {
      if (state.phase !== 'CREATED' && state.phase !== 'RUNNING') continue;
      // Nobody knows how it ended: the runtime lost it, or somebody took it away.
      stopped(state, { reason: 'ContainerVanishedError: No container matching saved ID found', finishedAt: new Date(now()).toISOString() });
      changed = true;
      continue;
    }
    changed = (await see(record, container, newest, cri)) || changed;
  }
  return changed;
}

function newestOf(listed: Container[], name: string): Container | undefined {
  return listed.filter(({ labels }) => labels[CONTAINER_LABEL] === name).toSorted((a, b) => b.metadata.attempt - a.metadata.attempt)[0];
}

async function see(record: TaskRecord, container: AcsContainer, found: Container, cri: Engine['cri']): Promise<boolean> {
  const state = record.containers[container.name]!;
  const known = state.containerId === found.id;
  state.containerId = found.id;
  state.attempt = found.metadata.attempt;
  switch (found.state) {
    case 'CONTAINER_CREATED':
      if (known && state.phase === 'CREATED') return false;
      state.phase = 'CREATED';
      return true;
    case 'CONTAINER_RUNNING': {
      if (known && state.phase === 'RUNNING') return false;
      const status = await cri.containerStatus(found.id);
      if (status?.state === 'CONTAINER_RUNNING') running(state, status);
      return true;
    }
    case 'CONTAINER_UNKNOWN':
      await cri.stopContainer(found.id, 0);
      return false;
    case 'CONTAINER_EXITED': {
      const status = await cri.containerStatus(found.id);
      if (status) ended(record, container, status);
      return true;
    }
  }
}

export function running(state: ContainerRecord, status: ContainerStatus): void {
  state.phase = 'RUNNING';
  state.createdAt = iso(status.createdAt);
  state.startedAt = iso(status.startedAt);
}

function ended(record: TaskRecord, container: AcsContainer, status: ContainerStatus): void {
  const state = record.containers[container.name]!;
  const { exitCode } = status;
  if (status.startedAt !== '0') state.startedAt = iso(status.startedAt);
  const lifetime = { startedAt: milliseconds(status.startedAt), finishedAt: milliseconds(status.finishedAt), exitCode };
  if (!wishedStopped(record) && restarts(container, lifetime)) {
    state.phase = 'PULLED';
    state.attempt++;
    delete state.health;
    return;
  }
  const neverRan = status.startedAt === '0' || status.reason === 'StartError';
  if (neverRan && !wishedStopped(record) && wasInterrupted(status.message)) {
    state.phase = 'PULLED';
    state.attempt++;
    return;
  }
  stopped(state, {
    ...(neverRan ? {} : { exitCode }),
    ...(status.reason === 'OOMKilled' ? { reason: 'OutOfMemoryError: Container killed due to memory usage' } : {}),
    ...(neverRan ? { reason: `CannotStartContainerError: ${status.message || status.reason}` } : {}),
    finishedAt: iso(status.finishedAt),
  });
  if (neverRan && container.essential) record.reason ??= state.reason!;
}

/** The agent was killed while it waited for the runtime, which then gave up before there was a process: it may start after all. */
const wasInterrupted = (message: string) => /failed to create containerd task: .*(context canceled|ttrpc: closed|deadline exceeded)/.test(message);

export function stopped(state: ContainerRecord, end: { exitCode?: number; reason?: string; finishedAt: string }): void {
  state.phase = 'STOPPED';
  Object.assign(state, end);
}

/** Nanoseconds have more digits than a number holds. */
const milliseconds = (nanoseconds: string) => Number(BigInt(nanoseconds) / 1_000_000n);
const iso = (nanoseconds: string) => new Date(milliseconds(nanoseconds)).toISOString();
