import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { role } from '../../iam/index.ts';
import { faultOf } from '../addons/configuration.ts';
import { ADDONS, addonInfo, addonKind } from '../addons/kinds.ts';
import { uuid } from '../../../control/uuid.ts';
import { childArn, clusterArn } from '../arns.ts';
import { invalidParameter, invalidRequest, resourceInUse, resourceNotFound } from '../errors.ts';
import { requireAddon, requireCluster, tokenOf, updateWithToken } from '../lookups.ts';
import { page } from '../paging.ts';
import { addons, updates } from '../records.ts';
import type { Addon, Update } from '../records.ts';
import { addonShape, updateShape } from '../shapes.ts';
import type { EksOperations } from '../table.ts';
import { checkTags } from '../tags.ts';
import { DEFAULT_VERSION } from '../versions.ts';

const onCluster = { resources: (input: { clusterName?: string | undefined }, context: RequestContext) => [clusterArn(context, input.clusterName ?? '')] };

export const addonOperations = {
  CreateAddon: {
    ...onCluster,
    async run(input, context) {
      const { value: cluster } = await requireCluster(context, context, input.clusterName);
      if (cluster.status !== 'ACTIVE') throw invalidRequest(`Cluster ${cluster.name} is in ${cluster.status} status`, { clusterName: cluster.name });
      const name = input.addonName ?? '';
      const version = versionFor(name, input.addonVersion);
      const now = context.now().toISOString();
      const configurationValues = configurationOf(name, input.configurationValues);
      const serviceAccountRoleArn = await roleOf(input.serviceAccountRoleArn, context);
      if (input.podIdentityAssociations?.length) throw invalidParameter('podIdentityAssociations is not implemented by Gantry.');
      const addon: Addon = {
        cluster: cluster.name, name, version, arn: childArn(context, 'addon', cluster.name, name, uuid(context.randomHex(32))), status: 'CREATING',
        createdAt: now, modifiedAt: now, issues: [], tags: checkTags(input.tags),
        ...(serviceAccountRoleArn ? { serviceAccountRoleArn } : {}), ...(configurationValues ? { configurationValues } : {}), ...tokenOf(input),
      };
      const key = addons.key(context, cluster.name, name);
      if (!(await context.store.commit([addons.put(key, addon, 0)])).ok) {
        const before = (await addons.at(context.store, key))?.value;
        if (!before?.clientRequestToken || before.clientRequestToken !== input.clientRequestToken) throw resourceInUse('Addon already exists.', { clusterName: cluster.name, addonName: name });
        return { addon: addonShape(before) };
      }
      return { addon: addonShape(addon) };
    },
  },

  DescribeAddon: {
    ...onCluster,
    async run(input, context) {
      const { value: cluster } = await requireCluster(context, context, input.clusterName);
      return { addon: addonShape((await requireAddon(context, context, cluster.name, input.addonName)).value) };
    },
  },

  ListAddons: {
    ...onCluster,
    async run(input, context) {
      const { value: cluster } = await requireCluster(context, context, input.clusterName);
      const names = (await addons.list(context.store, context, cluster.name)).map(({ value }) => value.name);
      const { items, nextToken } = page(names, (name) => name, input);
      return { addons: items, nextToken };
    },
  },

  UpdateAddon: {
    ...onCluster,
    async run(input, context) {
      const { value: cluster } = await requireCluster(context, context, input.clusterName);
      const { value } = await requireAddon(context, context, cluster.name, input.addonName);
      const version = input.addonVersion === undefined ? value.version : versionFor(value.name, input.addonVersion);
      const configurationValues = configurationOf(value.name, input.configurationValues) ?? value.configurationValues;
      const serviceAccountRoleArn = (await roleOf(input.serviceAccountRoleArn, context)) ?? value.serviceAccountRoleArn;
      const now = context.now().toISOString();
      const id = uuid(context.randomHex(32));
      const param = (type: string, given: string | undefined) => (given === undefined ? [] : [{ type, value: given }]);
      const update = await transact(context, async () => {
        const { key, value: addon, revision } = await requireAddon(context, context, cluster.name, value.name);
        const before = await updateWithToken(context, context, cluster.name, input.clientRequestToken);
        if (before) return { changes: [], result: before };
        if (['CREATING', 'UPDATING', 'DELETING'].includes(addon.status)) throw resourceInUse(`Addon ${addon.name} cannot be updated as it is currently in ${addon.status} state`, { clusterName: cluster.name, addonName: addon.name });
        const next: Addon = { ...addon, version, modifiedAt: now, status: 'UPDATING', ...(configurationValues === undefined ? {} : { configurationValues }), ...(serviceAccountRoleArn ? { serviceAccountRoleArn } : {}) };
        const made: Update = {
          id, cluster: cluster.name, addon: addon.name, type: 'AddonUpdate', status: 'InProgress', createdAt: now, errors: [], ...tokenOf(input),
          params: [...param('AddonVersion', version), ...param('ServiceAccountRoleArn', input.serviceAccountRoleArn), ...param('ResolveConflicts', input.resolveConflicts), ...param('ConfigurationValues', input.configurationValues)],
        };
        return { changes: [addons.put(key, next, revision), updates.put(updates.key(context, cluster.name, id), made, 0)], result: made };
      });
      return { update: updateShape(update) };
    },
  },

  DeleteAddon: {
    ...onCluster,
    async run(input, context) {
      const { value: cluster } = await requireCluster(context, context, input.clusterName);
      const { key, value } = await requireAddon(context, context, cluster.name, input.addonName);
      const after = await addons.update(context.store, key, (addon) => ({ ...addon, status: 'DELETING', ...(input.preserve ? { preserve: true } : {}) }));
      return { addon: addonShape(after ?? value) };
    },
  },

  DescribeAddonVersions: (input) => {
    const kubernetesVersion = input.kubernetesVersion ?? DEFAULT_VERSION;
    const found = ADDONS.filter(({ name, type }) => (input.addonName === undefined || name === input.addonName) && (!input.types?.length || input.types.includes(type)));
    if (input.addonName !== undefined && !found.length) throw resourceNotFound(`Addon ${input.addonName} specified is not supported`, { addonName: input.addonName });
    const { items, nextToken } = page(kubernetesVersion === DEFAULT_VERSION ? found : [], ({ name }) => name, input);
    return { addons: items.map((kind) => addonInfo(kind, kubernetesVersion)), nextToken };
  },

  DescribeAddonConfiguration: (input) => {
    const name = input.addonName ?? '';
    const addonVersion = versionFor(name, input.addonVersion);
    return { addonName: name, addonVersion, configurationSchema: JSON.stringify(addonKind(name)?.schema), podIdentityConfiguration: [] };
  },
} satisfies EksOperations;

function versionFor(name: string, wanted: string | undefined): string {
  const kind = addonKind(name);
  if (!kind) throw invalidParameter(`Addon ${name} specified is not supported`, { addonName: name });
  if (wanted !== undefined && !kind.versions.includes(wanted)) throw invalidParameter(`Addon version specified is not supported: ${wanted}`, { addonName: name });
  return wanted ?? kind.versions[0]!;
}

function configurationOf(addonName: string, text: string | undefined): string | undefined {
  const wrong = text === undefined ? undefined : faultOf(text, addonKind(addonName)?.schema.properties ?? {});
  if (wrong !== undefined) throw invalidParameter(`ConfigurationValue provided in request is not supported: ${wrong}`, { addonName });
  return text;
}

async function roleOf(arn: string | undefined, context: RequestContext): Promise<string | undefined> {
  if (arn === undefined) return undefined;
  if (!(await role(context, context, arn))) throw invalidParameter(`Role with arn: ${arn} does not exist`);
  await context.authorize('iam:PassRole', [arn], { 'iam:PassedToService': 'eks.amazonaws.com' });
  return arn;
}
