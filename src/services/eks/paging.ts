import { pageOf } from '../../control/page.ts';
import { invalidParameter } from './errors.ts';

/** One page, in the order of names. */
export function page<T>(items: T[], nameOf: (item: T) => string, { maxResults = 100, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined | null }): { items: T[]; nextToken?: string } {
  if (maxResults < 1 || maxResults > 100) throw invalidParameter('maxResults must be between 1 and 100');
  const found = pageOf(items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)), nameOf, maxResults, nextToken || undefined);
  if (!found) throw invalidParameter('Invalid nextToken');
  return { items: found.items, ...(found.next !== undefined && { nextToken: found.next }) };
}
