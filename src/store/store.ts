/**
 * The store: a sorted map from keys to JSON values, in etcd's model (a revision a commit, compare-and-set, watch from a
 * revision, leases). The interface is held to what both SQLite and etcd can do; one contract test runs against each engine.
 *
 * Keys are paths (`ecs/cluster/<account>/<region>/<name>`); a prefix always ends with `/`. Values that are read are shared: they are
 * never changed in place.
 */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json | undefined };

export interface Entry<T = unknown> {
  key: string;
  value: T;
  /** The revision of the store at which this key was last written; 0 never occurs. */
  revision: number;
  /** The revision at which this key came to be. */
  createRevision: number;
}

/** `expect`: the revision the key must have for the commit to happen; 0 means that the key must not exist. */
export type Change =
  | { put: string; value: unknown; expect?: number; lease?: string }
  | { delete: string; expect?: number }
  | { check: string; expect: number };

/** Losing a race is a value, carrying what was found, never an exception. */
export type Commit =
  | { ok: true; revision: number }
  | { ok: false; key: string; current: Entry | undefined };

export type StoreEvent =
  | { type: 'put'; entry: Entry }
  | { type: 'delete'; key: string; revision: number; previous: unknown };

export interface Store {
  get(key: string): Promise<Entry | undefined>;
  /** Entries under a prefix in key order, with the revision at which they were read. */
  list(prefix: string): Promise<{ entries: Entry[]; revision: number }>;
  /** All of the changes or none. Durable once it answers. */
  commit(changes: Change[]): Promise<Commit>;
  /**
   * Batches of events under a prefix after revision `from`, in order, each batch one commit or more. Ends by itself when `from` is
   * older than what is kept, or when the reader falls too far behind: list again, then watch from there.
   */
  watch(prefix: string, from: number, signal: AbortSignal): AsyncIterable<StoreEvent[]>;
  /** A lease: keys put with it are deleted once it is not kept alive for its time to live. */
  grantLease(ttlSeconds: number): Promise<string>;
  /** False if the lease has ended. */
  keepLeaseAlive(lease: string): Promise<boolean>;
  close(): Promise<void>;
}
