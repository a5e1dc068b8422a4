import type { StoreEvent } from './store.ts';

/** How many events may wait for one reader before it is cut off, so that a slow one never holds back the store. */
const MOST_WAITING = 10_000;

export interface Subscriber {
  prefix: string;
  tell(events: StoreEvent[]): void;
  end(): void;
}

/**
 * The reader's side of one watch: first what already happened, then what `tell` brings. `past` undefined: too old, ends at once.
 * Subscribes when it is made, not when it is first read, so that nothing falls between.
 */
export function eventStream(prefix: string, past: StoreEvent[] | undefined, subscribers: Set<Subscriber>, signal: AbortSignal): AsyncIterable<StoreEvent[]> {
  const batches: StoreEvent[][] = past?.length ? [past] : [];
  let count = past?.length ?? 0;
  let ended = past === undefined || signal.aborted;
  let wake = () => {};
  const subscriber: Subscriber = {
    prefix,
    tell(events) {
      if (!events.length) return;
      batches.push(events);
      count += events.length;
      if (count > MOST_WAITING) {
        batches.length = 0;
        subscriber.end();
      }
      wake();
    },
    end() {
      ended = true;
      subscribers.delete(subscriber);
      wake();
    },
  };
  if (!ended) {
    subscribers.add(subscriber);
    signal.addEventListener('abort', () => subscriber.end(), { once: true });
  }
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const batch = batches.shift();
          if (batch) {
            count -= batch.length;
            yield batch;
          } else if (ended) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        subscribers.delete(subscriber);
      }
    },
  };
}
