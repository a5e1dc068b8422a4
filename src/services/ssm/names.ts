import type { Scope } from '../../control/service.ts';
import { reservedName, tooDeep, validation } from './errors.ts';

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html#sysman-parameter-name-constraints */
const MAX_LEVELS = 15;
const MAX_LENGTH = 1011;

export const arnOf = ({ account, region }: Scope, name: string) => `arn:aws:ssm:${region}:${name.startsWith('/aws/') ? '' : account}:parameter${name.startsWith('/') ? '' : '/'}${name}`;

/** A name for a new parameter. */
export function checkName(name: string): void {
  if (!/^[a-zA-Z0-9_.\-/]+$/.test(name)) throw validation('Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>');
  if (name.length > MAX_LENGTH) throw validation(`1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to ${MAX_LENGTH}`);
  if (name.includes('/') && !name.startsWith('/')) throw validation('Parameter name must be a fully qualified name.');
  if (/^\/?aws(\/|$)/i.test(name) || /^\/aws/i.test(name)) throw reservedName(name);
  if (/^\/?(aws|ssm)/i.test(name)) throw validation(`Parameter name: can't be prefixed with "${name.replace(/^\//, '').slice(0, 3).toLowerCase()}" (case-insensitive).`);
  if (name.split('/').filter(Boolean).length > MAX_LEVELS) throw tooDeep(name);
}

/** What a caller asks for: a name or an ARN, perhaps with `:<version>` or `:<label>` behind it. */
export function parseReference(reference: string): { name: string; selector: string | undefined } {
  const [, path = reference] = /^arn:[^:]*:ssm:[^:]*:[^:]*:parameter(\/.*)$/.exec(reference) ?? [];
  const at = path.indexOf(':');
  return at < 0 ? { name: path, selector: undefined } : { name: path.slice(0, at), selector: path.slice(at + 1) };
}

/** Whether a name is under a path: directly, or anywhere below it. */
export function isUnder(path: string, name: string, recursive: boolean): boolean {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  if (!name.startsWith(prefix)) return false;
  return recursive || !name.slice(prefix.length).includes('/');
}
