import type { Filter } from '@aws-sdk/client-ec2';
import { invalidParameterValue } from './errors.ts';
import type { Tags } from './records.ts';

type Value = string | number | boolean | undefined;
/** By filter name: what of an item is compared. */
export type Fields<T> = Record<string, (item: T) => Value | Value[]>;

/** EC2's wildcards: `*` any text, `?` one character, `\` takes the next one as it is. */
export function wildcard(pattern: string): (text: string) => boolean {
  if (!/[*?\\]/.test(pattern)) return (text) => text === pattern;
  const source = pattern.replace(/\\(.)|([*?])|([^\\*?]+)/gs, (_all, escaped: string, wild: string, plain: string) =>
    wild ? (wild === '*' ? '.*' : '.') : RegExp.escape(escaped ?? plain));
  const expression = new RegExp(`^${source}$`, 's');
  return (text) => expression.test(text);
}

/**
 * The items for which every filter has a value that matches. Beside the named fields all items with tags know `tag:<key>`, `tag-key`
 * and `tag-value`. A name that is none of them: InvalidParameterValue.
 */
export function applyFilters<T>(items: T[], filters: Filter[] | undefined, fields: Fields<T>, tagsOf?: (item: T) => Tags): T[] {
  const tests = (filters ?? []).map((filter) => compile(filter, fields, tagsOf));
  return tests.length ? items.filter((item) => tests.every((test) => test(item))) : items;
}

function compile<T>({ Name: name = '', Values: values = [] }: Filter, fields: Fields<T>, tagsOf?: (item: T) => Tags): (item: T) => boolean {
  const patterns = values.map(wildcard);
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  const read = tagsOf ? (tagField(name, tagsOf) ?? field) : field;
  if (!read) throw invalidParameterValue(`The filter '${name}' is invalid`);
  return (item) => [read(item)].flat().some((value) => value !== undefined && patterns.some((matches) => matches(String(value))));
}

function tagField<T>(name: string, tagsOf: (item: T) => Tags): ((item: T) => Value | Value[]) | undefined {
  if (name === 'tag-key') return (item) => Object.keys(tagsOf(item));
  if (name === 'tag-value') return (item) => Object.values(tagsOf(item));
  if (name.startsWith('tag:')) return (item) => tagsOf(item)[name.slice(4)];
  return undefined;
}
