import type { Context } from './context.ts';
import { type Part, parts, valueOf } from './template.ts';

/** Patterns with `*` and `?`, compiled to regular expressions: once where they have no variables, at each use where they have. */
export type Pattern = (actual: string, context: Context) => boolean;

type Style = 'text' | 'resource' | 'arnLike';
const COLONS_OF_ARN = 5;

/** StringLike: `*` is any run of characters, `?` any one. */
export const likePattern = (text: string, withVariables: boolean) => compile(text, withVariables, 'text');

/**
 * The Resource element: `*` stays within its segment of the ARN unless it ends the segment; an ARN with too few segments is filled up
 * with `*`. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export const resourcePattern = (text: string, withVariables: boolean) => (text === '*' ? () => true : compile(text, withVariables, 'resource'));

/** ArnLike and ArnEquals: each of the six segments is compared apart. */
export const arnPattern = (text: string, withVariables: boolean) => compile(text, withVariables, 'arnLike');

function compile(text: string, withVariables: boolean, style: Style): Pattern {
  const source = parts(text, withVariables);
  if (source.every((part) => 'text' in part)) {
    if (!/[*?]/.test(text) && (style !== 'resource' || colons(text) >= COLONS_OF_ARN)) return (actual) => actual === text;
    const fixed = new RegExp(expression(source, style, () => undefined)!, 's');
    return (actual) => fixed.test(actual);
  }
  return (actual, context) => {
    const built = expression(source, style, (part) => valueOf(part, context));
    return built !== undefined && new RegExp(built, 's').test(actual);
  };
}

/** `undefined` if a variable has no value: then the pattern matches nothing. */
function expression(source: Part[], style: Style, value: (part: Part & { variable: string }) => string | undefined): string | undefined {
  let built = '^';
  let segment = 0;
  for (const part of source) {
    if ('variable' in part) {
      const text = value(part);
      if (text === undefined) return undefined;
      built += escape(text);
      continue;
    }
    for (let at = 0; at < part.text.length; at += 1) {
      const character = part.text[at]!;
      if (character === ':') segment += 1;
      const within = segment < COLONS_OF_ARN && (style === 'arnLike' || (style === 'resource' && at + 1 < part.text.length && part.text[at + 1] !== ':'));
      if (character === '*') built += within ? '[^:]*' : '.*';
      else if (character === '?') built += style !== 'text' && segment < COLONS_OF_ARN ? '[^:]' : '.';
      else built += escape(character);
    }
  }
  if (style === 'resource') built += ':.*'.repeat(Math.max(0, COLONS_OF_ARN - segment));
  return `${built}$`;
}

const colons = (text: string) => text.split(':').length - 1;
const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** Tells whether an action (in lower case) is one of these: `ecs:RunTask`, `ecs:Describe*`, `*`. Quick also for policies with thousands. */
export function actionMatcher(patterns: string[]): (action: string) => boolean {
  const exact = new Set<string>();
  const byService = new Map<string, RegExp[]>();
  for (const pattern of patterns.map((text) => text.toLowerCase())) {
    if (pattern === '*' || pattern === '*:*') return () => true;
    if (!/[*?]/.test(pattern)) {
      exact.add(pattern);
      continue;
    }
    const service = serviceOf(pattern);
    const key = /[*?]/.test(service) ? '*' : service;
    byService.set(key, [...(byService.get(key) ?? []), new RegExp(`^${escape(pattern).replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`)]);
  }
  const among = (key: string, action: string) => byService.get(key)?.some((pattern) => pattern.test(action)) ?? false;
  return (action) => exact.has(action) || among(serviceOf(action), action) || among('*', action);
}

const serviceOf = (action: string) => action.slice(0, Math.max(0, action.indexOf(':')));
