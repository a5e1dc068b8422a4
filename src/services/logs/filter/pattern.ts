import { notMatching } from '../errors.ts';
import { parseFields } from './fields.ts';
import { parseJsonPattern } from './json.ts';
import { parseTerms } from './terms.ts';

/**
 * Filter patterns, https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. Three languages, told apart by
 * their first character: terms, `{ $.json = expressions }`, `[space, delimited, fields]`.
 */
export interface FilterPattern {
  matches(message: string): boolean;
  /** What TestMetricFilter shows of a matching message: `$.field` or `$name` and its value. */
  extract(message: string): Record<string, string>;
}

/** Throws InvalidParameterException. An empty pattern matches everything. */
export function parseFilterPattern(text: string): FilterPattern {
  const pattern = text.trim();
  if (pattern.length > 1024) throw notMatching(pattern, 'filterPattern', 'Member must have length less than or equal to 1024');
  if (pattern.startsWith('{')) return parseJsonPattern(pattern);
  if (pattern.startsWith('[')) return parseFields(pattern);
  return parseTerms(pattern);
}
