import type { LaunchTemplateSpecification, RequestLaunchTemplateData, RunInstancesRequest, TagSpecification } from '@aws-sdk/client-ec2';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { invalidParameterCombination, missingParameter, templateIdNotFound, templateNameNotFound, templateVersionNotFound } from '../errors.ts';
import { launchTemplateVersions, launchTemplates, names } from '../records.ts';
import type { LaunchTemplate, LaunchTemplateVersion } from '../records.ts';

export const TEMPLATE_NAMES = 'launch-template';
export const versionKey = (version: number) => String(version).padStart(10, '0');

/** By id or by name; EC2 takes one of the two. */
export async function findTemplate(env: Env, scope: Scope, { LaunchTemplateId: id, LaunchTemplateName: name }: LaunchTemplateSpecification): Promise<Entry<LaunchTemplate>> {
  if (id !== undefined && name !== undefined) throw invalidParameterCombination('Only one of LaunchTemplateId and LaunchTemplateName may be specified.');
  if (id === undefined && name === undefined) throw missingParameter('LaunchTemplateId or LaunchTemplateName');
  const found = id ?? (await names.get(env.store, scope, TEMPLATE_NAMES, name ?? ''))?.value;
  const template = found === undefined ? undefined : await launchTemplates.get(env.store, scope, found);
  if (!template) throw id === undefined ? templateNameNotFound(name ?? '') : templateIdNotFound(id);
  return template;
}

/** `$Latest`, `$Default`, a number; none means the default version. */
export async function findVersion(env: Env, scope: Scope, template: LaunchTemplate, version = '$Default'): Promise<LaunchTemplateVersion> {
  const number = version === '$Default' ? template.defaultVersion : version === '$Latest' ? template.latestVersion : Number(version);
  const found = Number.isSafeInteger(number) ? await launchTemplateVersions.get(env.store, scope, template.id, versionKey(number)) : undefined;
  if (!found) throw templateVersionNotFound(template.id, version);
  return found.value;
}

export interface ResolvedTemplate {
  id: string;
  name: string;
  version: number;
  data: RequestLaunchTemplateData;
}

export async function resolveTemplate(env: Env, scope: Scope, specification: LaunchTemplateSpecification): Promise<ResolvedTemplate> {
  const { value: template } = await findTemplate(env, scope, specification);
  const { version, data } = await findVersion(env, scope, template, specification.Version);
  return { id: template.id, name: template.name, version, data: data };
}

/**
 * The request, with what it leaves out taken from the template. Tags of both apply. A subnet or groups beside the template's
 * network interfaces go to its primary one, as Auto Scaling needs it.
 */
export function mergeTemplate(template: RequestLaunchTemplateData, request: RunInstancesRequest): RunInstancesRequest {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as unknown as RunInstancesRequest;
  // Members of the same names have the same shapes; the template's enumerations are only narrower.
  const merged = { ...(template as Partial<RunInstancesRequest>), ...given };
  merged.TagSpecifications = mergeTags(template.TagSpecifications, request.TagSpecifications);
  if (template.NetworkInterfaces?.length && !request.NetworkInterfaces?.length) {
    merged.NetworkInterfaces = template.NetworkInterfaces.map((networkInterface, i) => ({
      ...networkInterface,
      ...(i === 0 && merged.SubnetId !== undefined && { SubnetId: merged.SubnetId }),
      ...(i === 0 && request.SecurityGroupIds?.length && { Groups: request.SecurityGroupIds }),
    })) as NonNullable<RunInstancesRequest['NetworkInterfaces']>;
    delete merged.SubnetId;
    delete merged.SecurityGroupIds;
  }
  return merged;
}

function mergeTags(template: TagSpecification[] = [], request: TagSpecification[] = []): TagSpecification[] {
  const types = [...new Set([...template, ...request].map((specification) => specification.ResourceType))];
  return types.map((ResourceType) => {
    const tags = [...template, ...request].filter((specification) => specification.ResourceType === ResourceType).flatMap(({ Tags }) => Tags ?? []);
    return { ResourceType, Tags: [...new Map(tags.map((tag) => [tag.Key, tag])).values()] };
  });
}
