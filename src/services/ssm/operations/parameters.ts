import type * as Sdk from '@aws-sdk/client-ssm';
import { omit } from '../../../control/omit.ts';
import { AwsError } from '../../../control/error.ts';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { parameterNotFound, parameterVersionNotFound, validation } from '../errors.ts';
import { arnOf, isUnder, parseReference } from '../names.ts';
import { publicParameters } from '../public-parameters.ts';
import { lookUp, shape } from '../read.ts';
import { parameters, versions } from '../records.ts';
import type { Parameter, ParameterVersion } from '../records.ts';
import { page, passes } from '../search.ts';
import { unseal } from '../seal.ts';
import { putParameter } from '../write.ts';

const arns = (names: string[], context: RequestContext) => names.map((name) => arnOf(context, parseReference(name).name));
const one = ({ Name = '' }: { Name?: string | undefined }, context: RequestContext) => arns([Name], context);

const metadata = (context: RequestContext, name: string, version: ParameterVersion): Sdk.ParameterMetadata => ({
  Name: name, ARN: arnOf(context, name), Type: version.type, KeyId: version.keyId, Version: version.version, Tier: version.tier, DataType: version.dataType,
  Description: version.description, AllowedPattern: version.allowedPattern, LastModifiedDate: new Date(version.modifiedAt), LastModifiedUser: version.modifiedBy, Policies: [],
});

async function remove(context: RequestContext, name: string): Promise<boolean> {
  return transact(context, async () => {
    const entry = await parameters.get(context.store, context, name);
    if (!entry) return { changes: [], result: false };
    const old = await versions.list(context.store, context, name);
    return { changes: [{ delete: entry.key, expect: entry.revision }, ...old.map(({ key }) => ({ delete: key }))], result: true };
  });
}

/** DescribeParameters' older filters in the form of the newer ones. */
const legacy = (filters: Sdk.ParametersFilter[] | undefined) => (filters ?? []).map(({ Key, Values }): Sdk.ParameterStringFilter => ({ Key, Option: 'BeginsWith', ...(Values && { Values }) }));

async function relabel(context: RequestContext, name: string, wanted: number | undefined, change: (version: ParameterVersion, isTarget: boolean) => string[]): Promise<number> {
  return transact(context, async () => {
    const current = await parameters.get(context.store, context, name);
    if (!current) throw parameterNotFound();
    const target = wanted ?? current.value.version;
    const all = await versions.list(context.store, context, name);
    if (!all.some(({ value }) => value.version === target)) throw parameterVersionNotFound(name, String(target));
    const changed = all.map((entry) => ({ ...entry, value: { ...entry.value, labels: change(entry.value, entry.value.version === target) } }));
    const latest = changed.find(({ value }) => value.version === current.value.version)?.value.labels ?? [];
    return {
      changes: [...changed.map(({ key, value, revision }) => versions.put(key, value, revision)), parameters.put(current.key, { ...current.value, labels: latest }, current.revision)],
      result: target,
    };
  });
}

export const parameterOperations = {
  GetParameter: {
    resources: one,
    run: async (input, context) => ({ Parameter: await shape(context, context, await lookUp(context, context, input.Name ?? ''), input.WithDecryption) }),
  },

  GetParameters: {
    resources: ({ Names = [] }, context) => arns(Names, context),
    run: async ({ Names = [], WithDecryption }, context) => {
      if (Names.length > 10) throw validation(`1 validation error detected: Value '[${Names.join(', ')}]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`);
      const Parameters: Sdk.Parameter[] = [];
      const InvalidParameters: string[] = [];
      for (const name of new Set(Names)) {
        try {
          Parameters.push(await shape(context, context, await lookUp(context, context, name), WithDecryption));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          InvalidParameters.push(name);
        }
      }
      return { Parameters, InvalidParameters };
    },
  },

  GetParametersByPath: {
    resources: ({ Path = '' }, context) => arns([Path], context),
    run: async (input, context) => {
      const path = input.Path ?? '';
      if (!path.startsWith('/')) throw validation(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/".`);
      const all = path.startsWith('/aws/service') ? [...publicParameters(context).values()] : (await parameters.list(context.store, context)).map(({ value }) => value);
      const found = all.filter((parameter) => isUnder(path, parameter.name, input.Recursive ?? false) && passes(parameter, input.ParameterFilters ?? [])).sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, NextToken } = page(found, input, 10, ({ name }) => name);
      return { Parameters: await Promise.all(items.map((parameter: Parameter) => shape(context, context, { name: parameter.name, version: parameter, selector: undefined }, input.WithDecryption))), NextToken };
    },
  },

  PutParameter: { resources: one, run: (input, context) => putParameter(context, input) },

  DeleteParameter: {
    resources: one,
    run: async ({ Name = '' }, context) => {
      if (!(await remove(context, Name))) throw parameterNotFound();
      return {};
    },
  },

  DeleteParameters: {
    resources: ({ Names = [] }, context) => arns(Names, context),
    run: async ({ Names = [] }, context) => {
      const DeletedParameters: string[] = [];
      for (const name of Names) if (await remove(context, name)) DeletedParameters.push(name);
      return { DeletedParameters, InvalidParameters: Names.filter((name) => !DeletedParameters.includes(name)) };
    },
  },

  DescribeParameters: async (input, context) => {
    const filters = [...(input.ParameterFilters ?? []), ...legacy(input.Filters)];
    const found = (await parameters.list(context.store, context)).map(({ value }) => value).filter((parameter) => passes(parameter, filters));
    const { items, NextToken } = page(found, input, 50, ({ name }) => name);
    return { Parameters: items.map((parameter) => metadata(context, parameter.name, parameter)), NextToken };
  },

  GetParameterHistory: {
    resources: one,
    run: async (input, context) => {
      const { name } = parseReference(input.Name ?? '');
      const all = await versions.list(context.store, context, name);
      if (!all.length) throw parameterNotFound();
      const { items, NextToken } = page(all, input, 50, ({ value }) => String(value.version).padStart(10, '0'));
      return {
        Parameters: await Promise.all(items.map(async ({ value: { labels, ...version } }): Promise<Sdk.ParameterHistory> => {
          return { ...omit(metadata(context, name, { ...version, labels }), 'ARN'), Labels: labels, Value: version.type === 'SecureString' && input.WithDecryption ? await unseal(context, name, version.value) : version.value };
        })),
        NextToken,
      };
    },
  },

  LabelParameterVersion: {
    resources: one,
    run: async (input, context) => {
      const wanted = input.Labels ?? [];
      const InvalidLabels = wanted.filter((label) => !/^(?!aws|ssm|\d)[a-zA-Z0-9._-]{1,100}$/i.test(label));
      const valid = wanted.filter((label) => !InvalidLabels.includes(label));
      // A label is at one version: it moves.
      const ParameterVersion = await relabel(context, input.Name ?? '', input.ParameterVersion, ({ labels }, isTarget) => [...labels.filter((label) => !valid.includes(label)), ...(isTarget ? valid : [])]);
      return { InvalidLabels, ParameterVersion };
    },
  },

  UnlabelParameterVersion: {
    resources: one,
    run: async (input, context) => {
      const unwanted = input.Labels ?? [];
      let removed: string[] = [];
      await relabel(context, input.Name ?? '', input.ParameterVersion, ({ labels }, isTarget) => {
        if (isTarget) removed = labels.filter((label) => unwanted.includes(label));
        return isTarget ? labels.filter((label) => !unwanted.includes(label)) : labels;
      });
      return { RemovedLabels: removed, InvalidLabels: unwanted.filter((label) => !removed.includes(label)) };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
