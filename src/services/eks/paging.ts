import { invalidParameter } from './errors.ts';

/** A page of names in their order. The token is the last one shown, so that a page goes on at the right place whatever came or went. */
export function page<T>(items: T[], nameOf: (item: T) => string, { maxResults = 100, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined | null }): { items: T[]; nextToken?: string } {
  if (maxResults < 1 || maxResults > 100) throw invalidParameter('maxResults must be between 1 and 100');
  const after = nextToken ? Buffer.from(nextToken, 'base64url').toString() : '';
  if (nextToken && Buffer.from(after).toString('base64url') !== nextToken) throw invalidParameter('Invalid nextToken');
  const rest = [...items].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).filter((item) => nameOf(item) > after);
  const shown = rest.slice(0, maxResults);
  const last = shown.at(-1);
  return rest.length > shown.length && last !== undefined ? { items: shown, nextToken: Buffer.from(nameOf(last)).toString('base64url') } : { items: shown };
}
