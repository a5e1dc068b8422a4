import { tagOf } from '../images/find.ts';
import { imageTags, repositories } from '../records.ts';
import { sendJson } from './call.ts';
import type { Call, RepositoryCall } from './call.ts';

const MOST = 1000;

export async function listTags(call: RepositoryCall): Promise<void> {
  const { name, id } = call.repository.value;
  const tags = (await imageTags.list(call.env.store, call.scope, id)).map(tagOf);
  const { page, link } = slice(tags, call.query, `/v2/${name}/tags/list`);
  sendJson(call, 200, { name, tags: page }, link);
}

export async function listRepositories(call: Call): Promise<void> {
  const names = (await repositories.list(call.env.store, call.scope)).map((entry) => entry.value.name);
  const { page, link } = slice(names, call.query, '/v2/_catalog');
  sendJson(call, 200, { repositories: page }, link);
}

/** The spec's paging: `n` at most, in lexical order, after `last`; a link (RFC 5988) where there is more. */
export function slice(all: string[], query: URLSearchParams, path: string): { page: string[]; link: Record<string, string> } {
  const n = query.get('n');
  const most = n !== null && /^\d+$/.test(n) ? Math.min(Number(n), MOST) : MOST;
  const last = query.get('last');
  const rest = all.toSorted().filter((one) => last === null || one > last);
  const page = rest.slice(0, most);
  const more = page.length > 0 && rest.length > page.length;
  return { page, link: more ? { link: `<${path}?${new URLSearchParams({ n: String(most), last: page.at(-1)! })}>; rel="next"` } : {} };
}
