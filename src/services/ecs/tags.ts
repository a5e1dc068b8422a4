import type { Tag } from '@aws-sdk/client-ecs';
import { invalid } from './errors.ts';
import type { Tags } from './records.ts';

const MOST = 50;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as given, checked: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html */
export function tagsOf(given: Tag[] | undefined): Tags {
  const tags: Tags = {};
  for (const { key = '', value = '' } of given ?? []) {
    if (!key) throw invalid('Tag keys can not be empty.');
    if (key.length > 128) throw invalid('Tag keys can not be longer than 128 characters.');
    if (value.length > 256) throw invalid('Tag values can not be longer than 256 characters.');
    if (/^aws:/i.test(key)) throw invalid("Tag keys can not start with 'aws:'.");
    if (!ALLOWED.test(key) || !ALLOWED.test(value)) throw invalid('Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @.');
    if (key in tags) throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    tags[key] = value;
  }
  return limited(tags);
}

export function limited(tags: Tags): Tags {
  if (Object.keys(tags).filter((key) => !key.startsWith('aws:')).length > MOST) throw invalid(`The number of tags can not exceed ${MOST}.`);
  return tags;
}

export const tagList = (tags: Tags): Tag[] => Object.entries(tags).map(([key, value]) => ({ key, value }));
