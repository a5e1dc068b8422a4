/**
 * What AWS's service model says of inputs beyond the SDK's schemas: `constraints.json` of each service, written by
 * `house/constraints.ts`. Shapes are named as in the model; `members` tells which shape a member of a structure has.
 */
export interface Constraints {
  shapes: Record<string, Constraint>;
  members: Record<string, Record<string, string>>;
}

export interface Constraint {
  enum?: string[];
  /** Of a number its value, of all else its length. */
  min?: number;
  max?: number;
  /** A regular expression that the whole text must satisfy. */
  pattern?: string;
  /** `long` or `double`; numbers without it are whole and of 32 bits. */
  number?: string;
  /** Shapes of a list's items, of a map's keys and values. */
  items?: string;
  keys?: string;
  values?: string;
  /** Its value is not repeated in errors. */
  sensitive?: boolean;
}

/** A member that is not as the model wants it. */
export interface Fault {
  /** `Tags.1.member.Key`: members as the model names them, items counted from 1. */
  path: string;
  /** As errors repeat it; undefined if it is secret. */
  value: string | undefined;
  broken: Broken;
}

export type Rule = { rule: 'required' } | { rule: 'enum'; values: string[] } | { rule: 'pattern'; pattern: string } | { rule: 'length' | 'value'; bound: 'min' | 'max'; limit: number };
/** `items`: texts or numbers of a list, of which AWS tells together, with everything that is asked of each. */
type Broken = Rule | { rule: 'items'; rules: Rule[] };

/** What the member must do, in AWS's words. */
export function demand(broken: Broken): string {
  switch (broken.rule) {
    case 'required': return 'not be null';
    case 'enum': return `satisfy enum value set: [${broken.values.join(', ')}]`;
    case 'pattern': return `satisfy regular expression pattern: ${broken.pattern}`;
    case 'items': return `satisfy constraint: [${broken.rules.map((rule) => `Member must ${demand(rule)}`).join(', ')}]`;
    case 'length': case 'value': return `have ${broken.rule} ${broken.bound === 'min' ? 'greater' : 'less'} than or equal to ${broken.limit}`;
  }
}

/** The words that most services have for it. */
export function inWords(faults: Fault[]): string {
  const each = faults.map((fault) => {
    const value = fault.broken.rule === 'required' ? ' null' : fault.value === undefined ? '' : ` '${fault.value}'`;
    return `Value${value} at '${camelPath(fault)}' failed to satisfy constraint: Member must ${demand(fault.broken)}`;
  });
  return `${each.length} validation error${each.length === 1 ? '' : 's'} detected: ${each.join('; ')}`;
}

/** Messages begin each name small, whatever the model does. */
export const camelPath = ({ path }: Fault) => path.split('.').map((part) => part.charAt(0).toLowerCase() + part.slice(1)).join('.');
