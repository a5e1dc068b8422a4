import type { Context } from './context.ts';

/**
 * Text of a policy that may hold wildcards and policy variables: `arn:aws:iam::*:user/${aws:username}`, `${aws:PrincipalTag/team, 'none'}`,
 * and `${*}`, `${?}`, `${$}` for the characters themselves.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export type Part = { text: string } | { variable: string; otherwise?: string };

export function parts(text: string, withVariables: boolean): Part[] {
  if (!withVariables || !text.includes('${')) return [{ text }];
  const found: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push(variable(match[1]!));
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

function variable(inner: string): Part {
  const [name = '', otherwise] = inner.split(/,(.*)/s);
  const value = otherwise && /^\s*'(.*)'\s*$/s.exec(otherwise)?.[1];
  return { variable: name.trim().toLowerCase(), ...(value === undefined ? {} : { otherwise: value }) };
}

/** What a variable stands for; `undefined` where the request has no such key, or several values of it. */
export function valueOf(part: { variable: string; otherwise?: string }, context: Context): string | undefined {
  if (part.variable === '*' || part.variable === '?' || part.variable === '$') return part.variable;
  const values = context.get(part.variable);
  return values?.length === 1 ? values[0] : part.otherwise;
}

/** The text with its variables replaced and no wildcards in it; `undefined` if a variable has no value. */
export function plain(source: Part[], context: Context): string | undefined {
  let text = '';
  for (const part of source) {
    const piece = 'text' in part ? part.text : valueOf(part, context);
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}
