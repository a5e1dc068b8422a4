import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';
import type { KubeClient, Selection } from './client.ts';
import { isExpired } from './errors.ts';
import type { Resource } from './resources.ts';
import type { KubeObject, Metadata } from './types.ts';

/**
 * All objects of one resource of a cluster as they last were, kept by list and watch (as client-go's informers do). Objects in it
 * are shared: read only.
 */
export interface WatchCache<T extends KubeObject> {
  /** Whether the first list has been read. Before, the cache knows nothing: absence is no sign. */
  readonly synced: boolean;
  get(name: string, namespace?: string): T | undefined;
  list(): T[];
  /** Lists and watches until the signal; a lost server is asked again with backoff. */
  run(signal: AbortSignal): Promise<void>;
}

interface Options {
  selection?: Selection;
  /** Called after the cache has changed; for a deleted object with what it last was. After each list it is called for every object. */
  onChange?(object: KubeObject): void;
  onSynced?(): void;
  onError?(error: unknown): void;
}

const BACKOFF = { minMs: 200, maxMs: 10_000 };
const idOf = ({ namespace = '', name }: Pick<Metadata, 'namespace' | 'name'>) => `${namespace}/${name}`;

export function watchCache<T extends KubeObject>(client: Pick<KubeClient, 'list' | 'watch'>, resource: Resource<T>, { selection = {}, onChange, onSynced, onError }: Options = {}): WatchCache<T> {
  const objects = new Map<string, T>();
  let synced = false;
  /** The resource version from which to go on; undefined where everything is to be listed. */
  let reached: string | undefined;

  async function relist(): Promise<string> {
    const { items, resourceVersion } = await client.list(resource, selection);
    const found = new Set(items.map((item) => idOf(item.metadata)));
    const gone = [...objects.values()].filter((object) => !found.has(idOf(object.metadata)));
    for (const object of gone) objects.delete(idOf(object.metadata));
    for (const item of items) objects.set(idOf(item.metadata), item);
    synced = true;
    onSynced?.();
    for (const object of [...gone, ...items]) onChange?.(object);
    return resourceVersion;
  }

  /** Watches for as long as the server lets it. `reached` tells how far it came, also when it throws. */
  async function follow(from: string, signal: AbortSignal): Promise<void> {
    for await (const event of client.watch(resource, from, signal, selection)) {
      reached = event.object.metadata.resourceVersion ?? reached;
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') objects.delete(idOf(event.object.metadata));
      else objects.set(idOf(event.object.metadata), event.object);
      onChange?.(event.object);
    }
  }

  return {
    get synced() {
      return synced;
    },
    get: (name, namespace) => objects.get(idOf({ name, ...(namespace === undefined ? {} : { namespace }) })),
    list: () => [...objects.values()],
    async run(signal) {
      const pause = backoff(BACKOFF);
      while (!signal.aborted) {
        try {
          reached ??= await relist();
          await follow(reached, signal);
          pause.reset();
        } catch (error) {
          if (signal.aborted) return;
          if (isExpired(error)) reached = undefined;
          else onError?.(error);
          await sleep(pause.next(), undefined, { signal }).catch(() => {});
        }
      }
    },
  };
}
