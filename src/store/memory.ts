import type { Entry } from './store.ts';

/**
 * The entries of a store as they are committed, in key order: what is read here costs no query and no parsing. Entries are shared by
 * all who read them, and frozen.
 */
export interface Memory {
  get(key: string): Entry | undefined;
  /** Under a prefix, in key order. */
  list(prefix: string): Entry[];
  put(entry: Entry): void;
  /** Answers what it took away. */
  delete(key: string): Entry | undefined;
}

export function memory(initial: readonly Entry[]): Memory {
  const entries = new Map<string, Entry>(initial.map((entry) => [entry.key, frozen(entry)]));
  const keys = [...entries.keys()].sort();

  /** Where a key is or would be. */
  function place(key: string): number {
    let from = 0;
    let to = keys.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (keys[middle]! < key) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  return {
    get: (key) => entries.get(key),
    list(prefix) {
      const from = place(prefix);
      let to = from;
      while (to < keys.length && keys[to]!.startsWith(prefix)) to++;
      return keys.slice(from, to).map((key) => entries.get(key)!);
    },
    put(entry) {
      if (!entries.has(entry.key)) keys.splice(place(entry.key), 0, entry.key);
      entries.set(entry.key, frozen(entry));
    },
    delete(key) {
      const found = entries.get(key);
      if (entries.delete(key)) keys.splice(place(key), 1);
      return found;
    },
  };
}

/** With all below it. What is frozen stays so for whoever else has it: nobody can change what others read. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
