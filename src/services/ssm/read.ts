import type * as Sdk from '@aws-sdk/client-ssm';
import type { Env, Scope } from '../../control/service.ts';
import { parameterNotFound, parameterVersionNotFound } from './errors.ts';
import { arnOf, parseReference } from './names.ts';
import { publicParameters } from './public-parameters.ts';
import { parameters, versionKey, versions } from './records.ts';
import type { Parameter, ParameterVersion } from './records.ts';
import { unseal } from './seal.ts';

export interface Found {
  name: string;
  version: ParameterVersion;
  selector: string | undefined;
}

/** A version of a parameter: the current one, one by number, one by label. Errors: ParameterNotFound, ParameterVersionNotFound. */
export async function lookUp(env: Env, scope: Scope, reference: string): Promise<Found> {
  const { name, selector } = parseReference(reference);
  const current = await byName(env, scope, name);
  if (!current) throw parameterNotFound();
  if (selector === undefined) return { name: current.name, version: current, selector };
  if (/^\d+$/.test(selector)) {
    const version = current.version === Number(selector) ? current : (await versions.get(env.store, scope, current.name, versionKey(Number(selector))))?.value;
    if (!version) throw parameterVersionNotFound(name, selector);
    return { name: current.name, version, selector: `:${selector}` };
  }
  const labelled = (await versions.list(env.store, scope, current.name)).find(({ value }) => value.labels.includes(selector));
  if (!labelled) throw parameterVersionNotFound(name, selector);
  return { name: current.name, version: labelled.value, selector: `:${selector}` };
}

/** An ARN says a parameter without a path as if it had one. */
async function byName(env: Env, scope: Scope, name: string): Promise<Parameter | undefined> {
  if (name.startsWith('/aws/service/')) return publicParameters(env).get(name);
  const exact = await parameters.get(env.store, scope, name);
  return (exact ?? (await parameters.get(env.store, scope, name.replace(/^\//, ''))))?.value;
}

/** As GetParameter shows it; a SecureString's value stays sealed unless it is asked for plain. */
export async function shape(env: Env, scope: Scope, { name, version, selector }: Found, decrypt: boolean | undefined): Promise<Sdk.Parameter> {
  return {
    Name: name, Type: version.type, Version: version.version, ARN: arnOf(scope, name), DataType: version.dataType, LastModifiedDate: new Date(version.modifiedAt), Selector: selector,
    Value: version.type === 'SecureString' && decrypt ? await unseal(env, name, version.value) : version.value,
  };
}
