import type { Conditions } from '../../../control/service.ts';

/** What is known of a request: condition keys in lower case (they do not distinguish it), each with one value or more. */
export type Context = ReadonlyMap<string, readonly string[]>;

/** Later sources win. */
export function contextOf(...sources: Conditions[]): Context {
  const context = new Map<string, readonly string[]>();
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      if (value !== undefined) context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
  }
  return context;
}
