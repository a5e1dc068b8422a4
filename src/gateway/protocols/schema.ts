import { NormalizedSchema } from '@smithy/core/schema';
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

/** The path of the first required member that is absent, at any depth; `undefined` if all are there. */
export function missingMember(schema: NormalizedSchema, value: unknown, path = ''): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (schema.isListSchema()) {
    return firstOf((value as unknown[]).entries(), ([index, item]) => missingMember(schema.getValueSchema(), item, `${path}.${index + 1}.member`));
  }
  if (schema.isMapSchema()) {
    return firstOf(Object.entries(value), ([key, item]) => missingMember(schema.getValueSchema(), item, `${path}.${key}`));
  }
  if (!schema.isStructSchema() || schema.isUnionSchema()) return undefined;
  const members = value as Record<string, unknown>;
  // The schema lists required members first and ends with how many they are.
  let required = Number((schema.getSchema() as unknown[])[6] ?? 0);
  return firstOf(schema.structIterator(), ([name, member]) => {
    const here = path ? `${path}.${name}` : name;
    if (required-- > 0 && (members[name] === undefined || members[name] === null) && !member.isIdempotencyToken()) return here;
    return missingMember(member, members[name], here);
  });
}

/** The path and wanted type of the first member that has another type than its schema's. */
export function mistypedMember(schema: NormalizedSchema, value: unknown, path = ''): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) return `${path} is not a list`;
    return firstOf(value.entries(), ([index, item]) => mistypedMember(schema.getValueSchema(), item, `${path}.${index + 1}`));
  }
  if (schema.isMapSchema()) {
    if (!isObject(value)) return `${path} is not a map`;
    return firstOf(Object.entries(value), ([key, item]) => mistypedMember(schema.getValueSchema(), item, `${path}.${key}`));
  }
  if (schema.isStructSchema()) {
    if (!isObject(value)) return `${path || 'the request'} is not a structure`;
    return firstOf(schema.structIterator(), ([name, member]) => mistypedMember(member, value[name], path ? `${path}.${name}` : name));
  }
  if (schema.isStringSchema()) return typeof value === 'string' ? undefined : `${path} is not a string`;
  if (schema.isBooleanSchema()) return typeof value === 'boolean' ? undefined : `${path} is not a boolean`;
  if (schema.isNumericSchema()) return typeof value === 'number' && !Number.isNaN(value) ? undefined : `${path} is not a number`;
  if (schema.isTimestampSchema()) return value instanceof Date && !Number.isNaN(value.getTime()) ? undefined : `${path} is not a timestamp`;
  return undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function firstOf<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
