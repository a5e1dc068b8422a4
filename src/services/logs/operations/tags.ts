import type { RequestContext } from '../../../control/service.ts';
import { AwsError } from '../../../control/error.ts';
import { invalidParameter, notMatching } from '../errors.ts';
import { groups } from '../records.ts';
import { changeGroup, type Family, groupNamed, groupNameOf, nameInArn, onGroup } from './common.ts';

const MOST_TAGS = 50;

export function checkTags(tags: Record<string, string>): Record<string, string> {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128) throw notMatching(key, 'tags', `Map keys must have length ${key ? 'less than or equal to 128' : 'greater than or equal to 1'}`);
    if (value.length > 256) throw notMatching(value, 'tags', 'Map values must have length less than or equal to 256');
    if (key.startsWith('aws:')) throw invalidParameter('User-defined tag keys cannot start with "aws:".');
  }
  if (Object.keys(tags).length > MOST_TAGS) throw new AwsError('TooManyTagsException', 400, `A resource can have no more than ${MOST_TAGS} tags.`);
  return tags;
}

/** Condition keys of a request that tags something. */
export const tagKeys = (tags: Record<string, string> | undefined): Record<string, string | string[]> =>
  (tags ? { 'aws:TagKeys': Object.keys(tags), ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])) } : {});

/** Of the tagged things of this API only log groups are done. */
function groupIn({ resourceArn = '' }: { resourceArn?: string | undefined }): string {
  const name = nameInArn(resourceArn);
  if (name === undefined) throw invalidParameter(`The resource ARN ${resourceArn} is not that of a log group.`);
  return name;
}

const onResource = {
  resources: ({ resourceArn = '*' }: { resourceArn?: string | undefined }) => [resourceArn.replace(/:\*$/, '')],
  async conditions({ resourceArn = '', tags }: { resourceArn?: string | undefined; tags?: Record<string, string> | undefined }, context: RequestContext) {
    const group = await groups.get(context.store, context, nameInArn(resourceArn) ?? '');
    const existing = Object.entries(group?.value.tags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value] as const);
    return { ...tagKeys(tags), ...Object.fromEntries(existing) };
  },
};

async function add(context: RequestContext, name: string, tags: Record<string, string> = {}) {
  await changeGroup(context, name, (group) => ({ ...group, tags: checkTags({ ...group.tags, ...tags }) }));
  return {};
}

async function drop(context: RequestContext, name: string, keys: string[] = []) {
  await changeGroup(context, name, (group) => ({ ...group, tags: Object.fromEntries(Object.entries(group.tags).filter(([key]) => !keys.includes(key))) }));
  return {};
}

const list = async (context: RequestContext, name: string) => ({ tags: (await groupNamed(context, name)).value.tags });

export const tagOperations = {
  TagResource: { ...onResource, run: (input, context) => add(context, groupIn(input), input.tags) },
  UntagResource: { ...onResource, run: (input, context) => drop(context, groupIn(input), input.tagKeys) },
  ListTagsForResource: { ...onResource, run: (input, context) => list(context, groupIn(input)) },
  TagLogGroup: { ...onGroup, conditions: (input) => tagKeys(input.tags), run: (input, context) => add(context, groupNameOf(input), input.tags) },
  UntagLogGroup: { ...onGroup, run: (input, context) => drop(context, groupNameOf(input), input.tags) },
  ListTagsLogGroup: { ...onGroup, run: (input, context) => list(context, groupNameOf(input)) },
} satisfies Family;
