import type { NormalizedSchema } from '@smithy/core/schema';
import type { Constraint, Constraints, Fault, Rule } from '../../control/constraints.ts';

/** Checks an input whose types are right against the SDK's schema (what is required) and the service's constraints (all else). */

/** So many are told of; an answer is not to be longer than what it answers. */
const MOST = 10;

export function faultsOf(schema: NormalizedSchema, input: unknown, { shapes, members }: Constraints): Fault[] {
  const found: Fault[] = [];
  const add = (path: string, value: string | undefined, broken: Fault['broken']) => void (found.length < MOST && found.push({ path, value, broken }));

  function visit(member: NormalizedSchema, value: unknown, path: string, constraint: Constraint | undefined): void {
    if (constraint) for (const broken of brokenBy(value, constraint)) add(path, constraint.sensitive ? undefined : inShort(value), broken);
    if (member.isListSchema()) visitList(member.getValueSchema(), value as unknown[], path, constraint?.items);
    else if (member.isMapSchema()) {
      const entries = Object.entries(value as object);
      if (constraint?.keys) for (const [key] of entries) visit(member.getKeySchema(), key, `${path}.${key}`, shapes[constraint.keys]);
      visitItems(member.getValueSchema(), entries.map(([key, item]) => [`${path}.${key}`, item]), constraint?.values);
    } else if (member.isStructSchema()) visitStructure(member, value as Record<string, unknown>, path);
  }

  function visitList(schemaOfItems: NormalizedSchema, list: unknown[], path: string, shape: string | undefined): void {
    const constraint = shape === undefined ? undefined : shapes[shape];
    const plain = !schemaOfItems.isStructSchema() && !schemaOfItems.isListSchema() && !schemaOfItems.isMapSchema();
    const items = Object.entries(list).map(([index, item]) => [`${path}.${Number(index) + 1}.member`, item] as [string, unknown]);
    if (!plain || !constraint) return visitItems(schemaOfItems, items, shape);
    const wrong = list.find((item) => item !== undefined && item !== null && !brokenBy(item, constraint).next().done);
    if (wrong !== undefined) add(path, constraint.sensitive ? undefined : inShort(list), { rule: 'items', rules: rulesOf(constraint, typeof wrong === 'number') });
    visitItems(schemaOfItems, items, undefined);
  }

  function visitItems(schemaOfItems: NormalizedSchema, items: [string, unknown][], shape: string | undefined): void {
    const constraint = shape === undefined ? undefined : shapes[shape];
    for (const [path, item] of items) {
      if (item === undefined || item === null) add(path, undefined, { rule: 'required' });
      else visit(schemaOfItems, item, path, constraint);
    }
  }

  function visitStructure(structure: NormalizedSchema, value: Record<string, unknown>, path: string): void {
    const shapeOf = members[structure.getName() ?? ''];
    // The schema lists required members first and ends with how many they are; unions have none.
    let required = structure.isUnionSchema() ? 0 : Number((structure.getSchema() as unknown[])[6] ?? 0);
    for (const [name, member] of structure.structIterator()) {
      const here = path ? `${path}.${name}` : name;
      const isRequired = required-- > 0;
      const item = value[name];
      if (item !== undefined && item !== null) visit(member, item, here, shapes[shapeOf?.[name] ?? '']);
      else if (isRequired && !member.isIdempotencyToken()) add(here, undefined, { rule: 'required' });
    }
  }

  if (schema.isStructSchema()) visitStructure(schema, input as Record<string, unknown>, '');
  return found;
}

/** All that a constraint asks of a text or number, in AWS's order. */
function rulesOf({ enum: values, min, max, pattern }: Constraint, ofNumber: boolean): Rule[] {
  const rule = ofNumber ? 'value' : 'length';
  return [
    ...(max === undefined ? [] : [{ rule, bound: 'max', limit: max } as const]), ...(min === undefined ? [] : [{ rule, bound: 'min', limit: min } as const]),
    ...(pattern === undefined ? [] : [{ rule: 'pattern', pattern } as const]), ...(values ? [{ rule: 'enum', values } as const] : []),
  ];
}

function* brokenBy(value: unknown, { enum: values, min, max, pattern }: Constraint): Generator<Rule, void> {
  const [rule, size] = typeof value === 'number' ? ['value', value] as const : ['length', lengthOf(value)] as const;
  if (size !== undefined && max !== undefined && size > max) yield { rule, bound: 'max', limit: max };
  // What is too long is not matched: a pattern may take its time.
  else if (pattern !== undefined && typeof value === 'string' && !matcher(pattern).test(value)) yield { rule: 'pattern', pattern };
  if (size !== undefined && min !== undefined && size < min) yield { rule, bound: 'min', limit: min };
  if (values && typeof value === 'string' && !values.includes(value)) yield { rule: 'enum', values };
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return typeof value === 'object' && value !== null && !(value instanceof Date) ? Object.keys(value).length : undefined;
}

const matchers = new Map<string, RegExp>();

/** The models' patterns are Java's; all of them are JavaScript's too, most with code points. */
function matcher(pattern: string): RegExp {
  let made = matchers.get(pattern);
  if (!made) {
    try {
      made = new RegExp(`^(?:${pattern})$`, 'u');
    } catch {
      made = new RegExp(`^(?:${pattern})$`);
    }
    matchers.set(pattern, made);
  }
  return made;
}

function inShort(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item: unknown) => (typeof item === 'object' ? '{…}' : inShort(item))).join(', ')}]`;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '{…}';
}
