import { NormalizedSchema } from '@smithy/core/schema';
import type { Constraints } from '../../control/constraints.ts';
import type { Service } from '../../control/service.ts';
import type { OperationSchema } from './protocol.ts';

const operationsBySdk = new WeakMap<object, Map<string, OperationSchema>>();

/** All operations of a service's SDK package, read from its exported schemas: `[9, namespace, name, traits, input, output]`. */
export function operationsOf(service: Service): Map<string, OperationSchema> {
  let operations = operationsBySdk.get(service.sdk);
  if (!operations) {
    operations = new Map();
    for (const value of Object.values(service.sdk)) {
      if (!Array.isArray(value) || value[0] !== 9) continue;
      const [, , name, traits, input, output] = value;
      operations.set(name, { name, traits: traits || {}, input: NormalizedSchema.of(input()), output: NormalizedSchema.of(output()) });
    }
    operationsBySdk.set(service.sdk, operations);
  }
  return operations;
}

/** The path and wanted type of the first member that has another type than its schema's. Null counts as absent. */
export function mistypedMember(schema: NormalizedSchema, value: unknown, constraints?: Constraints): string | undefined {
  return mistyped(schema, value, '', undefined, constraints);
}

function mistyped(schema: NormalizedSchema, value: unknown, path: string, shape: string | undefined, constraints: Constraints | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  const constraint = constraints?.shapes[shape ?? ''];
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) return `${path} is not a list`;
    return firstOf(value.entries(), ([index, item]) => mistyped(schema.getValueSchema(), item, `${path}.${index + 1}`, constraint?.items, constraints));
  }
  if (schema.isMapSchema()) {
    if (!isObject(value)) return `${path} is not a map`;
    return firstOf(Object.entries(value), ([key, item]) => (key.isWellFormed() ? mistyped(schema.getValueSchema(), item, `${path}.${key}`, constraint?.values, constraints) : `a key of ${path} is not a string`));
  }
  if (schema.isStructSchema()) {
    if (!isObject(value)) return `${path || 'the request'} is not a structure`;
    const shapeOf = constraints?.members[schema.getName() ?? ''];
    return firstOf(schema.structIterator(), ([name, member]) => mistyped(member, value[name], path ? `${path}.${name}` : name, shapeOf?.[name], constraints));
  }
  // Half a surrogate pair is no text: it has no UTF-8.
  if (schema.isStringSchema()) return typeof value === 'string' && value.isWellFormed() ? undefined : `${path} is not a string`;
  if (schema.isBooleanSchema()) return typeof value === 'boolean' ? undefined : `${path} is not a boolean`;
  if (schema.isNumericSchema()) return isNumber(value, constraints ? (constraint?.number ?? 'integer') : 'double') ? undefined : `${path} is not a number of its type`;
  if (schema.isTimestampSchema()) return value instanceof Date && !Number.isNaN(value.getTime()) ? undefined : `${path} is not a timestamp`;
  return undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function isNumber(value: unknown, type: string): boolean {
  if (type === 'double') return typeof value === 'number' && Number.isFinite(value);
  return Number.isSafeInteger(value) && (type === 'long' || (value as number) === ((value as number) | 0));
}

function firstOf<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
