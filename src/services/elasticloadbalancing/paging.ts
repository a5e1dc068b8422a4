import { pageOf } from '../../control/page.ts';
import { invalid } from './errors.ts';

/** One page of a list in a fixed order. */
export function page<T>(items: T[], identity: (item: T) => string, { Marker, PageSize = 400 }: { Marker?: string; PageSize?: number }): { items: T[]; NextMarker?: string } {
  if (PageSize < 1 || PageSize > 400) {
    throw invalid(`1 validation error detected: Value '${PageSize}' at 'pageSize' failed to satisfy constraint: Member must have value ${PageSize < 1 ? 'greater than or equal to 1' : 'less than or equal to 400'}`);
  }
  const found = pageOf(items, identity, PageSize, Marker || undefined);
  if (!found) throw invalid('The specified marker is not valid');
  return { items: found.items, ...(found.next === undefined ? {} : { NextMarker: found.next }) };
}
