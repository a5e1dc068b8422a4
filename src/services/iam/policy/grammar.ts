/**
 * The JSON of a policy and its reading into one shape, whatever of the grammar's shortcuts it used.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export interface Policy {
  /** Policy variables are replaced from this version on; before it `${…}` is text. */
  version: '2008-10-17' | '2012-10-17';
  statements: Statement[];
}

export interface Statement {
  sid?: string;
  effect: 'Allow' | 'Deny';
  /** Of each pair one is there at most. */
  actions?: string[];
  notActions?: string[];
  resources?: string[];
  notResources?: string[];
  principals?: Principals;
  notPrincipals?: Principals;
  /** By operator, then by condition key. */
  conditions: { operator: string; key: string; values: string[] }[];
}

/** `*` is `{ AWS: ['*'] }`. */
export interface Principals {
  AWS?: string[];
  Service?: string[];
  Federated?: string[];
  CanonicalUser?: string[];
}

type Raw = Record<string, unknown>;

/** Throws SyntaxError on anything that is no JSON object; the shape itself is checked by `validate.ts` when a policy is stored. */
export function parsePolicy(text: string): Policy {
  const raw = JSON.parse(text) as Raw;
  return {
    version: raw['Version'] === '2012-10-17' ? '2012-10-17' : '2008-10-17',
    statements: listOf(raw['Statement']).map((statement) => readStatement(statement as Raw)),
  };
}

function readStatement(raw: Raw): Statement {
  const optional = <K extends string, V>(name: K, source: string, read: (value: unknown) => V) =>
    (raw[source] === undefined ? {} : { [name]: read(raw[source]) }) as { [P in K]?: V };
  return {
    effect: raw['Effect'] === 'Allow' ? 'Allow' : 'Deny',
    ...optional('sid', 'Sid', String),
    ...optional('actions', 'Action', strings),
    ...optional('notActions', 'NotAction', strings),
    ...optional('resources', 'Resource', strings),
    ...optional('notResources', 'NotResource', strings),
    ...optional('principals', 'Principal', readPrincipals),
    ...optional('notPrincipals', 'NotPrincipal', readPrincipals),
    conditions: Object.entries((raw['Condition'] ?? {}) as Record<string, Raw>).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({ operator, key, values: strings(values) }))),
  };
}

function readPrincipals(raw: unknown): Principals {
  if (typeof raw === 'string') return { AWS: [raw] };
  return Object.fromEntries(Object.entries(raw as Raw).map(([kind, values]) => [kind, strings(values)]));
}

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const strings = (value: unknown) => listOf(value).map(String);
