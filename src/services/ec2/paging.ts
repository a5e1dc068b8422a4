import { pageOf } from '../../control/page.ts';
import { invalidParameterValue } from './errors.ts';

/** One page of items that are in order of `idOf`. */
export function page<T>(items: T[], { MaxResults: max = 1000, NextToken: token }: { MaxResults?: number | undefined; NextToken?: string | undefined }, idOf: (item: T) => string): { items: T[]; NextToken: string | undefined } {
  if (max < 1) throw invalidParameterValue(`Value ( ${max} ) for parameter maxResults is invalid. Expecting a value greater than 0.`);
  const found = pageOf(items, idOf, max, token);
  if (!found) throw invalidParameterValue(`Invalid value '${token}' for nextToken.`);
  return { items: found.items, NextToken: found.next };
}
