import type { Entry } from '../store/store.ts';
import type { Env } from './service.ts';

/**
 * A level-triggered controller. What it watches only tells which items to look at again; `reconcile` reads the wish and the world
 * from the store and takes one step. One item is never reconciled twice at a time. A throw is retried with backoff.
 */
export interface Controller {
  /** Unique over all services: `ecs/services`. */
  name: string;
  watches: Watch[];
  /** One step towards the wish. `againInMs` asks to be called again even if nothing changes by then. */
  reconcile(item: string, env: Env): Promise<void | { againInMs: number }>;
  /** Watches what is not in the store (the objects of a Kubernetes cluster, say) and wakes items for it, until the signal. */
  listen?(wake: (item: string) => void, env: Env, signal: AbortSignal): Promise<void>;
  /** How often everything is looked at though nothing happened. Default 30 s. */
  resyncSeconds?: number;
  /** How many items at a time. Default 8. */
  workers?: number;
}

export interface Watch {
  /** Ends with `/`. */
  prefix: string;
  /** The items that a changed or deleted record concerns; by default the record's own key. */
  items?(entry: Pick<Entry, 'key' | 'value'>, env: Env): string[] | Promise<string[]>;
}
