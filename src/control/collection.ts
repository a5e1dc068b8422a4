import type { Change, Entry, Store } from '../store/store.ts';
import type { Scope } from './service.ts';

/**
 * Records of one kind: `collection<Cluster>('ecs/cluster')` keeps each under `ecs/cluster/<account>/<region>/<name…>`.
 * Names may hold any character; each is encoded into one path segment.
 */
export interface Collection<T> {
  /** The prefix of all of the records, over all scopes: what a controller watches. */
  readonly prefix: string;
  key(scope: Scope, ...names: string[]): string;
  /** The prefix of the records below these names, for listing and watching. */
  under(scope: Scope, ...names: string[]): string;
  /** The scope and names that made a key. */
  parse(key: string): Scope & { names: string[] };
  get(store: Store, scope: Scope, ...names: string[]): Promise<Entry<T> | undefined>;
  at(store: Store, key: string): Promise<Entry<T> | undefined>;
  list(store: Store, scope: Scope, ...names: string[]): Promise<Entry<T>[]>;
  /** Over all scopes. */
  all(store: Store): Promise<Entry<T>[]>;
  /** A change for `store.commit`; `expect` as there. */
  put(key: string, value: T, expect?: number): Change;
  /**
   * Reads, changes and writes one record, again and again until no one else wrote in between. `change` gets the current value and
   * returns the next one, or `undefined` to leave it as it is. What changes nothing is not written: a controller that says the same
   * again is not woken by it. Answers the record as it then stands; `undefined` if there is none.
   */
  update(store: Store, key: string, change: (current: T) => T | undefined): Promise<T | undefined>;
}

const segment = (name: string) => encodeURIComponent(name);

export function collection<T>(kind: string): Collection<T> {
  const prefix = `${kind}/`;
  const depth = kind.split('/').length;
  const under = (scope: Scope, ...names: string[]) => `${[kind, scope.account, scope.region, ...names.map(segment)].join('/')}/`;
  const key = (scope: Scope, ...names: string[]) => under(scope, ...names).slice(0, -1);
  const at = async (store: Store, k: string) => (await store.get(k)) as Entry<T> | undefined;
  return {
    prefix,
    key,
    under,
    at,
    parse(k) {
      const [account = '', region = '', ...names] = k.split('/').slice(depth);
      return { account, region, names: names.map(decodeURIComponent) };
    },
    get: (store, scope, ...names) => at(store, key(scope, ...names)),
    list: async (store, scope, ...names) => (await store.list(under(scope, ...names))).entries as Entry<T>[],
    all: async (store) => (await store.list(prefix)).entries as Entry<T>[],
    put: (k, value, expect) => (expect === undefined ? { put: k, value } : { put: k, value, expect }),
    async update(store, k, change) {
      for (;;) {
        const entry = await at(store, k);
        if (!entry) return undefined;
        const next = change(entry.value);
        if (next === undefined || JSON.stringify(next) === JSON.stringify(entry.value)) return entry.value;
        const commit = await store.commit([{ put: k, value: next, expect: entry.revision }]);
        if (commit.ok) return next;
      }
    },
  };
}
