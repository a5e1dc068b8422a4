import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from './backoff.ts';
import type { Controller, Watch } from './controller.ts';
import type { Env } from './service.ts';

const RESYNC_SECONDS = 30;
const WORKERS = 8;
const BACKOFF = { minMs: 200, maxMs: 30_000 };

/** Runs controllers until the signal. Resolves once every step under way has ended. */
export async function runControllers(controllers: Controller[], env: Env, signal: AbortSignal): Promise<void> {
  await Promise.all(controllers.map((controller) => runController(controller, env, signal)));
}

/**
 * The work queue of one controller: an item waits at most once, is never worked on twice at a time, and comes again when it changed
 * meanwhile, when it failed (with backoff) or when it asked to.
 */
async function runController(controller: Controller, env: Env, signal: AbortSignal): Promise<void> {
  const due = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, ReturnType<typeof backoff>>();

  function add(item: string) {
    clearTimeout(timers.get(item));
    timers.delete(item);
    due.add(item);
    start();
  }

  function addLater(item: string, ms: number) {
    clearTimeout(timers.get(item));
    timers.set(item, setTimeout(() => add(item), ms));
  }

  function start() {
    for (const item of due) {
      if (signal.aborted || running.size >= (controller.workers ?? WORKERS)) return;
      if (running.has(item)) continue;
      due.delete(item);
      running.set(item, work(item).finally(() => {
        running.delete(item);
        start();
      }));
    }
  }

  async function work(item: string) {
    try {
      const again = await controller.reconcile(item, env);
      failures.delete(item);
      if (again && !due.has(item)) addLater(item, again.againInMs);
    } catch (error) {
      if (signal.aborted) return;
      const pause = failures.get(item) ?? backoff(BACKOFF);
      failures.set(item, pause);
      env.log('reconcile failed', { controller: controller.name, item, error: String(error instanceof Error ? error.stack : error) });
      if (!due.has(item)) addLater(item, pause.next());
    }
  }

  await Promise.all([
    ...controller.watches.map((watch) => follow(watch, env, signal, add)),
    resync(controller, env, signal, add),
    controller.listen?.(add, env, signal),
  ]);
  for (const timer of timers.values()) clearTimeout(timer);
  await Promise.all(running.values());
}

/** List, then watch from there; again from the start whenever the watch ends. */
async function follow(watch: Watch, env: Env, signal: AbortSignal, add: (item: string) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const { revision } = await addAll(watch, env, add);
      for await (const events of env.store.watch(watch.prefix, revision, signal)) {
        for (const event of events) {
          const record = event.type === 'put' ? event.entry : { key: event.key, value: event.previous };
          for (const item of await itemsOf(watch, record, env)) add(item);
        }
      }
    } catch (error) {
      env.log('watch failed', { prefix: watch.prefix, error: String(error) });
      await pause(1000, signal);
    }
  }
}

async function resync(controller: Controller, env: Env, signal: AbortSignal, add: (item: string) => void): Promise<void> {
  while (await pause((controller.resyncSeconds ?? RESYNC_SECONDS) * 1000, signal)) {
    for (const watch of controller.watches) await addAll(watch, env, add);
  }
}

async function addAll(watch: Watch, env: Env, add: (item: string) => void): Promise<{ revision: number }> {
  const { entries, revision } = await env.store.list(watch.prefix);
  for (const entry of entries) for (const item of await itemsOf(watch, entry, env)) add(item);
  return { revision };
}

async function itemsOf(watch: Watch, record: { key: string; value: unknown }, env: Env): Promise<string[]> {
  return watch.items ? watch.items(record, env) : [record.key];
}

/** False if the signal came first. */
const pause = (ms: number, signal: AbortSignal) => sleep(ms, true, { signal }).catch(() => false);
