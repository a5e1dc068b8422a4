import { invalidParameter } from '../errors.ts';

/** Values in patterns: text with `*`, numbers, `%regular expressions%`; and reading them. */

export type Comparison = '=' | '!=' | '<' | '>' | '<=' | '>=';
export type Wanted = { regex: RegExp } | { text: RegExp; literal: string } | { number: number; literal: string };

export const invalidPattern = (detail = '') => invalidParameter(`Invalid filter pattern${detail ? `: ${detail}` : ''}`);

/** What AWS lets a regular expression hold: no groups, no characters beyond these. */
export function regex(source: string): RegExp {
  if (!/^[A-Za-z0-9:_#=@/;,\- ^$?[\]{}|\\*+.]*$/.test(source)) throw invalidPattern(`%${source}%`);
  try {
    return new RegExp(source);
  } catch {
    throw invalidPattern(`%${source}%`);
  }
}

/** Text in which `*` stands for anything. */
export const wildcard = (text: string) => new RegExp(`^${text.split('*').map((piece) => piece.replace(/[\\^$.+?()[\]{}|/-]/g, '\\$&')).join('.*')}$`, 's');

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
export const isNumber = (text: string) => NUMBER.test(text.trim());

/** An unquoted value. */
export const bare = (text: string): Wanted => (isNumber(text) ? { number: Number(text), literal: text } : { text: wildcard(text), literal: text });
export const quoted = (text: string): Wanted => ({ text: wildcard(text), literal: text });

/** Compares what a message holds. Only numbers have an order. */
export function compare(actual: string | number, comparison: Comparison, wanted: Wanted): boolean {
  if (comparison === '=' || comparison === '!=') return equals(actual, wanted) === (comparison === '=');
  if (!('number' in wanted) || !isNumber(String(actual))) return false;
  const number = Number(actual);
  if (comparison === '<') return number < wanted.number;
  if (comparison === '>') return number > wanted.number;
  return comparison === '<=' ? number <= wanted.number : number >= wanted.number;
}

function equals(actual: string | number, wanted: Wanted): boolean {
  if ('regex' in wanted) return wanted.regex.test(String(actual));
  if ('text' in wanted) return wanted.text.test(String(actual));
  return isNumber(String(actual)) && Number(actual) === wanted.number;
}

/** Reads a pattern from left to right. */
export class Reader {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes what the pattern matches at this place (give it the `y` flag); `undefined` if nothing. White space before it is skipped. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    this.#skip();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  must(pattern: RegExp): RegExpExecArray {
    const found = this.take(pattern);
    if (!found) throw invalidPattern();
    return found;
  }

  get ended(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  #skip() {
    while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at]!)) this.#at += 1;
  }
}

/** `"text"`, `%regex%`, or what `unquoted` matches. */
export function readValue(reader: Reader, unquoted: RegExp): Wanted {
  const text = reader.take(/"((?:[^"\\]|\\.)*)"/y);
  if (text) return quoted(text[1]!.replace(/\\(.)/g, '$1'));
  const expression = reader.take(/%([^%]*)%/y);
  if (expression) return { regex: regex(expression[1]!) };
  return bare(reader.must(unquoted)[0].trim());
}

export function readComparison(reader: Reader): Comparison | undefined {
  return reader.take(/(!=|<=|>=|=|<|>)/y)?.[0] as Comparison | undefined;
}
