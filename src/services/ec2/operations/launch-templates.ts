import type * as Sdk from '@aws-sdk/client-ec2';
import type { RequestContext } from '../../../control/service.ts';
import { createOnce } from '../client-token.ts';
import { invalidParameterValue, missingParameter, templateIdNotFound, templateNameInUse, templateNameNotFound, templateVersionNotFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { newId, kinds, select } from '../kinds.ts';
import { findTemplate, findVersion, TEMPLATE_NAMES, versionKey } from '../launch/template.ts';
import { page } from '../paging.ts';
import { launchTemplateVersions, launchTemplates, names } from '../records.ts';
import type { LaunchTemplate, LaunchTemplateVersion } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';

const shape = (template: LaunchTemplate): Sdk.LaunchTemplate => ({
  LaunchTemplateId: template.id, LaunchTemplateName: template.name, CreateTime: new Date(template.createdAt), CreatedBy: template.createdBy,
  DefaultVersionNumber: template.defaultVersion, LatestVersionNumber: template.latestVersion, Tags: toTags(template.tags),
});

const versionShape = (template: LaunchTemplate, version: LaunchTemplateVersion): Sdk.LaunchTemplateVersion => ({
  LaunchTemplateId: template.id, LaunchTemplateName: template.name, VersionNumber: version.version, VersionDescription: version.description,
  CreateTime: new Date(version.createdAt), CreatedBy: version.createdBy, DefaultVersion: version.version === template.defaultVersion,
  // Stored as it came; the shapes of request and response have the same members.
  LaunchTemplateData: version.data,
});

function newVersion(context: RequestContext, templateId: string, version: number, input: { VersionDescription?: string | undefined; LaunchTemplateData: Sdk.RequestLaunchTemplateData | undefined }, base: Record<string, unknown> = {}): LaunchTemplateVersion {
  return {
    templateId, version, createdBy: context.principal.arn, createdAt: context.now().toISOString(),
    ...(input.VersionDescription !== undefined && { description: input.VersionDescription }),
    data: { ...base, ...JSON.parse(JSON.stringify(input.LaunchTemplateData ?? {})) as Record<string, unknown> },
  };
}

const putVersion = (context: RequestContext, version: LaunchTemplateVersion) => launchTemplateVersions.put(launchTemplateVersions.key(context, version.templateId, versionKey(version.version)), version, 0);

async function selectTemplates(context: RequestContext, input: Sdk.DescribeLaunchTemplatesRequest): Promise<LaunchTemplate[]> {
  const all = (await launchTemplates.list(context.store, context)).map(({ value }) => value);
  for (const id of input.LaunchTemplateIds ?? []) if (!all.some((template) => template.id === id)) throw templateIdNotFound(id);
  for (const name of input.LaunchTemplateNames ?? []) if (!all.some((template) => template.name === name)) throw templateNameNotFound('At least one of the launch templates specified in the request');
  const wanted = input.LaunchTemplateIds?.length || input.LaunchTemplateNames?.length;
  return wanted ? all.filter(({ id, name }) => input.LaunchTemplateIds?.includes(id) || input.LaunchTemplateNames?.includes(name)) : all;
}

export const launchTemplateOperations = {
  CreateLaunchTemplate: async (input, context) => {
    const name = input.LaunchTemplateName ?? '';
    if (!/^[a-zA-Z0-9().\-/_]{3,128}$/.test(name)) throw invalidParameterValue(`Launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _.`);
    if (!Object.keys(input.LaunchTemplateData ?? {}).length) throw missingParameter('LaunchTemplateData');
    const made = await createOnce(context, 'CreateLaunchTemplate', input, async (id) => (await launchTemplates.get(context.store, context, id))?.value, async () => {
      if (await names.get(context.store, context, TEMPLATE_NAMES, name)) throw templateNameInUse();
      const template: LaunchTemplate = {
        id: newId(context, 'lt'), name, createdBy: context.principal.arn, createdAt: context.now().toISOString(), defaultVersion: 1, latestVersion: 1,
        tags: tagsFor('launch-template', input.TagSpecifications),
      };
      const changes = [
        launchTemplates.put(launchTemplates.key(context, template.id), template, 0), names.put(names.key(context, TEMPLATE_NAMES, name), template.id, 0),
        putVersion(context, newVersion(context, template.id, 1, input)),
      ];
      return { changes, result: template };
    });
    return { LaunchTemplate: shape(made) };
  },

  CreateLaunchTemplateVersion: async (input, context) => transact(context, async () => {
    const { key, value, revision } = await findTemplate(context, context, input);
    const base = input.SourceVersion === undefined ? {} : (await findVersion(context, context, value, input.SourceVersion)).data;
    const version = newVersion(context, value.id, value.latestVersion + 1, input, base);
    const after = { ...value, latestVersion: version.version };
    return {
      changes: [launchTemplates.put(key, after, revision), putVersion(context, version)],
      result: { LaunchTemplateVersion: versionShape(after, version) },
    };
  }),

  DescribeLaunchTemplates: async (input, context) => {
    const found = applyFilters(await selectTemplates(context, input), input.Filters, {
      'launch-template-name': ({ name }) => name, 'create-time': ({ createdAt }) => createdAt,
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { LaunchTemplates: items.map(shape), NextToken };
  },

  DescribeLaunchTemplateVersions: async (input, context) => {
    const one = input.LaunchTemplateId !== undefined || input.LaunchTemplateName !== undefined;
    if (!one && !input.Versions?.length) throw missingParameter('LaunchTemplateId or LaunchTemplateName');
    const templates = one ? [(await findTemplate(context, context, input)).value] : await select(context, context, kinds.launchTemplate, undefined);
    const pairs = (await Promise.all(templates.map(async (template) => (await versionsOf(context, template, input)).map((version) => ({ template, version }))))).flat();
    const found = applyFilters(pairs, input.Filters, {
      'is-default-version': ({ template, version }) => template.defaultVersion === version.version, 'create-time': ({ version }) => version.createdAt,
      'image-id': ({ version }) => version.data['ImageId'] as string | undefined, 'instance-type': ({ version }) => version.data['InstanceType'] as string | undefined,
    });
    // Newest first, as EC2 lists them; the page token counts upwards.
    const ordered = found.sort((a, b) => b.version.version - a.version.version);
    const { items, NextToken } = page(ordered, input, ({ template, version }) => `${versionKey(9_999_999_999 - version.version)}/${template.id}`);
    return { LaunchTemplateVersions: items.map(({ template, version }) => versionShape(template, version)), NextToken };
  },

  ModifyLaunchTemplate: async (input, context) => transact(context, async () => {
    const { key, value, revision } = await findTemplate(context, context, input);
    const { version } = await findVersion(context, context, value, input.DefaultVersion);
    const after = { ...value, defaultVersion: version };
    return { changes: [launchTemplates.put(key, after, revision)], result: { LaunchTemplate: shape(after) } };
  }),

  DeleteLaunchTemplate: async (input, context) => transact(context, async () => {
    const { key, value, revision } = await findTemplate(context, context, input);
    const versions = await launchTemplateVersions.list(context.store, context, value.id);
    return {
      changes: [{ delete: key, expect: revision }, { delete: names.key(context, TEMPLATE_NAMES, value.name) }, ...versions.map((version) => ({ delete: version.key }))],
      result: { LaunchTemplate: shape(value) },
    };
  }),

  DeleteLaunchTemplateVersions: async (input, context) => {
    const { value: template } = await findTemplate(context, context, input);
    const item = (version: string) => ({ LaunchTemplateId: template.id, LaunchTemplateName: template.name, VersionNumber: Number(version) });
    const deleted: Sdk.DeleteLaunchTemplateVersionsResponseSuccessItem[] = [];
    const kept: Sdk.DeleteLaunchTemplateVersionsResponseErrorItem[] = [];
    for (const version of input.Versions ?? []) {
      const entry = await launchTemplateVersions.get(context.store, context, template.id, versionKey(Number(version)));
      if (Number(version) === template.defaultVersion) throw invalidParameterValue('Cannot delete the default version of a launch template.');
      if (entry) {
        await context.store.commit([{ delete: entry.key }]);
        deleted.push(item(version));
      } else kept.push({ ...item(version), ResponseError: { Code: 'launchTemplateVersionDoesNotExist', Message: templateVersionNotFound(template.id, version).message } });
    }
    return { SuccessfullyDeletedLaunchTemplateVersions: deleted, UnsuccessfullyDeletedLaunchTemplateVersions: kept };
  },
} satisfies Ec2Operations;

async function versionsOf(context: RequestContext, template: LaunchTemplate, input: Sdk.DescribeLaunchTemplateVersionsRequest): Promise<LaunchTemplateVersion[]> {
  if (input.Versions?.length) {
    const found = await Promise.all(input.Versions.map((version) => findVersion(context, context, template, version)));
    return [...new Map(found.map((version) => [version.version, version])).values()];
  }
  const all = (await launchTemplateVersions.list(context.store, context, template.id)).map(({ value }) => value);
  return all.filter(({ version }) => version >= Number(input.MinVersion ?? 0) && version <= Number(input.MaxVersion ?? Number.MAX_SAFE_INTEGER));
}
