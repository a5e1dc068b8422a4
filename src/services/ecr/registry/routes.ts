import { isRepositoryName } from '../naming.ts';

/** The end-points of https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints */
export type Route =
  | { kind: 'base' }
  | { kind: 'catalog' }
  | { kind: 'tags'; name: string }
  | { kind: 'manifest'; name: string; reference: string }
  | { kind: 'blob'; name: string; digest: string }
  | { kind: 'uploads'; name: string }
  | { kind: 'upload'; name: string; uploadId: string }
  | { kind: 'referrers'; name: string; digest: string };

/** Names hold slashes, so what follows them decides. `badName`: the path is one of these but for the name. */
export function routeOf(path: string): Route | 'badName' | undefined {
  if (path === '/v2' || path === '/v2/') return { kind: 'base' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const route = named(path);
  return route && !isRepositoryName(route.name) ? 'badName' : route;
}

function named(path: string): Extract<Route, { name: string }> | undefined {
  const match = (pattern: RegExp) => pattern.exec(path)?.slice(1) as [string, string] | undefined;
  const tags = match(/^\/v2\/(.+)\/tags\/list$/);
  if (tags) return { kind: 'tags', name: tags[0] };
  const uploads = match(/^\/v2\/(.+)\/blobs\/uploads\/?$/);
  if (uploads) return { kind: 'uploads', name: uploads[0] };
  const upload = match(/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/);
  if (upload) return { kind: 'upload', name: upload[0], uploadId: upload[1] };
  const blob = match(/^\/v2\/(.+)\/blobs\/([^/]+)$/);
  if (blob) return { kind: 'blob', name: blob[0], digest: blob[1] };
  const manifest = match(/^\/v2\/(.+)\/manifests\/([^/]+)$/);
  if (manifest) return { kind: 'manifest', name: manifest[0], reference: manifest[1] };
  const referrers = match(/^\/v2\/(.+)\/referrers\/([^/]+)$/);
  if (referrers) return { kind: 'referrers', name: referrers[0], digest: referrers[1] };
  return undefined;
}
