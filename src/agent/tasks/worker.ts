import { backoff } from '../../control/backoff.ts';
import type { AcsContainer } from '../../wire/acs.ts';
import { CriError } from '../cri/types.ts';
import type { TaskRecord } from '../state.ts';
import { decide, type Step } from './decide.ts';
import { TaskError, reasonOf, type Engine } from './dependencies.ts';
import { cleanUp, finish } from './finish.ts';
import { watchHealth } from './health.ts';
import { observe, stopped } from './observe.ts';
import { dockerConfig } from './spec.ts';
import { makeSandboxes, startContainer } from './start.ts';

export interface Worker {
  /** Something about the task may have changed: look now. */
  wake(): void;
  /** Leaves the task as it is. */
  close(): void;
  /** Resolves once nothing of the task is left, or after `close`; no step is under way then. */
  done: Promise<void>;
}

interface Job {
  running: boolean;
  /** After a failure. */
  notBefore: number;
  pause: ReturnType<typeof backoff>;
}

/** How often a task is looked at though nothing was heard of it. */
const LOOK_MS = 2_000;

/**
 * Brings one task to where it is wished, for as long as it is known: looks at the runtime, decides, takes the steps that are not being
 * taken yet, tells the control plane, and begins again. A step that fails is tried again with backoff; a TaskError ends its container.
 */
export function startWorker(engine: Engine, record: TaskRecord): Worker {
  const { store, log, now } = engine;
  const jobs = new Map<string, Job>();
  const underWay = new Set<Promise<void>>();
  const sandboxes = makeSandboxes(engine, record);
  const monitors = new Map<string, AbortController>();
  const end = { closed: false, gone: false };
  let woken = Promise.withResolvers<void>();
  const wake = () => woken.resolve();

  /** One job of a name at a time. */
  function job(name: string, work: () => Promise<void>): void {
    const found = jobs.get(name) ?? { running: false, notBefore: 0, pause: backoff({ minMs: 200, maxMs: 5_000 }) };
    jobs.set(name, found);
    if (found.running || now() < found.notBefore) return;
    found.running = true;
    const attempted = attempt(name, work, found);
    underWay.add(attempted);
    void attempted.finally(() => underWay.delete(attempted));
  }

  async function attempt(name: string, work: () => Promise<void>, found: Job): Promise<void> {
    try {
      await work();
      found.pause.reset();
    } catch (error) {
      const ms = found.pause.next();
      found.notBefore = now() + ms;
      log('a step failed', { task: record.task.arn, step: name, againInMs: ms, error });
    }
    found.running = false;
    wake();
  }
  const isRunning = (name: string) => jobs.get(name)?.running ?? false;

  const definition = (name: string) => record.task.containers.find((container) => container.name === name)!;

  function take(step: Step): void {
    if (step.do === 'finish') return job('finish', () => finish(engine, record));
    const container = definition(step.container);
    const state = record.containers[container.name]!;
    switch (step.do) {
      case 'pull':
        return job(`pull ${container.name}`, () => ending(container, () => pull(container)));
      case 'start':
        return job(`start ${container.name}`, () => ending(container, () => startContainer(engine, record, container, sandboxes)));
      case 'stop':
        return job(`stop ${container.name}`, () => engine.cri.stopContainer(state.containerId!, container.stopTimeout ?? engine.config.containerStopTimeoutMs / 1000));
      case 'abandon':
        if (isRunning(`start ${container.name}`)) return;
        if (step.reason && container.essential) record.reason ??= step.reason;
        stopped(state, { ...(step.reason ? { reason: step.reason } : {}), finishedAt: new Date(now()).toISOString() });
        return job('save', () => store.save());
    }
  }

  async function pull(container: AcsContainer): Promise<void> {
    const state = record.containers[container.name]!;
    record.pullStartedAt ??= new Date(now()).toISOString();
    const image = await engine.images.pull(record, container);
    if (state.phase !== 'PENDING') return;
    state.phase = 'PULLED';
    state.image = image;
    record.pullStoppedAt = new Date(now()).toISOString();
  }

  /** A TaskError is the container's end; why a task never ran is what its first essential container failed of. */
  async function ending(container: AcsContainer, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const state = record.containers[container.name]!;
      if (state.phase === 'STOPPED') return;
      log('a container cannot run', { task: record.task.arn, container: container.name, error });
      stopped(state, { reason: reasonOf(error), finishedAt: new Date(now()).toISOString() });
      if (container.essential) record.reason ??= reasonOf(error);
    }
    await store.save();
  }

  /** Logs are shipped and health is checked of whatever runs; monitors of what ended end. */
  function attend(): void {
    for (const container of record.task.containers) {
      const state = record.containers[container.name]!;
      const id = state.containerId ?? '';
      if (state.phase === 'RUNNING') {
        engine.logs.follow(record, container);
        const check = dockerConfig(container).Healthcheck;
        if (check && !monitors.has(id)) {
          const controller = new AbortController();
          monitors.set(id, controller);
          void watchHealth(engine.cri, state, check, wake, controller.signal);
        }
      } else {
        monitors.get(id)?.abort();
      }
    }
  }

  async function pass(): Promise<number> {
    const changed = await observe(record, engine, (container) => isRunning(`start ${container}`));
    if (changed) await store.save();
    attend();
    const { steps, nextAt } = decide(record, now());
    steps.forEach(take);
    if (engine.submit.owes(record)) job('submit', () => engine.submit.task(record));
    if (record.stoppedAt && record.submitted.task === 'STOPPED') {
      const cleanAt = Date.parse(record.stoppedAt) + engine.config.taskCleanupWaitMs;
      if (now() >= cleanAt) {
        await cleanUp(engine, record);
        end.gone = true;
      }
      return Math.min(cleanAt - now(), 3_600_000);
    }
    const retries = [...jobs.values()].filter(({ running }) => !running).map(({ notBefore }) => notBefore - now());
    return Math.min(LOOK_MS, ...(nextAt ? [nextAt - now()] : []), ...retries.filter((ms) => ms > 0));
  }

  async function loop(): Promise<void> {
    const pause = backoff({ minMs: 200, maxMs: 5_000 });
    while (!end.closed && !end.gone) {
      woken = Promise.withResolvers();
      let waitMs: number;
      try {
        waitMs = await pass();
        pause.reset();
      } catch (error) {
        waitMs = pause.next();
        log(error instanceof CriError && error.transient ? 'the runtime does not answer' : 'a look at the task failed', { task: record.task.arn, error });
      }
      if (end.gone) break;
      const timer = setTimeout(wake, Math.max(0, waitMs));
      await woken.promise;
      clearTimeout(timer);
    }
    for (const controller of monitors.values()) controller.abort();
    await Promise.all(underWay);
  }

  return {
    wake,
    close() {
      end.closed = true;
      wake();
    },
    done: loop(),
  };
}
