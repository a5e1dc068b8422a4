import { failure } from './errors.ts';

/** One page of a list in a fixed order; the token is the identity of the last item that was answered. */
export function page<T>(items: T[], identity: (item: T) => string, { nextToken, maxResults = 100 }: { nextToken?: string | undefined; maxResults?: number | undefined }): { items: T[]; nextToken?: string } {
  if (maxResults < 1 || maxResults > 1000) throw failure('InvalidParameterException', "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value between 1 and 1000'");
  const last = nextToken ? Buffer.from(nextToken, 'base64url').toString() : undefined;
  const rest = last === undefined ? items : items.slice(items.findIndex((item) => identity(item) === last) + 1 || items.length);
  const answered = rest.slice(0, maxResults);
  return { items: answered, ...(rest.length > answered.length ? { nextToken: Buffer.from(identity(answered.at(-1)!)).toString('base64url') } : {}) };
}
