import type * as Sdk from '@aws-sdk/client-ssm';
import type { RequestContext } from '../../control/service.ts';
import { transact } from '../../control/transact.ts';
import { invalidKeyId, invalidPattern, parameterAlreadyExists, patternMismatch, policiesNotThere, tooManyTags, typeMismatch, validation } from './errors.ts';
import { checkName } from './names.ts';
import { parameters, versionKey, versions } from './records.ts';
import type { Parameter, ParameterVersion } from './records.ts';
import { seal } from './seal.ts';

const DEFAULT_KEY = 'alias/aws/ssm';
const MAX_BYTES = { Standard: 4096, Advanced: 8192 };
const MAX_VERSIONS = 100;

export async function putParameter(context: RequestContext, input: Sdk.PutParameterRequest): Promise<{ Version: number; Tier: 'Standard' | 'Advanced' }> {
  const name = input.Name ?? '';
  checkName(name);
  if (input.Policies) throw policiesNotThere();
  if (input.Overwrite && input.Tags?.length) throw validation('Invalid request: tags and overwrite can\'t be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.');
  return transact(context, async () => {
    const existing = await parameters.get(context.store, context, name);
    if (existing && !input.Overwrite) throw parameterAlreadyExists();
    const next = await nextVersion(context, name, input, existing?.value);
    const record: Parameter = { ...next, name, tags: existing?.value.tags ?? tagsOf(input.Tags) };
    const old = (await versions.list(context.store, context, name)).slice(0, -(MAX_VERSIONS - 1)).filter(({ value }) => !value.labels.length);
    return {
      changes: [
        parameters.put(parameters.key(context, name), record, existing?.revision ?? 0),
        versions.put(versions.key(context, name, versionKey(next.version)), next, 0),
        ...old.map(({ key }) => ({ delete: key })),
      ],
      result: { Version: next.version, Tier: next.tier },
    };
  });
}

async function nextVersion(context: RequestContext, name: string, input: Sdk.PutParameterRequest, existing: Parameter | undefined): Promise<ParameterVersion> {
  const type = input.Type ?? existing?.type;
  if (!type) throw validation('A parameter type is required when you create a parameter.');
  if (existing && existing.type !== type && (existing.type === 'SecureString' || type === 'SecureString')) throw typeMismatch();
  const value = input.Value ?? '';
  const tier = input.Tier === 'Advanced' || existing?.tier === 'Advanced' || (input.Tier === 'Intelligent-Tiering' && Buffer.byteLength(value) > MAX_BYTES.Standard) ? 'Advanced' : 'Standard';
  checkValue(value, tier, input.AllowedPattern);
  const description = input.Description ?? existing?.description;
  return {
    version: (existing?.version ?? 0) + 1, type, tier, dataType: dataType(input.DataType ?? existing?.dataType), value: type === 'SecureString' ? await seal(context, name, value) : value,
    modifiedAt: context.now().toISOString(), modifiedBy: context.principal.arn, labels: [],
    ...(type === 'SecureString' && { keyId: keyId(input.KeyId) }),
    ...(description !== undefined && { description }),
    ...(input.AllowedPattern && { allowedPattern: input.AllowedPattern }),
  };
}

function checkValue(value: string, tier: 'Standard' | 'Advanced', pattern: string | undefined): void {
  if (!value) throw validation("1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1");
  const max = MAX_BYTES[tier];
  if (Buffer.byteLength(value) > max) throw validation(`${tier} tier parameters support a maximum parameter value of ${max} characters.${tier === 'Standard' ? ' To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.' : ''}`);
  if (!pattern) return;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    throw invalidPattern(pattern);
  }
  if (!expression.test(value)) throw patternMismatch(pattern);
}

function keyId(asked: string | undefined): string {
  if (asked !== undefined && asked !== DEFAULT_KEY) throw invalidKeyId(asked);
  return DEFAULT_KEY;
}

function dataType(asked = 'text'): string {
  if (asked !== 'text' && asked !== 'aws:ec2:image') throw validation(`The following data type is not supported: ${asked} (Data type names are all lowercase.)`);
  return asked;
}

export function tagsOf(tags: Sdk.Tag[] | undefined): Record<string, string> {
  if ((tags?.length ?? 0) > 50) throw tooManyTags();
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}
