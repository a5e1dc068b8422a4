import { BlockList, isIP } from 'node:net';
import type { Context } from './context.ts';
import { arnPattern, likePattern, type Pattern } from './patterns.ts';
import { parts, plain } from './template.ts';

/**
 * The Condition element. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 *
 * Values of one key are alternatives (for the negated operators: none of them may match); keys and operators must all hold.
 */
export type Test = (context: Context) => boolean;

type MakePattern = (wanted: string, withVariables: boolean) => Pattern;

/** Compares the value of the policy after its variables are replaced. */
const comparing = (compare: (actual: string, wanted: string) => boolean): MakePattern => (text, withVariables) => {
  const source = parts(text, withVariables);
  return (actual, context) => {
    const wanted = plain(source, context);
    return wanted !== undefined && compare(actual, wanted);
  };
};
const numbers = (compare: (actual: number, wanted: number) => boolean) => comparing((actual, wanted) =>
  actual.trim() !== '' && wanted.trim() !== '' && compare(Number(actual), Number(wanted)));
const dates = (compare: (actual: number, wanted: number) => boolean) => comparing((actual, wanted) => compare(millis(actual), millis(wanted)));
const millis = (text: string) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const sameText = comparing((actual, wanted) => actual === wanted);
const sameLetters = comparing((actual, wanted) => actual.toLowerCase() === wanted.toLowerCase());
const inRange = comparing((actual, wanted) => {
  const address = actual.replace(/^::ffff:(?=\d+\.)/, '');
  const [net = '', prefix] = wanted.split('/');
  const family = isIP(net);
  if (!family || isIP(address) !== family) return false;
  const list = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(net, Number(prefix ?? (family === 4 ? 32 : 128)), kind);
  return list.check(address, kind);
});

const POSITIVE: Record<string, MakePattern> = {
  StringEquals: sameText,
  StringEqualsIgnoreCase: sameLetters,
  StringLike: likePattern,
  NumericEquals: numbers((a, b) => a === b),
  NumericLessThan: numbers((a, b) => a < b),
  NumericLessThanEquals: numbers((a, b) => a <= b),
  NumericGreaterThan: numbers((a, b) => a > b),
  NumericGreaterThanEquals: numbers((a, b) => a >= b),
  DateEquals: dates((a, b) => a === b),
  DateLessThan: dates((a, b) => a < b),
  DateLessThanEquals: dates((a, b) => a <= b),
  DateGreaterThan: dates((a, b) => a > b),
  DateGreaterThanEquals: dates((a, b) => a >= b),
  Bool: sameLetters,
  BinaryEquals: sameText,
  IpAddress: inRange,
  ArnEquals: arnPattern,
  ArnLike: arnPattern,
};
const NEGATED: Record<string, string> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
};

interface Operator {
  quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
  name: string;
  ifExists: boolean;
}

/** Operators do not distinguish case. `undefined`: there is no such operator. */
export function readOperator(text: string): Operator | undefined {
  const [, prefix, base = '', suffix] = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/is.exec(text) ?? [];
  const name = NAMES.get(base.toLowerCase());
  if (!name || (name === 'Null' && (suffix || prefix))) return undefined;
  const quantifier = prefix === undefined ? undefined : /^forall/i.test(prefix) ? 'ForAllValues' : 'ForAnyValue';
  return { quantifier, name, ifExists: suffix !== undefined };
}
const NAMES = new Map(['Null', ...Object.keys(POSITIVE), ...Object.keys(NEGATED)].map((name) => [name.toLowerCase(), name]));

/** One operator on one key. An operator that does not exist never holds. */
export function compileCondition(condition: { operator: string; key: string; values: string[] }, withVariables: boolean): Test {
  const operator = readOperator(condition.operator);
  if (!operator) return () => false;
  const key = condition.key.toLowerCase();
  if (operator.name === 'Null') {
    return (context) => condition.values.some((value) => (value.toLowerCase() === 'true') === !context.get(key)?.length);
  }
  const { quantifier, ifExists } = operator;
  const positive = NEGATED[operator.name];
  const negated = positive !== undefined;
  const patterns = condition.values.map((value) => POSITIVE[positive ?? operator.name]!(value, withVariables));
  const holds = (actual: string, context: Context) => patterns.some((pattern) => pattern(actual, context)) !== negated;
  return (context) => {
    const actual = context.get(key);
    if (!actual?.length) return quantifier === 'ForAllValues' || (quantifier === undefined && negated) || ifExists;
    const each = (value: string) => holds(value, context);
    // Without a quantifier several values are no error: one that matches is a match.
    return quantifier === 'ForAllValues' || (quantifier === undefined && negated) ? actual.every(each) : actual.some(each);
  };
}
