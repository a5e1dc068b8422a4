import type * as Sdk from '@aws-sdk/client-cloudwatch-logs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { invalidParameter, noSuchGroup, noSuchStream, notMatching, operationAborted } from '../errors.ts';
import { type Group, groupArn, groups } from '../records.ts';
import type { Stream } from '../storage.ts';
import { storageOf } from '../storage-of.ts';

/** A family: some operations of the table, each typed by its name. */
export type Family = Partial<OperationTable<typeof Sdk>>;

const GROUP_NAME = /^[.\-_/#A-Za-z0-9]+$/;
const STREAM_NAME = /^[^:*]*$/;
const MOST_NAME = 512;

function checkText(text: string, member: string, pattern: RegExp, shown: string): string {
  if (text.length < 1) throw notMatching(text, member, 'Member must have length greater than or equal to 1');
  if (text.length > MOST_NAME) throw notMatching(text, member, `Member must have length less than or equal to ${MOST_NAME}`);
  if (!pattern.test(text)) throw notMatching(text, member, `Member must satisfy regular expression pattern: ${shown}`);
  return text;
}

export const checkGroupName = (name: string | undefined) => checkText(name ?? '', 'logGroupName', GROUP_NAME, '[\\.\\-_/#A-Za-z0-9]+');
export const checkStreamName = (name: string | undefined) => checkText(name ?? '', 'logStreamName', STREAM_NAME, '[^:*]*');

export function checkLimit(limit: number | undefined, most: number): number {
  if (limit === undefined) return most;
  if (limit < 1) throw notMatching(limit, 'limit', 'Member must have value greater than or equal to 1');
  if (limit > most) throw notMatching(limit, 'limit', `Member must have value less than or equal to ${most}`);
  return limit;
}

export interface GroupInput {
  logGroupName?: string | undefined;
  /** A name or an ARN. */
  logGroupIdentifier?: string | undefined;
}

/** The group that a request means, by its name or its ARN, with or without the `:*` at its end. */
export function groupNameOf({ logGroupName, logGroupIdentifier }: GroupInput): string {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) throw invalidParameter('LogGroup name and LogGroup ARN are mutually exclusive parameters.');
  if (logGroupIdentifier === undefined) {
    if (logGroupName === undefined) throw invalidParameter('Either logGroupName or logGroupIdentifier must be specified.');
    return checkGroupName(logGroupName);
  }
  return checkGroupName(nameInArn(logGroupIdentifier) ?? logGroupIdentifier);
}

/** `undefined` if it is no log group's ARN. */
export const nameInArn = (arn: string) => /^arn:aws:logs:[^:]+:\d{12}:log-group:([^:]+)(:\*)?$/.exec(arn)?.[1];

export async function groupNamed(context: RequestContext, name: string): Promise<Entry<Group>> {
  const entry = await groups.get(context.store, context, name);
  if (!entry) throw noSuchGroup();
  return entry;
}

export async function streamNamed(context: RequestContext, groupName: string, streamName: string | undefined): Promise<{ group: Group; stream: Stream }> {
  const { value: group } = await groupNamed(context, groupName);
  const stream = storageOf(context).stream(group.id, checkStreamName(streamName));
  if (!stream) throw noSuchStream();
  return { group, stream };
}

/** Changes a group that must exist. */
export async function changeGroup(context: RequestContext, name: string, change: (group: Group) => Group): Promise<void> {
  if (!(await groups.update(context.store, groups.key(context, name), change))) throw noSuchGroup();
}

/** Deletes a group that must exist and that `check` lets go. */
export async function deleteGroup(context: RequestContext, name: string, check: (group: Group) => void): Promise<void> {
  const { key, value, revision } = await groupNamed(context, name);
  check(value);
  const commit = await context.store.commit([{ delete: key, expect: revision }]);
  if (!commit.ok) throw operationAborted();
}

/**
 * What IAM is asked about. AWS asks about a group as if it were a stream without a name, which policies on `log-group:NAME:*` match.
 */
export const onGroup = { resources: (input: GroupInput, context: RequestContext) => [`${groupArn(context, groupNameOf(input))}:log-stream:`] };
export const onStream = {
  resources: (input: GroupInput & { logStreamName?: string | undefined }, context: RequestContext) =>
    [`${groupArn(context, groupNameOf(input))}:log-stream:${input.logStreamName ?? ''}`],
};
/** Groups that one lists have no name in the request. */
export const onAllGroups = { resources: (_input: object, context: RequestContext) => [`${groupArn(context, '')}:log-stream:`] };

/** Opaque tokens of pages. */
export const toToken = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** The caller knows what it had put in. */
export function fromToken(token: string | undefined): unknown {
  if (token === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw invalidParameter('The specified nextToken is invalid.');
  }
}
