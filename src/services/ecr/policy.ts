import { failure } from './errors.ts';

/** The shape of a repository policy: https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html */
export function checkRepositoryPolicy(text: string): string {
  if (!isPolicy(parsed(text))) throw failure('InvalidParameterException', "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'");
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function isPolicy(value: unknown): boolean {
  if (!isObject(value) || !['2008-10-17', '2012-10-17', undefined].includes(value.Version as string | undefined)) return false;
  const statements = listOf(value.Statement);
  return statements.length > 0 && statements.every(isStatement);
}

/** A repository's statement names who and what, never which resource: that is the repository. */
function isStatement(value: unknown): boolean {
  if (!isObject(value) || (value.Effect !== 'Allow' && value.Effect !== 'Deny') || 'Resource' in value || 'NotResource' in value) return false;
  const who = value.Principal ?? value.NotPrincipal;
  const what = listOf(value.Action ?? value.NotAction);
  return (who === '*' || isObject(who)) && what.every((action) => typeof action === 'string' && (action === '*' || /^ecr:/i.test(action))) && (value.Condition === undefined || isObject(value.Condition));
}
