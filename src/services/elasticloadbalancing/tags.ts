import type { Tag } from '@aws-sdk/client-elastic-load-balancing-v2';
import { failure, invalid } from './errors.ts';
import type { Tags } from './records.ts';

const MOST_TAGS = 50;
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function tagsOf(list: Tag[] | undefined): Tags {
  const tags: Tags = {};
  for (const { Key = '', Value = '' } of list ?? []) {
    if (Key === '' || Key.length > 128 || !TAG.test(Key)) throw invalid(`The tag key '${Key}' is not valid`);
    if (Value.length > 256 || !TAG.test(Value)) throw invalid(`The tag value '${Value}' is not valid`);
    if (Key.toLowerCase().startsWith('aws:')) throw invalid(`The tag key '${Key}' is not valid: 'aws:' prefixed tag key names are not allowed for external use`);
    if (Key in tags) throw failure('DuplicateTagKeys', 'A tag key was specified more than once');
    tags[Key] = Value;
  }
  return withinLimit(tags);
}

export function withinLimit(tags: Tags): Tags {
  if (Object.keys(tags).length > MOST_TAGS) throw failure('TooManyTags', "You've reached the limit on the number of tags per load balancer");
  return tags;
}

export const tagList = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
