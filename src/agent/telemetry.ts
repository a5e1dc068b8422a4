import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';
import type { PublishHealthRequest, TaskHealth } from '../wire/tcs.ts';
import { AGENT_VERSION } from './version.ts';
import type { Log } from './log.ts';
import { connect, type Credentials, type Frame } from './socket.ts';
import type { AgentState } from './state.ts';
import { dockerConfig } from './tasks/spec.ts';

/** Tells the control plane of health checks (`src/wire/tcs.ts`): what changed at once, all of it every 20 s. Only while there are any. */
export interface TelemetryOptions {
  state: AgentState;
  endpoint(): Promise<string>;
  identity(): { clusterArn: string; containerInstanceArn: string };
  credentials(): Promise<Credentials>;
  region: string;
  log: Log;
  signal: AbortSignal;
  /** How often the state is looked at. */
  lookMs?: number;
}

const EVERYTHING_MS = 20_000;

export function healthOf(state: AgentState): TaskHealth[] {
  return Object.values(state.tasks)
    .filter(({ stoppedAt }) => !stoppedAt)
    .map(({ task, clusterArn, containers }) => ({
      taskArn: task.arn,
      clusterArn,
      taskDefinitionFamily: task.family,
      taskDefinitionVersion: task.version,
      containers: task.containers
        .filter((container) => dockerConfig(container).Healthcheck)
        .map(({ name }) => {
          const health = containers[name]!.health;
          return { containerName: name, healthStatus: health?.status ?? ('UNKNOWN' as const), ...(health ? { statusSince: Date.parse(health.since) / 1000 } : {}) };
        }),
    }))
    .filter(({ containers }) => containers.length > 0);
}

/** Resolves when the signal is aborted. */
export async function tellHealth(options: TelemetryOptions): Promise<void> {
  const { state, signal, log, lookMs = 1_000 } = options;
  const pause = backoff({ minMs: 1_000, maxMs: 30_000 });
  while (!signal.aborted) {
    if (healthOf(state).length) {
      await session(options).then(pause.reset, (error: unknown) => log('no telemetry', { error }));
      await sleep(pause.next(), undefined, { signal }).catch(() => {});
    } else {
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
  }
}

async function session(options: TelemetryOptions): Promise<void> {
  const { region, signal, state, identity, lookMs = 1_000 } = options;
  const { clusterArn: cluster, containerInstanceArn: containerInstance } = identity();
  let timer: NodeJS.Timeout | undefined;
  try {
    await connect({
      endpoint: await options.endpoint(),
      query: { cluster, containerInstance, agentVersion: AGENT_VERSION, agentHash: 'gantry' },
      credentials: await options.credentials(),
      region, signal,
      silenceMs: 60_000,
      onOpen(send) {
        const publish = publisher(state, { cluster, containerInstance }, send);
        publish();
        timer = setInterval(publish, lookMs);
      },
      onFrame: () => Promise.resolve(),
    });
  } finally {
    clearInterval(timer);
  }
}

/** Tasks in one message at most. */
const BATCH = 10;

function publisher(state: AgentState, identity: { cluster: string; containerInstance: string }, send: (frame: Frame) => void): () => void {
  const told = new Map<string, string>();
  let allAt = 0;
  return () => {
    const now = Date.now();
    const all = now - allAt >= EVERYTHING_MS;
    if (all) allAt = now;
    const due = healthOf(state).filter((task) => all || told.get(task.taskArn) !== JSON.stringify(task));
    for (const task of due) told.set(task.taskArn, JSON.stringify(task));
    const messageId = randomUUID();
    for (let from = 0; from < due.length; from += BATCH) {
      const message: PublishHealthRequest = { metadata: { ...identity, messageId, fin: from + BATCH >= due.length }, tasks: due.slice(from, from + BATCH), timestamp: Math.floor(now / 1000) };
      send({ type: 'PublishHealthRequest', message });
    }
  };
}
