/** What is known of a request: condition keys in lower case (they do not distinguish it), each with one value or more. */
export type Context = ReadonlyMap<string, readonly string[]>;

export type ContextValues = Record<string, string | string[] | undefined>;

/** Later sources win. */
export function contextOf(...sources: ContextValues[]): Context {
  const context = new Map<string, readonly string[]>();
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      if (value !== undefined) context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
  }
  return context;
}
