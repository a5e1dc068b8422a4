import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../control/backoff.ts';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { AcsContainer, IAMRoleCredentials } from '../../wire/acs.ts';
import type { Log } from '../log.ts';
import { taskId } from '../names.ts';
import type { StateStore, TaskRecord } from '../state.ts';
import { TaskError, messageOf } from '../tasks/dependencies.ts';
import { dockerHostConfig, logFileOf } from '../tasks/spec.ts';
import { taskLogDir } from '../tasks/volumes.ts';
import { createStream, destination, putEvents, type Destination } from './awslogs.ts';
import { readLog } from './reader.ts';

/** What containers write, on its way to where the task definition says. Drivers other than awslogs leave it in the runtime's files. */
export interface Logs {
  /** Before the container starts. Rejects in Docker's words if there is nowhere to log to. */
  open(record: TaskRecord, container: AcsContainer): Promise<void>;
  /** From now on lines are shipped, at least each second. May be called again. */
  follow(record: TaskRecord, container: AcsContainer): void;
  /** Once all containers of the task have ended: resolves when everything is shipped, or cannot be. */
  drain(record: TaskRecord): Promise<void>;
}

export type LogsClient = (region: string, role: IAMRoleCredentials | undefined, record: TaskRecord) => Pick<CloudWatchLogsClient, 'send'>;

interface Dependencies {
  client: LogsClient;
  store: StateStore;
  logDir: string;
  region: string;
  log: Log;
  pauseMs?: number;
  /** How long a service that does not answer is waited for. */
  patienceMs?: number;
}

export function makeLogs({ client, store, logDir, region, log, pauseMs = 500, patienceMs = 60_000 }: Dependencies): Logs {
  const shippers = new Map<string, { drain: () => Promise<void> }>();
  const keyOf = (record: TaskRecord, container: AcsContainer) => `${record.task.arn} ${container.name}`;

  function target(record: TaskRecord, container: AcsContainer): { to: Destination; client: ReturnType<LogsClient> } | undefined {
    const { Type, Config = {} } = dockerHostConfig(container).LogConfig ?? { Type: 'json-file' };
    if (Type !== 'awslogs') return undefined;
    const to = destination(Config, container.name, taskId(record.task.arn), region);
    const role = container.logsAuthStrategy === 'ExecutionRole' ? record.task.executionRoleCredentials : undefined;
    return { to, client: client(to.region, role, record) };
  }

  function follow(record: TaskRecord, container: AcsContainer): void {
    const found = target(record, container);
    if (!found || shippers.has(keyOf(record, container))) return;
    shippers.set(keyOf(record, container), ship(record, container, found));
  }

  return {
    async open(record, container) {
      const found = target(record, container);
      if (!found) return;
      const pause = backoff({ minMs: 200, maxMs: 5_000 });
      const end = Date.now() + patienceMs;
      for (;;) {
        try {
          return await createStream(found.client, found.to);
        } catch (error) {
          if (isFinal(error) || Date.now() > end) {
            throw new TaskError('CannotStartContainerError', `Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ${(error as Error).name}: ${messageOf(error)}`, error);
          }
          await sleep(pause.next());
        }
      }
    },
    follow,
    async drain(record) {
      await Promise.all(
        record.task.containers.map(async (container) => {
          if (record.containers[container.name]!.startedAt) follow(record, container);
          await shippers.get(keyOf(record, container))?.drain();
          shippers.delete(keyOf(record, container));
        }),
      );
    },
  };

  /** Reads on, sends, notes how far it came; a start under a restart policy has a file of its own. */
  function ship(record: TaskRecord, container: AcsContainer, { to, client: service }: { to: Destination; client: ReturnType<LogsClient> }) {
    const state = record.containers[container.name]!;
    const pause = backoff({ minMs: 500, maxMs: 15_000 });
    let draining = false;
    let failingSince: number | undefined;
    let hurry = Promise.withResolvers<void>();
    const loop = async () => {
      for (;;) {
        const position = (state.log ??= { attempt: 0, offset: 0 });
        const wasDraining = draining;
        const ended = wasDraining || position.attempt < state.attempt;
        const { events, next, atEnd } = await readLog(join(taskLogDir(record, logDir), logFileOf(container.name, position.attempt)), position.offset, ended);
        try {
          if (events.length) await putEvents(service, to, events);
          pause.reset();
          failingSince = undefined;
        } catch (error) {
          if ((error as Error).name === 'ResourceNotFoundException') await createStream(service, to).catch(() => {});
          failingSince ??= Date.now();
          log('log events were not taken', { task: record.task.arn, container: container.name, error });
          if (draining && (isFinal(error) || Date.now() - failingSince > patienceMs)) return;
          await sleep(pause.next());
          continue;
        }
        if (next !== position.offset) {
          state.log = { attempt: position.attempt, offset: next };
          await store.save();
        }
        if (!atEnd) continue;
        if (!ended && (draining || position.attempt < state.attempt)) continue;
        if (position.attempt < state.attempt) state.log = { attempt: position.attempt + 1, offset: 0 };
        else if (wasDraining) return;
        else await Promise.race([sleep(pauseMs), hurry.promise]);
      }
    };
    const done = loop().catch((error: unknown) => log('a log cannot be read', { task: record.task.arn, container: container.name, error }));
    return {
      drain() {
        draining = true;
        hurry.resolve();
        hurry = Promise.withResolvers();
        return done;
      },
    };
  }
}

/** The service answered that it will not, and not that it is busy. */
function isFinal(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 400 && !['ThrottlingException', 'ServiceUnavailableException', 'OperationAbortedException', 'ExpiredTokenException'].includes(name ?? '');
}
