import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Constraint, Constraints } from '../src/control/constraints.ts';
import { services } from '../src/services/index.ts';

/**
 * Writes `src/services/<name>/constraints.json`: what AWS's public service models say of the inputs of operations that are done, which
 * the SDK's schemas leave out. Run after an operation was added:
 *
 *   pip download --no-deps botocore && unzip -q botocore-*.whl 'botocore/data/*'
 *   node_modules/.bin/node house/constraints.ts botocore/data
 */

interface Shape {
  type: string;
  members?: Record<string, { shape: string }>;
  member?: { shape: string };
  key?: { shape: string };
  value?: { shape: string };
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  sensitive?: boolean;
}
interface Model {
  operations: Record<string, { input?: { shape: string } }>;
  shapes: Record<string, Shape>;
}

/** Where botocore has another name for a service. */
const FOLDERS: Record<string, string> = { elasticloadbalancing: 'elbv2' };
/** Longer sets are catalogues (instance types), which operations know themselves. */
const MOST_VALUES = 100;

const data = process.argv[2] ?? '.';
for (const { name, operations } of services) {
  const folder = join(data, FOLDERS[name] ?? name);
  const version = readdirSync(folder).sort().at(-1) ?? '';
  const model = JSON.parse(gunzipSync(readFileSync(join(folder, version, 'service-2.json.gz'))).toString()) as Model;
  writeFileSync(join(import.meta.dirname, `../src/services/${name}/constraints.json`), inLines(constraintsOf(model, Object.keys(operations))));
}

function constraintsOf({ shapes, operations }: Model, done: string[]): Constraints {
  const found: Constraints = { shapes: {}, members: {} };
  const seen = new Set<string>();

  /** Whether anything is said of this shape, which is then in `found`. */
  function visit(name: string): boolean {
    const { type, enum: values, min, max, pattern, sensitive, member, key, value } = shapes[name]!;
    if (type === 'structure') structure(name);
    const constraint: Constraint = {
      ...(type === 'long' || type === 'double' || type === 'float' ? { number: type === 'long' ? 'long' : 'double' } : {}),
      ...(values && values.length <= MOST_VALUES && { enum: values }),
      ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(pattern && { pattern }),
      ...(type === 'list' && member && visit(member.shape) && { items: member.shape }),
      ...(type === 'map' && key && visit(key.shape) && { keys: key.shape }),
      ...(type === 'map' && value && visit(value.shape) && { values: value.shape }),
    };
    if (!Object.keys(constraint).length) return false;
    found.shapes[name] = { ...constraint, ...(sensitive && { sensitive }) };
    return true;
  }

  function structure(name: string): void {
    if (seen.has(name)) return;
    seen.add(name);
    const said = Object.entries(shapes[name]?.members ?? {}).filter(([, { shape }]) => visit(shape)).map(([member, { shape }]) => [member, shape]);
    if (said.length) found.members[name] = Object.fromEntries(said);
  }

  for (const operation of done) {
    const input = operations[operation]?.input?.shape;
    if (input) structure(input);
  }
  return found;
}

/** JSON with a shape a line, for a diff to be read. */
function inLines({ shapes, members }: Constraints): string {
  const lines = (table: object) => Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n');
  return `{\n  "shapes": {\n${lines(shapes)}\n  },\n  "members": {\n${lines(members)}\n  }\n}\n`;
}
