import { backoff } from '../../control/backoff.ts';
import type { Desired, Part } from '../part.ts';

/** A part's passes: one at a time, again when woken, every 10 s, and (with backoff) after a failure. A failure is never fatal. */
export interface PartLoop {
  wake(): void;
  /** Settles after the first pass that did not fail. */
  passed: Promise<void>;
  stop(): Promise<void>;
}

const everyMs = 10_000;

export function runPart(part: Part, desired: () => Desired | undefined, onError: (error: unknown) => void): PartLoop {
  const delay = backoff({ minMs: 100, maxMs: everyMs });
  const passed = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  let pass: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  async function once(): Promise<number> {
    const wished = desired();
    if (!wished) return everyMs;
    try {
      await part.reconcile(wished);
      delay.reset();
      passed.resolve();
      return everyMs;
    } catch (error) {
      onError(error);
      return delay.next();
    }
  }

  function wake(): void {
    if (stopped) return;
    again = true;
    pass ??= turn();
  }

  function asked(): boolean {
    const was = again && !stopped;
    again = false;
    return was;
  }

  async function turn(): Promise<void> {
    clearTimeout(timer);
    let waitMs = everyMs;
    while (asked()) waitMs = await once();
    pass = undefined;
    if (!stopped) timer = setTimeout(wake, waitMs);
  }

  return {
    wake,
    passed: passed.promise,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await pass;
    },
  };
}
