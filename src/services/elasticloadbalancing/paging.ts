import { invalid } from './errors.ts';

/** One page of a list in a fixed order; the marker is the identity of the last item that was answered. */
export function page<T>(items: T[], identity: (item: T) => string, { Marker, PageSize = 400 }: { Marker?: string; PageSize?: number }): { items: T[]; NextMarker?: string } {
  if (PageSize < 1 || PageSize > 400) {
    throw invalid(`1 validation error detected: Value '${PageSize}' at 'pageSize' failed to satisfy constraint: Member must have value ${PageSize < 1 ? 'greater than or equal to 1' : 'less than or equal to 400'}`);
  }
  let start = 0;
  if (Marker) {
    const last = Buffer.from(Marker, 'base64url').toString();
    start = items.findIndex((item) => identity(item) === last) + 1;
    if (start === 0) throw invalid('The specified marker is not valid');
  }
  const answered = items.slice(start, start + PageSize);
  const more = start + PageSize < items.length;
  return { items: answered, ...(more ? { NextMarker: Buffer.from(identity(answered.at(-1)!)).toString('base64url') } : {}) };
}
