import { parse } from 'yaml';

/** An add-on's configurationValues: JSON, or YAML, of which JSON is a part. */
export type Properties = Record<string, { type: 'integer'; minimum: number }>;

export function configurationFrom(text: string | undefined): Record<string, unknown> {
  const values: unknown = parse(text ?? '');
  return values !== null && typeof values === 'object' ? values as Record<string, unknown> : {};
}

/** What is wrong with it by the schema that DescribeAddonConfiguration tells; undefined if nothing is. */
export function faultOf(text: string, properties: Properties): string | undefined {
  let values: unknown;
  try {
    values = parse(text);
  } catch {
    return 'it is neither JSON nor YAML';
  }
  if (values === null) return undefined;
  const failed = (what: string) => `Json schema validation failed with error: [${what}]`;
  if (typeof values !== 'object' || Array.isArray(values)) return failed('$: object expected');
  for (const [name, value] of Object.entries(values)) {
    const property = properties[name];
    if (!property) return failed(`$.${name}: is not defined in the schema and the schema does not allow additional properties`);
    if (!Number.isInteger(value)) return failed(`$.${name}: ${typeof value} found, ${property.type} expected`);
    if (Number(value) < property.minimum) return failed(`$.${name}: must have a minimum value of ${property.minimum}`);
  }
  return undefined;
}
