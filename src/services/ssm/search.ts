import type * as Sdk from '@aws-sdk/client-ssm';
import { pageOf } from '../../control/page.ts';
import { invalidFilterKey, invalidFilterOption, invalidNextToken, validation } from './errors.ts';
import { isUnder } from './names.ts';
import type { Parameter } from './records.ts';

/** Whether a parameter passes all of the filters of DescribeParameters and GetParametersByPath. */
export function passes(parameter: Parameter, filters: Sdk.ParameterStringFilter[]): boolean {
  return filters.every(({ Key: key = '', Option: option, Values: values = [] }) => {
    if (key === 'Path') return values.some((path) => isUnder(path, parameter.name, option === 'Recursive'));
    const has = fieldOf(parameter, key);
    if (!values.length) return has.length > 0;
    return values.some((value) => has.some((text) => compare(option, text, value)));
  });
}

function fieldOf(parameter: Parameter, key: string): string[] {
  if (key.startsWith('tag:')) return [parameter.tags[key.slice(4)]].filter((value) => value !== undefined);
  switch (key) {
    case 'Name': return [parameter.name];
    case 'Type': return [parameter.type];
    case 'KeyId': return [parameter.keyId].filter((value) => value !== undefined);
    case 'Tier': return [parameter.tier];
    case 'DataType': return [parameter.dataType];
    case 'Label': return parameter.labels;
    default: throw invalidFilterKey(key);
  }
}

/** A name is compared with and without the slash before it. */
function compare(option = 'Equals', text: string, value: string): boolean {
  switch (option) {
    case 'Equals': return text === value;
    case 'BeginsWith': return text.startsWith(value) || (!value.startsWith('/') && text.startsWith(`/${value}`));
    case 'Contains': return text.includes(value);
    default: throw invalidFilterOption(option);
  }
}

/** One page of items that are in order of `idOf`. */
export function page<T>(items: T[], { MaxResults: max, NextToken: token }: { MaxResults?: number | undefined; NextToken?: string | undefined }, most: number, idOf: (item: T) => string): { items: T[]; NextToken: string | undefined } {
  if (max !== undefined && (max < 1 || max > most)) throw validation(`1 validation error detected: Value '${max}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to ${most}`);
  const found = pageOf(items, idOf, max ?? most, token);
  if (!found) throw invalidNextToken();
  return { items: found.items, NextToken: found.next };
}
