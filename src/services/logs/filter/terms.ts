import { invalidParameter } from '../errors.ts';
import type { FilterPattern } from './pattern.ts';
import { Reader, regex } from './value.ts';

type Test = (message: string) => boolean;

/**
 * `ERROR "exact phrase" -exclude`: all must be in the message and none of the excluded; `?A ?B`: any of them. `?` means nothing next
 * to terms without it. Case matters.
 */
export function parseTerms(text: string): FilterPattern {
  const included: Test[] = [];
  const excluded: Test[] = [];
  const optional: Test[] = [];
  const reader = new Reader(text);
  while (!reader.ended) {
    const sign = reader.take(/[?-]/y)?.[0];
    (sign === '?' ? optional : sign === '-' ? excluded : included).push(term(reader));
  }
  const any = optional.length > 0 && included.length === 0 && excluded.length === 0;
  return {
    matches: (message) => (any ? optional.some((test) => test(message)) : included.every((test) => test(message)) && !excluded.some((test) => test(message))),
    extract: () => ({}),
  };
}

function term(reader: Reader): Test {
  const phrase = reader.take(/"((?:[^"\\]|\\.)*)"/y);
  if (phrase) return contains(phrase[1]!.replace(/\\(.)/g, '$1'));
  const expression = reader.take(/%([^%]*)%/y);
  if (expression) {
    const pattern = regex(expression[1]!);
    return (message) => pattern.test(message);
  }
  const word = reader.must(/\S+/y)[0];
  if (!/^[\p{L}\p{N}_]+$/u.test(word)) throw invalidParameter(`Invalid character(s) in term '${word}'`);
  return contains(word);
}

const contains = (text: string): Test => (message) => message.includes(text);
