import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../control/backoff.ts';
import type { HostStatus } from '../../wire/host.ts';
import type { Gateway } from './gateway.ts';
import type { Reports } from './reports.ts';
import type { Wishes } from './wishes.ts';

/**
 * The two conversations with the control plane, each taken up again whenever it breaks: reading what is wished, and telling what was
 * seen. Neither ever stops what runs on the machine.
 */
export interface Talk {
  gateway: Gateway;
  wishes: Wishes;
  reports: Reports;
  status(): HostStatus;
  /** Something that is wished changed. */
  changed(): void;
  /** Rung when there is something to tell. */
  bell: Bell;
  log(message: string, fields?: Record<string, unknown>): void;
  signal: AbortSignal;
}

const statusMs = 5_000;
/** Changes that come together are sent together. */
const gatherMs = 20;

export async function listen({ gateway, wishes, reports, bell, status, changed, log, signal }: Talk): Promise<void> {
  const delay = backoff({ minMs: 100, maxMs: 2_000 });
  let connected = false;
  while (!signal.aborted) {
    try {
      await gateway.putStatus(status());
      for await (const message of gateway.desired(signal)) {
        if (!connected) log('connected to the control plane');
        if (!connected) {
          reports.again();
          bell.ring();
        }
        connected = true;
        delay.reset();
        if (wishes.take(message)) changed();
      }
    } catch (error) {
      if (connected && !signal.aborted) log('lost the control plane; what runs goes on', { error: String(error) });
    }
    connected = false;
    await pause(delay.next(), signal);
  }
}

export async function tell({ gateway, reports, bell, status, log, signal }: Talk): Promise<void> {
  const delay = backoff({ minMs: 100, maxMs: 2_000 });
  let toldStatusAt = 0;
  let failing = false;
  while (!signal.aborted) {
    try {
      if (Date.now() - toldStatusAt >= statusMs) {
        await gateway.putStatus(status());
        toldStatusAt = Date.now();
      }
      await reports.flush((changes) => gateway.putObserved(changes));
      failing = false;
      delay.reset();
      await bell.wait(statusMs, signal);
      await pause(gatherMs, signal);
    } catch (error) {
      if (!failing) log('cannot tell the control plane what was seen; will try again', { error: String(error) });
      failing = true;
      await pause(delay.next(), signal);
    }
  }
}

/** Wakes one who waits; rung while nobody does, it wakes the next at once. */
export interface Bell {
  ring(): void;
  wait(mostMs: number, signal: AbortSignal): Promise<void>;
}

export function makeBell(): Bell {
  let rung = Promise.withResolvers<void>();
  return {
    ring: () => rung.resolve(),
    async wait(mostMs, signal) {
      const done = new AbortController();
      await Promise.race([rung.promise, pause(mostMs, AbortSignal.any([signal, done.signal]))]);
      done.abort();
      rung = Promise.withResolvers();
    },
  };
}

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {});
