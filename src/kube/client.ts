import { createInterface } from 'node:readline';
import { errorOf, isNotFound } from './errors.ts';
import { pathOf } from './resources.ts';
import type { Ref, Resource } from './resources.ts';
import { transport } from './transport.ts';
import type { Call, Connection } from './transport.ts';
import type { KubeObject, Manifest } from './types.ts';

export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface Listed<T> {
  items: T[];
  /** From which to watch. */
  resourceVersion: string;
}

/** A bookmark carries nothing but the resource version that the watcher has reached. */
export type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T } | { type: 'BOOKMARK'; object: KubeObject };

export interface WriteOptions {
  /** Who owns the members that are applied. */
  fieldManager?: string;
}

const PAGE = 500;
/** The server ends a watch by itself after this long; the reader goes on from where it was. */
const WATCH_SECONDS = 290;
const MANAGER = 'gantry';

export type KubeClient = ReturnType<typeof kubeClient>;

/**
 * A client of one Kubernetes API server, by https://kubernetes.io/docs/reference/using-api/api-concepts/. Every function throws
 * KubeError for what the server refuses. Nothing is tried again here: controllers do that. (`@kubernetes/client-node` would bring a dozen
 * packages more and a generated class a kind; these few functions are all that Gantry asks of the API.)
 */
export function kubeClient(connection: Connection) {
  const { open, call, close } = transport(connection);
  const ask = async <T>(request: Call) => JSON.parse(await call(request)) as T;

  async function get<T extends KubeObject>(resource: Resource<T>, ref: Ref): Promise<T> {
    return ask<T>({ method: 'GET', path: pathOf(resource, ref) });
  }

  async function listPage<T extends KubeObject>(resource: Resource<T>, selection: Selection, token: string | undefined) {
    const query = queryOf({ ...selectors(selection), limit: String(PAGE), ...(token ? { continue: token } : {}) });
    return ask<{ items?: T[]; metadata: { resourceVersion: string; continue?: string } }>({ method: 'GET', path: pathOf(resource, scopeOf(selection)) + query });
  }

  return {
    close,
    get,
    /** Any path, as text: `/readyz`, `/version`. */
    raw: (request: Call) => call(request),

    async find<T extends KubeObject>(resource: Resource<T>, ref: Ref): Promise<T | undefined> {
      return get(resource, ref).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
    },

    /** All pages, at the resource version of the first. */
    async list<T extends KubeObject>(resource: Resource<T>, selection: Selection = {}): Promise<Listed<T>> {
      const items: T[] = [];
      let token: string | undefined;
      for (;;) {
        const page = await listPage(resource, selection, token);
        // A list's items do not name their kind, as single objects do.
        items.push(...(page.items ?? []).map((item) => typed(resource, item)));
        token = page.metadata.continue;
        if (!token) return { items, resourceVersion: page.metadata.resourceVersion };
      }
    },

    async create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
      return ask<T>({ method: 'POST', path: pathOf(resource, { ...scopeOf(object.metadata) }), body: typed(resource, object) });
    },

    /** Server-side apply: the members given are the manager's, from others they are taken; what the manager no longer gives is removed. */
    async apply<T extends KubeObject>(resource: Resource<T>, object: T | Manifest, { fieldManager = MANAGER }: WriteOptions = {}): Promise<T> {
      const path = pathOf(resource, object.metadata) + queryOf({ fieldManager, force: 'true' });
      return ask<T>({ method: 'PATCH', path, body: typed(resource, object), contentType: 'application/apply-patch+yaml' });
    },

    /** A merge patch (RFC 7386), in which `null` removes; with a resource version in its metadata it fails by Conflict where another came first. */
    async patch<T extends KubeObject>(resource: Resource<T>, ref: Ref, patch: object, subresource?: 'status'): Promise<T> {
      return ask<T>({ method: 'PATCH', path: pathOf(resource, ref, subresource), body: patch, contentType: 'application/merge-patch+json' });
    },

    async replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
      return ask<T>({ method: 'PUT', path: pathOf(resource, object.metadata), body: typed(resource, object) });
    },

    /** False if it was gone already. `uid`: only this very object. */
    async delete(resource: Resource, ref: Ref, { uid, ...options }: { uid?: string; propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'; gracePeriodSeconds?: number } = {}): Promise<boolean> {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...(uid ? { preconditions: { uid } } : {}), ...options };
      return call({ method: 'DELETE', path: pathOf(resource, ref), body }).then(() => true, (error: unknown) => {
        if (isNotFound(error)) return false;
        throw error;
      });
    },

    /** Deletes a pod if its disruption budgets allow it; TooManyRequests if not now. */
    async evict(resource: Resource, ref: Ref): Promise<void> {
      await call({ method: 'POST', path: pathOf(resource, ref, 'eviction'), body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: ref.name, namespace: ref.namespace } } });
    },

    /** Ends when the server ends it, which it does every few minutes; throws Expired when that resource version is no longer kept. */
    async *watch<T extends KubeObject>(resource: Resource<T>, resourceVersion: string, signal: AbortSignal, selection: Selection = {}): AsyncGenerator<WatchEvent<T>> {
      const query = queryOf({ ...selectors(selection), watch: 'true', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds: String(WATCH_SECONDS) });
      const response = await open({ method: 'GET', path: pathOf(resource, scopeOf(selection)) + query, signal, timeoutMs: (WATCH_SECONDS + 30) * 1000 });
      try {
        for await (const line of createInterface({ input: response })) {
          if (!line) continue;
          const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Parameters<typeof errorOf>[0] };
          if (event.type === 'ERROR') throw errorOf(event.object);
          yield event;
        }
      } finally {
        response.destroy();
      }
    },
  };
}

const typed = <T extends KubeObject>(resource: Resource, object: T): T => ({ ...object, apiVersion: resource.apiVersion, kind: resource.kind });
const scopeOf = ({ namespace }: { namespace?: string | undefined }) => (namespace === undefined ? {} : { namespace });

const selectors = ({ labelSelector, fieldSelector }: Selection) => ({
  ...(labelSelector ? { labelSelector } : {}),
  ...(fieldSelector ? { fieldSelector } : {}),
});

const queryOf = (parameters: Record<string, string>) => `?${new URLSearchParams(parameters)}`;
