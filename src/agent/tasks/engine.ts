import { randomBytes } from 'node:crypto';
import type { AcsTask, IAMRoleCredentialsMessage, PayloadMessage, TaskIdentifier } from '../../wire/acs.ts';
import type { ContainerRecord, TaskRecord } from '../state.ts';
import { TASK_LABEL } from '../names.ts';
import type { Engine } from './dependencies.ts';
import { startWorker, type Worker } from './worker.ts';

export interface TaskEngine {
  /** Takes up again whatever the state file knows. */
  start(): void;
  /** Tasks to start and to stop. Resolves once that is on disk, so that the message may be acknowledged. A known task is not started again. */
  accept(payload: PayloadMessage): Promise<void>;
  refreshCredentials(message: IAMRoleCredentialsMessage): Promise<boolean>;
  /** Tasks that run here though the control plane's list has them not, or as stopped. */
  notIn(manifest: readonly TaskIdentifier[]): string[];
  stop(taskArns: readonly string[]): Promise<void>;
  /** Something happened to a container with these labels. */
  notice(labels: Record<string, string>): void;
  close(): Promise<void>;
}

export function makeTaskEngine(engine: Engine): TaskEngine {
  const { store, log, now } = engine;
  const workers = new Map<string, Worker>();

  function work(record: TaskRecord): void {
    const { arn } = record.task;
    if (workers.has(arn)) return workers.get(arn)!.wake();
    const worker = startWorker(engine, record);
    workers.set(arn, worker);
    void worker.done.then(() => workers.delete(arn));
  }

  function add(task: AcsTask, payload: PayloadMessage): void {
    const known = store.state.tasks[task.arn];
    if (known) {
      if (task.desiredStatus === 'STOPPED') known.desired = 'STOPPED';
      if (task.roleCredentials) known.task.roleCredentials = task.roleCredentials;
      if (task.executionRoleCredentials) known.task.executionRoleCredentials = task.executionRoleCredentials;
      return;
    }
    // Of a task that was never here nothing runs; that it stopped is told all the same, so that nobody waits for it.
    store.state.tasks[task.arn] = {
      task,
      clusterArn: task.taskClusterArn ?? payload.clusterArn,
      seqNum: payload.seqNum,
      receivedAt: new Date(now()).toISOString(),
      desired: task.desiredStatus,
      containers: Object.fromEntries(task.containers.map(({ name }) => [name, newContainer()])),
      sandboxes: {},
      submitted: { containers: {} },
    };
    log('a task', { task: task.arn, desired: task.desiredStatus });
  }

  return {
    start() {
      Object.values(store.state.tasks).forEach(work);
    },
    async accept(payload) {
      for (const task of payload.tasks) add(task, payload);
      store.state.seqNum = Math.max(store.state.seqNum, payload.seqNum);
      await store.save();
      for (const { arn } of payload.tasks) work(store.state.tasks[arn]!);
    },
    async refreshCredentials({ taskArn, roleType, roleCredentials }) {
      const record = store.state.tasks[taskArn];
      if (!record) return false;
      record.task[roleType === 'TaskApplication' ? 'roleCredentials' : 'executionRoleCredentials'] = roleCredentials;
      await store.save();
      return true;
    },
    notIn(manifest) {
      const wished = new Set(manifest.filter(({ desiredStatus }) => desiredStatus === 'RUNNING').map(({ taskArn }) => taskArn));
      return Object.values(store.state.tasks).filter(({ task, desired, stoppedAt }) => desired === 'RUNNING' && !stoppedAt && !wished.has(task.arn)).map(({ task }) => task.arn);
    },
    async stop(taskArns) {
      const records = taskArns.flatMap((arn) => store.state.tasks[arn] ?? []);
      for (const record of records) record.desired = 'STOPPED';
      await store.save();
      records.forEach(work);
    },
    notice(labels) {
      workers.get(labels[TASK_LABEL] ?? '')?.wake();
    },
    async close() {
      const all = [...workers.values()];
      all.forEach((worker) => worker.close());
      await Promise.all(all.map(({ done }) => done));
    },
  };
}

const newContainer = (): ContainerRecord => ({ phase: 'PENDING', metadataId: randomBytes(16).toString('hex'), attempt: 0 });
