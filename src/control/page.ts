/**
 * One page of a list in a fixed order. The token is the identity of the last item that was shown, so that the next page goes on at the
 * right place whatever came or went between; where that item itself is gone, with the first identity after it.
 * `undefined` for a token that nobody was given.
 */
export function pageOf<T>(items: T[], identity: (item: T) => string, size: number, token?: string): { items: T[]; next?: string } | undefined {
  const last = token === undefined ? undefined : decode(token);
  if (last === '') return undefined;
  const start = last === undefined ? 0 : startAfter(items, identity, last);
  const shown = items.slice(start, start + size);
  const end = shown.at(-1);
  return start + shown.length < items.length && end !== undefined ? { items: shown, next: Buffer.from(identity(end)).toString('base64url') } : { items: shown };
}

function startAfter<T>(items: T[], identity: (item: T) => string, last: string): number {
  const at = items.findIndex((item) => identity(item) === last);
  if (at >= 0) return at + 1;
  const after = items.findIndex((item) => identity(item) > last);
  return after < 0 ? items.length : after;
}

/** Empty for what is not a token of ours. */
function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  return Buffer.from(text).toString('base64url') === token ? text : '';
}
