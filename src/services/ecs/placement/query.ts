import { invalid } from '../errors.ts';

/**
 * The cluster query language: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
 *
 *   attribute:ecs.instance-type == t3.small and not(task:group == service:web)
 *   attribute:ecs.availability-zone in [us-east-1a, us-east-1b] || attribute:stack exists
 */

/** Values that a subject has on an instance: none where it does not exist, several for `task:group`. */
export type Subjects = (subject: string) => string[];
export type Query = (subjects: Subjects) => boolean;

const OPERATORS: Record<string, string> = {
  '==': '==', equals: '==', '!=': '!=', not_equals: '!=', '>': '>', greater_than: '>', '>=': '>=', greater_than_equal: '>=', '<': '<', less_than: '<',
  '<=': '<=', less_than_equal: '<=', in: 'in', '!in': '!in', not_in: '!in', exists: 'exists', '!exists': '!exists', not_exists: '!exists', '=~': '=~',
  matches: '=~', '!~': '!~', not_matches: '!~',
};
const SUBJECTS = /^(attribute:[\w.\-/]+|task:group|agentConnected|agentVersion|ec2InstanceId|registeredAt|runningTasksCount)$/;
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|&&|\|\||!in\b|!exists\b|!~|!=|==|=~|>=|<=|[><!()[\],]|[^\s"'&|!=<>()[\],]+)/y;

const bad = (expression: string) => invalid(`Invalid expression: ${expression}`);

/** Errors: InvalidParameterException where the expression cannot be read. */
export function parseQuery(expression: string): Query {
  const tokens = tokenize(expression);
  let at = 0;
  const peek = () => tokens[at];
  const accept = (...wanted: string[]) => (wanted.includes(tokens[at] ?? '') ? tokens[at++] : undefined);
  const take = () => tokens[at++] ?? fail();
  const fail = (): never => {
    throw bad(expression);
  };

  function either(): Query {
    const terms = [both()];
    while (accept('||', 'or')) terms.push(both());
    return (subjects) => terms.some((term) => term(subjects));
  }

  function both(): Query {
    const terms = [unary()];
    while (accept('&&', 'and')) terms.push(unary());
    return (subjects) => terms.every((term) => term(subjects));
  }

  function unary(): Query {
    if (accept('!', 'not')) {
      const term = unary();
      return (subjects) => !term(subjects);
    }
    if (accept('(')) {
      const inner = either();
      if (!accept(')')) fail();
      return inner;
    }
    return comparison();
  }

  function comparison(): Query {
    const subject = take();
    const operator = OPERATORS[take()];
    if (!SUBJECTS.test(subject) || !operator) return fail();
    if (operator === 'exists') return (subjects) => subjects(subject).length > 0;
    if (operator === '!exists') return (subjects) => subjects(subject).length === 0;
    const wanted = operator === 'in' || operator === '!in' ? list() : [value()];
    return comparing(subject, operator, wanted, fail);
  }

  function list(): string[] {
    if (!accept('[')) return fail();
    const values = [value()];
    while (accept(',')) values.push(value());
    if (!accept(']')) fail();
    return values;
  }

  const value = () => (/^[[\](),]$/.test(peek() ?? ')') ? fail() : unquote(take()));
  const query = either();
  return at === tokens.length ? query : fail();
}

function tokenize(expression: string): string[] {
  const tokens: string[] = [];
  const text = expression.trimEnd();
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match?.[1]) throw bad(expression);
    tokens.push(match[1]);
    at = TOKEN.lastIndex;
  }
  return tokens;
}

const unquote = (token: string) => (/^["']/.test(token) ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token);

/** A negated operator holds where the plain one does not: also where the subject does not exist. */
function comparing(subject: string, operator: string, wanted: string[], fail: () => never): Query {
  const [first = ''] = wanted;
  const some = (holds: (value: string) => boolean): Query => (subjects) => subjects(subject).some(holds);
  const none = (holds: (value: string) => boolean): Query => (subjects) => !subjects(subject).some(holds);
  switch (operator) {
    case '==': return some((value) => value === first);
    case '!=': return none((value) => value === first);
    case 'in': return some((value) => wanted.includes(value));
    case '!in': return none((value) => wanted.includes(value));
    case '=~': return some(matcher(first, fail));
    case '!~': return none(matcher(first, fail));
    case '>': return some((value) => compare(value, first) > 0);
    case '>=': return some((value) => compare(value, first) >= 0);
    case '<': return some((value) => compare(value, first) < 0);
    case '<=': return some((value) => compare(value, first) <= 0);
    default: return fail();
  }
}

/** Regular expressions of the language match the whole value. */
function matcher(pattern: string, fail: () => never): (value: string) => boolean {
  try {
    const expression = new RegExp(`^(?:${pattern})$`);
    return (value) => expression.test(value);
  } catch {
    return fail();
  }
}

/** Numbers as numbers, versions part by part, anything else (ISO dates, names) as text. */
function compare(a: string, b: string): number {
  const version = /^\d+(\.\d+)*$/;
  if (!version.test(a) || !version.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const [left, right] = [a, b].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference) return difference;
  }
  return 0;
}
