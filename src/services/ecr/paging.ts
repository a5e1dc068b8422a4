import { pageOf } from '../../control/page.ts';
import { failure } from './errors.ts';

/** One page of a list in a fixed order. */
export function page<T>(items: T[], identity: (item: T) => string, { nextToken, maxResults = 100 }: { nextToken?: string | undefined; maxResults?: number | undefined }): { items: T[]; nextToken?: string } {
  if (maxResults < 1 || maxResults > 1000) throw failure('InvalidParameterException', "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value between 1 and 1000'");
  const found = pageOf(items, identity, maxResults, nextToken);
  if (!found) throw failure('InvalidParameterException', "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'");
  return { items: found.items, ...(found.next === undefined ? {} : { nextToken: found.next }) };
}
