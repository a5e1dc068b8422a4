import { invalid } from './errors.ts';

/**
 * Pages of a sorted list. The token is the name of the last one shown, so that a page goes on at the right place whatever came or went.
 */
export function page<T>(items: T[], nameOf: (item: T) => string, { maxResults, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined }, most = 100): { items: T[]; nextToken?: string } {
  if (maxResults !== undefined && (maxResults < 1 || maxResults > most)) throw invalid(`maxResults must be between 1 and ${most}`);
  const start = nextToken === undefined ? 0 : startAfter(items, nameOf, decode(nextToken));
  const shown = items.slice(start, start + (maxResults ?? most));
  const last = shown.at(-1);
  return start + shown.length < items.length && last !== undefined ? { items: shown, nextToken: Buffer.from(nameOf(last)).toString('base64url') } : { items: shown };
}

function startAfter<T>(items: T[], nameOf: (item: T) => string, last: string): number {
  const at = items.findIndex((item) => nameOf(item) === last);
  if (at >= 0) return at + 1;
  const after = items.findIndex((item) => nameOf(item) > last);
  return after < 0 ? items.length : after;
}

function decode(token: string): string {
  const name = Buffer.from(token, 'base64url').toString();
  if (!name || Buffer.from(name).toString('base64url') !== token) throw invalid('Invalid token.');
  return name;
}
