import type { NormalizedSchema } from '@smithy/core/schema';

/**
 * Reads shapes from the flat parameters of awsQuery and ec2Query (`Filter.1.Value.2=x`), the one direction that the SDK lacks.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
interface Node {
  text?: string;
  children: Map<string, Node>;
}

export function readForm(schema: NormalizedSchema, parameters: Iterable<[string, string]>, dialect: 'query' | 'ec2'): unknown {
  const root: Node = { children: new Map() };
  for (const [name, text] of parameters) {
    let node = root;
    for (const part of name.split('.')) {
      let child = node.children.get(part);
      if (!child) node.children.set(part, (child = { children: new Map() }));
      node = child;
    }
    node.text = text;
  }
  return read(schema, root, dialect) ?? {};
}

function read(schema: NormalizedSchema, node: Node | undefined, dialect: 'query' | 'ec2'): unknown {
  if (!node) return undefined;
  if (schema.isStructSchema()) {
    const value: Record<string, unknown> = {};
    for (const [name, member] of schema.structIterator()) {
      const found = read(member, node.children.get(memberKey(name, member, dialect)), dialect);
      if (found !== undefined) value[name] = found;
    }
    return value;
  }
  if (schema.isListSchema()) return readList(schema, node, dialect);
  if (schema.isMapSchema()) return readMap(schema, node, dialect);
  return node.text === undefined ? undefined : readText(schema, node.text);
}

/** `Name.1`, `Name.member.1` or `Name.<xmlName>.1`; `Name=` alone is an empty list. */
function readList(schema: NormalizedSchema, node: Node, dialect: 'query' | 'ec2'): unknown[] {
  const item = schema.getValueSchema();
  const items = node.children.get('member') ?? node.children.get(item.getMergedTraits().xmlName ?? '') ?? node;
  return numbered(items).map((child) => read(item, child, dialect));
}

function readMap(schema: NormalizedSchema, node: Node, dialect: 'query' | 'ec2'): Record<string, unknown> {
  const keyName = schema.getKeySchema().getMergedTraits().xmlName ?? 'key';
  const valueName = schema.getValueSchema().getMergedTraits().xmlName ?? 'value';
  const pairs = numbered(node.children.get('entry') ?? node).map((entry) => {
    return [entry.children.get(keyName)?.text ?? '', read(schema.getValueSchema(), entry.children.get(valueName), dialect)];
  });
  return Object.fromEntries(pairs);
}

const numbered = (node: Node) =>
  [...node.children].filter(([key]) => /^\d+$/.test(key)).sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child);

function memberKey(name: string, member: NormalizedSchema, dialect: 'query' | 'ec2'): string {
  const traits = member.getMergedTraits();
  if (dialect === 'query') return traits.xmlName ?? name;
  if (traits.ec2QueryName) return traits.ec2QueryName as string;
  const key = traits.xmlName ?? name;
  return key[0]!.toUpperCase() + key.slice(1);
}

/** Text that does not read as its type is left as it is, for the type check to name it. */
export function readText(schema: NormalizedSchema, text: string): unknown {
  if (schema.isBooleanSchema()) return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
  if (schema.isNumericSchema()) return /^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
  if (schema.isTimestampSchema()) return new Date(text);
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(text, 'base64'));
  return text;
}
