import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { invalid, unsupported } from './errors.ts';
import type { Condition } from './records.ts';
import { addressNumber } from './resolve.ts';

/** Conditions of rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html */

type Field = Condition['field'];
/** The quotas of https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const MOST_VALUES = 5;
const MOST_WILDCARDS = 6;
const FIELDS: Field[] = ['host-header', 'path-pattern', 'http-header', 'query-string', 'http-request-method', 'source-ip'];
/** These may be in a rule once. */
const ONCE: Field[] = ['host-header', 'path-pattern', 'http-request-method', 'source-ip'];

const PATTERNS = {
  'host-header': /^[A-Za-z0-9.*?-]{1,128}$/,
  'path-pattern': /^[A-Za-z0-9_.$/~"'@:+&*?-]{1,128}$/,
  'http-request-method': /^[A-Z_-]{1,40}$/,
};
const PRINTABLE = /^[\x20-\x7e]{1,128}$/;
/** RFC 9110's token. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}$/;

export function conditionsFrom(input: RuleCondition[] | undefined): Condition[] {
  const conditions = (input ?? []).map(conditionFrom);
  if (!conditions.length) throw invalid('A condition must be specified');
  for (const field of ONCE) {
    if (conditions.filter((condition) => condition.field === field).length > 1) throw invalid(`A rule can only have one '${field}' condition`);
  }
  if (conditions.flatMap((condition) => condition.values as unknown[]).length > MOST_VALUES) throw invalid(`A rule can only have '${MOST_VALUES}' condition values`);
  const wildcards = conditions.flatMap(texts).join('').match(/[*?]/g)?.length ?? 0;
  if (wildcards > MOST_WILDCARDS) throw invalid(`A rule can only have '${MOST_WILDCARDS}' condition wildcards`);
  return conditions;
}

const texts = (condition: Condition): string[] =>
  condition.field === 'query-string' ? condition.values.flatMap(({ key = '', value }) => [key, value]) : condition.field === 'http-request-method' || condition.field === 'source-ip' ? [] : condition.values;

function conditionFrom(input: RuleCondition): Condition {
  const field = input.Field as Field;
  if (!FIELDS.includes(field)) throw invalid(`Condition field '${input.Field ?? null}' must be one of '[${FIELDS.join(',')}]'`);
  if (input.RegexValues?.length || input.HostHeaderConfig?.RegexValues?.length || input.PathPatternConfig?.RegexValues?.length || input.HttpHeaderConfig?.RegexValues?.length) {
    throw unsupported('Matching by regular expression');
  }
  switch (field) {
    case 'host-header': return { field, values: simple(field, input.HostHeaderConfig?.Values, input.Values) };
    case 'path-pattern': return { field, values: simple(field, input.PathPatternConfig?.Values, input.Values) };
    case 'http-request-method': return { field, values: simple(field, input.HttpRequestMethodConfig?.Values) };
    case 'source-ip': return { field, values: each(input.SourceIpConfig?.Values, sourceRange) };
    case 'http-header': {
      const name = input.HttpHeaderConfig?.HttpHeaderName ?? '';
      if (!HEADER_NAME.test(name) || name.toLowerCase() === 'host') throw invalid(`The HTTP header name '${name}' is not valid`);
      return { field, name, values: each(input.HttpHeaderConfig?.Values, (value) => printable('HTTP header value', value)) };
    }
    case 'query-string':
      return { field, values: each(input.QueryStringConfig?.Values, ({ Key, Value = '' }) => ({ ...(Key ? { key: printable('query string key', Key) } : {}), value: printable('query string value', Value) })) };
  }
}

function each<T, U>(values: T[] | undefined, check: (value: T) => U): U[] {
  if (!values?.length) throw invalid('A condition value must be specified');
  return values.map(check);
}

function simple(field: keyof typeof PATTERNS, config: string[] | undefined, shorthand?: string[]): string[] {
  if (config?.length && shorthand?.length) throw invalid(`You can specify values of a '${field}' condition either in Values or in its config, not in both`);
  return each(config ?? shorthand, (value) => {
    if (!PATTERNS[field].test(value)) throw invalid(`The value '${value}' of the condition field '${field}' is not valid`);
    return value;
  });
}

function printable(what: string, value: string): string {
  if (!PRINTABLE.test(value)) throw invalid(`The ${what} '${value}' is not valid`);
  return value;
}

function sourceRange(value: string): string {
  if (value.includes(':')) throw unsupported('An IPv6 source address');
  const [address = '', prefix = '', ...rest] = value.split('/');
  if (addressNumber(address) === undefined || !/^(\d|[12]\d|3[0-2])$/.test(prefix) || rest.length) throw invalid(`The source IP '${value}' is not a valid CIDR block`);
  return value;
}

export function conditionAnswer(condition: Condition): RuleCondition {
  switch (condition.field) {
    case 'host-header': return { Field: condition.field, Values: condition.values, HostHeaderConfig: { Values: condition.values } };
    case 'path-pattern': return { Field: condition.field, Values: condition.values, PathPatternConfig: { Values: condition.values } };
    case 'http-request-method': return { Field: condition.field, HttpRequestMethodConfig: { Values: condition.values } };
    case 'source-ip': return { Field: condition.field, SourceIpConfig: { Values: condition.values } };
    case 'http-header': return { Field: condition.field, HttpHeaderConfig: { HttpHeaderName: condition.name, Values: condition.values } };
    case 'query-string': return { Field: condition.field, QueryStringConfig: { Values: condition.values.map(({ key, value }) => ({ ...(key ? { Key: key } : {}), Value: value })) } };
  }
}
