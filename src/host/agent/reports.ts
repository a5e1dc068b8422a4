import type { ObservedChange, ObservedKind } from '../../wire/host.ts';
import type { Host } from '../part.ts';
import { keptFile, readJson } from '../kept-file.ts';

/**
 * What this machine's parts saw, on its way to the control plane: all of it is kept in memory and sent again after a lost connection.
 * The names of what was seen are on disk, so that what an earlier life of the agent reported and this one does not find is known to
 * be gone.
 */
export interface Reports {
  report: Host['report'];
  /** Everything is to be sent again: the control plane may have missed some. */
  again(): void;
  /** Every part has looked at everything once: what none of them named is gone. */
  complete(): void;
  /** Sends what is not sent yet. What failed to be sent is kept for the next call. */
  flush(send: (changes: ObservedChange[]) => Promise<void>): Promise<void>;
  /** Settles once the names are on disk. */
  saved(): Promise<void>;
}

export interface ReportsOptions {
  path: string;
  onChange(kind: ObservedKind): void;
  onError(error: unknown): void;
}

export async function openReports({ path, onChange, onError }: ReportsOptions): Promise<Reports> {
  const before = (await readJson<[ObservedKind, string][]>(path)) ?? [];
  const file = keptFile(path, onError);
  /** Of an earlier life, and not named in this one. */
  const unnamed = new Map<string, ObservedChange>(before.map(([kind, id]) => [keyOf(kind, id), { kind, id, value: null }]));
  /** The latest by key; what is gone stays until the control plane knows. */
  const seen = new Map<string, ObservedChange>();
  const unsent = new Set<string>();
  let named = '';

  function keepNames(): void {
    const names = [...unnamed.keys(), ...seen.keys()].join(' ');
    if (names !== named) file.write([...unnamed.values(), ...seen.values()].map(({ kind, id }) => [kind, id]));
    named = names;
  }

  function put(change: ObservedChange): void {
    const key = keyOf(change.kind, change.id);
    const known = unnamed.delete(key) || seen.has(key);
    if (change.value === null ? !known : JSON.stringify(seen.get(key)?.value) === JSON.stringify(change.value)) return;
    seen.set(key, change);
    unsent.add(key);
    onChange(change.kind);
    keepNames();
  }

  return {
    report: (kind, id, value) => put({ kind, id, value } as ObservedChange),
    again() {
      for (const key of seen.keys()) unsent.add(key);
    },
    complete() {
      for (const change of unnamed.values()) put(change);
    },
    async flush(send) {
      const keys = [...unsent];
      if (keys.length === 0) return;
      const changes = keys.map((key) => seen.get(key)!);
      unsent.clear();
      try {
        await send(changes);
      } catch (error) {
        for (const key of keys) unsent.add(key);
        throw error;
      }
      for (const change of changes) {
        const key = keyOf(change.kind, change.id);
        if (change.value === null && seen.get(key) === change) seen.delete(key);
      }
      keepNames();
    },
    saved: () => file.settled(),
  };
}

const keyOf = (kind: ObservedKind, id: string) => `${kind}/${id}`;
