import { invalid } from './errors.ts';

/** The rules that load balancers and target groups share: at most 32 of letters, digits and hyphens, no hyphen at the ends. */
export function checkName(what: 'load balancer' | 'target group', name: string): string {
  const fault = (words: string) => invalid(`The ${what} name '${name}' ${words}`);
  if (name.length > 32) throw fault("cannot be longer than '32' characters");
  if (!/^[A-Za-z0-9-]+$/.test(name)) throw fault('can only contain characters that are alphanumeric characters and hyphens(-)');
  if (name.startsWith('-') || name.endsWith('-')) throw fault('cannot begin or end with a hyphen(-)');
  if (what === 'load balancer' && name.startsWith('internal-')) throw fault("cannot begin with 'internal-'");
  return name;
}
