import { backoff } from '../../control/backoff.ts';

/** Works on items one at a time each, all of them side by side; once more where one was kicked meanwhile. Errors are tried again. */
export interface Items {
  kick(item: string): void;
  /** Those at work at the moment. */
  busy(): string[];
}

export function keepItems(work: (item: string) => Promise<{ againInMs: number } | void>, onError: (item: string, error: unknown) => void): Items {
  const atWork = new Map<string, { again: boolean }>();
  const timers = new Map<string, NodeJS.Timeout>();
  const delays = new Map<string, ReturnType<typeof backoff>>();

  function later(item: string, ms: number): void {
    clearTimeout(timers.get(item));
    timers.set(item, setTimeout(() => kick(item), ms).unref());
  }

  async function turn(item: string): Promise<void> {
    try {
      const result = await work(item);
      delays.delete(item);
      if (result) later(item, result.againInMs);
    } catch (error) {
      onError(item, error);
      const delay = delays.get(item) ?? backoff({ minMs: 200, maxMs: 30_000 });
      delays.set(item, delay);
      later(item, delay.next());
    }
    const again = atWork.get(item)?.again;
    atWork.delete(item);
    if (again) kick(item);
  }

  function kick(item: string): void {
    const current = atWork.get(item);
    if (current) {
      current.again = true;
      return;
    }
    clearTimeout(timers.get(item));
    timers.delete(item);
    atWork.set(item, { again: false });
    void turn(item);
  }

  return { kick, busy: () => [...atWork.keys()] };
}
