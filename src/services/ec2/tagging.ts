import type { Tag, TagSpecification } from '@aws-sdk/client-ec2';
import { omit } from '../../control/omit.ts';
import type { Env, Scope } from '../../control/service.ts';
import { invalidParameterValue } from './errors.ts';
import { instances } from './records.ts';
import type { Tags } from './records.ts';

export const toTags = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Tags as a customer may set them; keys of `aws:` are for services alone. */
export function fromTags(tags: Tag[] | undefined): Tags {
  const entries = (tags ?? []).map(({ Key: key = '', Value: value = '' }): [string, string] => [key, value]);
  for (const [key] of entries) {
    if (!key) throw invalidParameterValue('Tag key cannot be empty');
    if (key.startsWith('aws:')) throw invalidParameterValue(`Value ( ${key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`);
  }
  return Object.fromEntries(entries);
}

export function tagsFor(type: string, specifications: TagSpecification[] | undefined): Tags {
  return Object.assign({}, ...(specifications ?? []).filter((specification) => specification.ResourceType === type).map((specification) => fromTags(specification.Tags))) as Tags;
}

/** For services: a tag of `aws:` on an instance, which customers can neither set nor remove; undefined takes it away. */
export async function setSystemTag(env: Env, scope: Scope, instanceId: string, key: string, value: string | undefined): Promise<void> {
  await instances.update(env.store, instances.key(scope, instanceId), (instance) => {
    const tags = omit(instance.tags, key);
    return { ...instance, tags: value === undefined ? tags : { ...tags, [key]: value } };
  });
}
