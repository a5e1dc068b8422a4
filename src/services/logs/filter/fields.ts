import type { FilterPattern } from './pattern.ts';
import { compare, invalidPattern, readComparison, Reader, readValue } from './value.ts';

interface Field {
  name: string;
  test(value: string): boolean;
}

const ELLIPSIS = '...';

/**
 * `[ip, user, ..., status = 4*, bytes > 1000]`: the message's fields, parted by spaces (what stands in quotes or brackets is one), by
 * place. `...` stands for any number of fields; without it their number must be right.
 */
export function parseFields(text: string): FilterPattern {
  const reader = new Reader(text);
  reader.must(/\[/y);
  const fields: (Field | typeof ELLIPSIS)[] = [];
  do fields.push(reader.take(/\.\.\./y) ? ELLIPSIS : readField(reader, fields.length + 1));
  while (reader.take(/,/y));
  reader.must(/\]/y);
  if (!reader.ended || fields.filter((field) => field === ELLIPSIS).length > 1) throw invalidPattern();
  const gap = fields.indexOf(ELLIPSIS);

  /** Each field with its value; `undefined` if their numbers do not fit. */
  function pairs(message: string): [Field, string][] | undefined {
    const values = [...message.matchAll(/\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, inBrackets, inQuotes, word]) => inBrackets ?? inQuotes ?? word!);
    const named = fields.filter((field) => field !== ELLIPSIS);
    if (gap < 0 ? values.length !== named.length : values.length < named.length) return undefined;
    const skipped = values.length - named.length;
    return named.map((field, index) => [field, values[gap >= 0 && index >= gap ? index + skipped : index]!]);
  }

  return {
    matches: (message) => pairs(message)?.every(([field, value]) => field.test(value)) ?? false,
    extract: (message) => Object.fromEntries((pairs(message) ?? []).map(([{ name }, value]) => [`$${name}`, value])),
  };
}

/** `name`, or conditions on it: `w1 = ERROR || w1 = %WARN%`. One without a name is called by its place. */
function readField(reader: Reader, place: number): Field {
  const name = reader.take(/[\p{L}_][\p{L}\p{N}_-]*/uy)?.[0];
  if (name === undefined) return { name: String(place), test: () => true };
  const alternatives: ((value: string) => boolean)[][] = [[]];
  for (;;) {
    const comparison = readComparison(reader);
    if (!comparison) {
      if (alternatives.length > 1 || alternatives[0]!.length) throw invalidPattern();
      return { name, test: () => true };
    }
    const wanted = readValue(reader, /[^\s,\]&|"%]+/y);
    alternatives.at(-1)!.push((value) => compare(value, comparison, wanted));
    const joined = reader.take(/&&|\|\|/y)?.[0];
    if (!joined) return { name, test: (value) => alternatives.some((tests) => tests.every((test) => test(value))) };
    if (joined === '||') alternatives.push([]);
    if (reader.must(/[\p{L}_][\p{L}\p{N}_-]*/uy)[0] !== name) throw invalidPattern();
  }
}
