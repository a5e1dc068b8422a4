import { invalidParameterValue } from './errors.ts';

/** One page of items that are in order of `idOf`; the token is the last id of the page before. */
export function page<T>(items: T[], { MaxResults: max, NextToken: token }: { MaxResults?: number | undefined; NextToken?: string | undefined }, idOf: (item: T) => string): { items: T[]; NextToken: string | undefined } {
  if (max !== undefined && max < 1) throw invalidParameterValue(`Value ( ${max} ) for parameter maxResults is invalid. Expecting a value greater than 0.`);
  const after = token === undefined ? undefined : Buffer.from(token, 'base64url').toString();
  if (after === '') throw invalidParameterValue(`Invalid value '${token}' for nextToken.`);
  const start = after === undefined ? 0 : items.filter((item) => idOf(item) <= after).length;
  const end = Math.min(items.length, start + (max ?? 1000));
  const last = items[end - 1];
  return { items: items.slice(start, end), NextToken: end < items.length && last !== undefined ? Buffer.from(idOf(last)).toString('base64url') : undefined };
}
