import { setTimeout as sleep } from 'node:timers/promises';
import type { Env, Scope } from '../../control/service.ts';
import { kubeClient } from '../../kube/client.ts';
import type { KubeClient, Selection } from '../../kube/client.ts';
import type { Resource } from '../../kube/resources.ts';
import type { KubeObject } from '../../kube/types.ts';
import { watchCache } from '../../kube/watch-cache.ts';
import type { WatchCache } from '../../kube/watch-cache.ts';
import type { Store } from '../../store/store.ts';
import { connectionOf } from './kube.ts';
import { clusters, pkis } from './records.ts';
import type { Cluster } from './records.ts';

export type CachesOf<R extends Record<string, Resource>> = { [K in keyof R]: R[K] extends Resource<infer T> ? WatchCache<T> : never };

/** A cluster as a controller sees it. */
export interface World<R extends Record<string, Resource>> {
  client: KubeClient;
  caches: CachesOf<R>;
}

/**
 * Caches of some resources of every cluster that is up, for one controller: `listen` is the controller's own, `of` answers
 * once everything has been read for the first time. `itemsOf` names the items that a changed object concerns; of a resource in
 * `selections` only the objects are seen that are selected.
 */
export function clusterWorlds<R extends Record<string, Resource>>(
  resources: R, itemsOf: (cluster: Cluster, object: KubeObject, scope: Scope, caches: CachesOf<R>) => string[], selections: { [K in keyof R]?: Selection } = {},
) {
  // One process may run several installations (tests do).
  const installations = new WeakMap<Store, Map<string, Running<R>>>();

  function start(env: Env, key: string, cluster: Cluster, client: KubeClient, wake: (item: string) => void): Running<R> {
    const stop = new AbortController();
    const scope = clusters.parse(key);
    const onChange = (object: KubeObject) => itemsOf(cluster, object, scope, caches).forEach(wake);
    const onError = (error: unknown) => env.log('cluster not watched', { cluster: cluster.name, error: String(error) });
    // The mapped type follows from `resources`, which fromEntries does not know.
    const caches = Object.fromEntries(Object.entries(resources).map(([name, resource]) => [name, watchCache(client, resource, { selection: selections[name] ?? {}, onChange, onError })])) as CachesOf<R>;
    const done = Promise.all(Object.values<WatchCache<KubeObject>>(caches).map((cache) => cache.run(stop.signal)));
    return { identity: cluster.id, world: { client, caches }, async end() { stop.abort(); client.close(); await done; } };
  }

  /** Starts what is to be watched and is not, ends what is no longer. */
  async function follow(env: Env, running: Map<string, Running<R>>, wake: (item: string) => void): Promise<void> {
    const wanted = new Map((await clusters.all(env.store)).filter(({ value }) => value.status !== 'CREATING' && value.status !== 'FAILED').map((entry) => [entry.key, entry.value]));
    for (const [key, one] of running) {
      const cluster = wanted.get(key);
      if (cluster?.id === one.identity) continue;
      running.delete(key);
      await one.end();
    }
    for (const [key, cluster] of wanted) {
      if (running.has(key)) continue;
      const pki = (await pkis.get(env.store, clusters.parse(key), cluster.name))?.value;
      if (pki) running.set(key, start(env, key, cluster, kubeClient(connectionOf(cluster, pki)), wake));
    }
  }

  return {
    async listen(wake: (item: string) => void, env: Env, signal: AbortSignal): Promise<void> {
      const running = new Map<string, Running<R>>();
      installations.set(env.store, running);
      while (!signal.aborted) {
        try {
          const { revision } = await env.store.list(clusters.prefix);
          await follow(env, running, wake);
          for await (const _ of env.store.watch(clusters.prefix, revision, signal)) await follow(env, running, wake);
        } catch (error) {
          if (!signal.aborted) env.log('clusters not followed', { error: String(error) });
          await sleep(1000, undefined, { signal }).catch(() => {});
        }
      }
      await Promise.all([...running.values()].map((one) => one.end()));
    },

    /** Undefined while the cluster has not been read: then nothing is known of it. */
    of(env: Env, clusterKey: string): World<R> | undefined {
      const world = installations.get(env.store)?.get(clusterKey)?.world;
      return world && Object.values<WatchCache<KubeObject>>(world.caches).every((cache) => cache.synced) ? world : undefined;
    },
  };
}

interface Running<R extends Record<string, Resource>> {
  /** The cluster's id: another cluster of the same name is another world. */
  identity: string;
  world: World<R>;
  end(): Promise<void>;
}
