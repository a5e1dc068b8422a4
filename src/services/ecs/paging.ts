import { pageOf } from '../../control/page.ts';
import { invalid } from './errors.ts';

/** One page of a sorted list. */
export function page<T>(items: T[], nameOf: (item: T) => string, { maxResults, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined }, most = 100): { items: T[]; nextToken?: string } {
  if (maxResults !== undefined && (maxResults < 1 || maxResults > most)) throw invalid(`maxResults must be between 1 and ${most}`);
  const found = pageOf(items, nameOf, maxResults ?? most, nextToken);
  if (!found) throw invalid('Invalid token.');
  return { items: found.items, ...(found.next === undefined ? {} : { nextToken: found.next }) };
}
