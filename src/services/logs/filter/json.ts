import type { FilterPattern } from './pattern.ts';
import { compare, invalidPattern, readComparison, Reader, readValue } from './value.ts';

type Test = (event: unknown) => boolean;
/** Steps into an event: names, places in lists, `*` for all of a list. */
type Selector = { text: string; steps: (string | number)[] };

/** `{ $.status >= 500 && ($.user.name = "ann*" || $.tags[0] NOT EXISTS) }`. A message that is no JSON never matches. */
export function parseJsonPattern(text: string): FilterPattern {
  const reader = new Reader(text);
  const selectors: Selector[] = [];
  reader.must(/\{/y);
  const test = either(reader, selectors);
  reader.must(/\}/y);
  if (!reader.ended) throw invalidPattern();
  return {
    matches(message) {
      const event = parse(message);
      return event !== undefined && test(event);
    },
    extract(message) {
      const event = parse(message);
      const first = selectors.flatMap(({ text: name, steps }) => values(event, steps).slice(0, 1).map((value) => ({ name, value })));
      return Object.fromEntries(first.map(({ name, value }) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
    },
  };
}

function parse(message: string): unknown {
  if (!/^\s*[{[]/.test(message)) return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function either(reader: Reader, selectors: Selector[]): Test {
  const tests = [both(reader, selectors)];
  while (reader.take(/\|\|/y)) tests.push(both(reader, selectors));
  return (event) => tests.some((test) => test(event));
}

function both(reader: Reader, selectors: Selector[]): Test {
  const tests = [one(reader, selectors)];
  while (reader.take(/&&/y)) tests.push(one(reader, selectors));
  return (event) => tests.every((test) => test(event));
}

function one(reader: Reader, selectors: Selector[]): Test {
  if (reader.take(/\(/y)) {
    const inner = either(reader, selectors);
    reader.must(/\)/y);
    return inner;
  }
  const selector = readSelector(reader);
  selectors.push(selector);
  const found = (event: unknown) => values(event, selector.steps);
  if (reader.take(/NOT\s+EXISTS\b/iy)) return (event) => found(event).length === 0;
  if (reader.take(/EXISTS\b/iy)) return (event) => found(event).length > 0;
  const is = reader.take(/IS\s+(TRUE|FALSE|NULL)\b/iy);
  if (is) {
    const wanted: unknown = JSON.parse(is[1]!.toLowerCase());
    return (event) => found(event).some((value) => value === wanted);
  }
  const comparison = readComparison(reader);
  if (!comparison) throw invalidPattern();
  const wanted = readValue(reader, /[^\s(){}&|"%]+/y);
  const literal = 'literal' in wanted && ['true', 'false', 'null'].includes(wanted.literal) ? wanted.literal : undefined;
  return (event) => found(event).some((value) => {
    if (typeof value === 'number') return compare(value, comparison, wanted);
    // Digits in quotes in the message are text: only a pattern for text finds them.
    if (typeof value === 'string') return 'number' in wanted ? comparison === '!=' : compare(value, comparison, wanted);
    if (typeof value === 'boolean' || value === null) return (comparison === '=' && literal === String(value)) || (comparison === '!=' && literal !== String(value));
    return false;
  });
}

function readSelector(reader: Reader): Selector {
  const [text] = reader.must(/\$(?:\.?\[(?:\d+|\*|'[^']*'|"[^"]*")\]|\.[\p{L}\p{N}_-]+)+/uy);
  const steps = [...text.matchAll(/\[(\d+|\*)\]|\[['"]([^\]]*)['"]\]|\.([^.[]+)/g)].map(([, place, quotedName, name]) =>
    (place === undefined ? (quotedName ?? name)! : place === '*' ? '*' : Number(place)));
  return { text, steps };
}

/** All values at the end of the steps; `*` gives several. */
function values(event: unknown, steps: (string | number)[]): unknown[] {
  let found: unknown[] = [event];
  for (const step of steps) {
    found = found.flatMap((value) => {
      if (Array.isArray(value)) return step === '*' ? value : typeof step === 'number' && step < value.length ? [value[step]] : [];
      return typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
    });
  }
  return found;
}
