import type { Tag, TagSpecification } from '@aws-sdk/client-ec2';
import { omit } from '../../control/omit.ts';
import type { Env, Scope } from '../../control/service.ts';
import { invalidParameterValue, tagLimitExceeded } from './errors.ts';
import { instances } from './records.ts';
import type { Tags } from './records.ts';

export const toTags = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions */
const MOST_TAGS = 50;

/** Tags as a customer may set them; keys of `aws:` are for services alone. */
export function fromTags(tags: Tag[] | undefined): Tags {
  const entries = (tags ?? []).map(({ Key: key = '', Value: value = '' }): [string, string] => [key, value]);
  if (entries.length > MOST_TAGS) throw tagLimitExceeded();
  for (const [index, [key, value]] of entries.entries()) {
    if (key.length > 128) throw invalidParameterValue('Tag key exceeds the maximum length of 128 characters');
    if (value.length > 256) throw invalidParameterValue('Tag value exceeds the maximum length of 256 characters');
    if (entries.findIndex(([other]) => other === key) < index) throw invalidParameterValue(`Duplicate tag key '${key}' specified.`);
    if (!key) throw invalidParameterValue('Tag key cannot be empty');
    if (key.startsWith('aws:')) throw invalidParameterValue(`Value ( ${key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`);
  }
  return Object.fromEntries(entries);
}

/** The tags that a request gives to what it makes of this type; it may also make things of the `others`. */
export function tagsFor(type: string, specifications: TagSpecification[] | undefined, others: string[] = []): Tags {
  const given = specifications ?? [];
  const wrong = given.find(({ ResourceType: named = '' }) => named !== type && !others.includes(named));
  if (wrong) throw invalidParameterValue(`'${wrong.ResourceType ?? ''}' is not a valid taggable resource type for this operation.`);
  return fromTags(given.flatMap(({ ResourceType, Tags: tags = [] }) => (ResourceType === type ? tags : [])));
}

/** For services: a tag of `aws:` on an instance, which customers can neither set nor remove; undefined takes it away. */
export async function setSystemTag(env: Env, scope: Scope, instanceId: string, key: string, value: string | undefined): Promise<void> {
  await instances.update(env.store, instances.key(scope, instanceId), (instance) => {
    const tags = omit(instance.tags, key);
    return { ...instance, tags: value === undefined ? tags : { ...tags, [key]: value } };
  });
}
