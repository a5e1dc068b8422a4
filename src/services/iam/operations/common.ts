import type * as Sdk from '@aws-sdk/client-iam';
import { pageOf } from '../../../control/page.ts';
import type { Env, OperationTable, RequestContext } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { concurrentModification, invalidInput, invalidName, invalidPath, notMatching, validationError } from '../errors.ts';

/** What the families of operations share. */

/** A family: some operations of the table, each typed by its name. */
export type Family = Partial<OperationTable<typeof Sdk>>;

const MOST_ATTEMPTS = 20;

/** Reads, decides what to write, writes it if nothing that was read has changed; again if it has. `attempt` throws IAM's errors. */
export async function transact<T>(env: Env, attempt: () => Promise<{ changes: Change[]; result: T }>): Promise<T> {
  for (let count = 0; count < MOST_ATTEMPTS; count += 1) {
    const { changes, result } = await attempt();
    if (!changes.length || (await env.store.commit(changes)).ok) return result;
  }
  throw concurrentModification();
}

const DEFAULT_PAGE = 100;

export interface Paging {
  Marker?: string | undefined;
  MaxItems?: number | undefined;
}

/** A page in the order given. The marker is the key of the last item before it. */
export function page<T>(items: T[], { Marker, MaxItems }: Paging, key: (item: T) => string): { items: T[]; IsTruncated: boolean; Marker?: string } {
  const found = pageOf(items, key, MaxItems ?? DEFAULT_PAGE, Marker);
  if (!found) throw validationError('Invalid Marker.');
  return { items: found.items, IsTruncated: found.next !== undefined, ...(found.next === undefined ? {} : { Marker: found.next }) };
}

export function checkName(name: string | undefined, member: string, most = 64): string {
  if (!name || !/^[\w+=,.@-]+$/.test(name)) throw invalidName(member);
  if (name.length > most) throw notMatching(name, member, `Member must have length less than or equal to ${most}`);
  return name;
}

export function checkPath(path: string | undefined): string {
  if (path === undefined) return '/';
  if (path.length > 512 || !/^(\/|\/[!-~]+\/)$/.test(path)) throw invalidPath('path');
  return path;
}

const MOST_TAGS = 50;

type TagList = { Key: string | undefined; Value: string | undefined }[];

/** Request tags as a record, checked. */
export function tagsFrom(list: TagList | undefined, existing: Record<string, string> = {}): Record<string, string> {
  const tags = { ...existing };
  const seen = new Set<string>();
  for (const [index, { Key = '', Value = '' }] of (list ?? []).entries()) {
    const at = `tags.${index + 1}.member`;
    if (Key.length < 1 || Key.length > 128) {
      throw notMatching(Key, `${at}.key`, `Member must have length ${Key ? 'less than or equal to 128' : 'greater than or equal to 1'}`);
    }
    if (Value.length > 256) throw notMatching(Value, `${at}.value`, 'Member must have length less than or equal to 256');
    if (seen.has(Key.toLowerCase())) throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    seen.add(Key.toLowerCase());
    // Tag keys keep their case but are the same whatever it is.
    for (const old of Object.keys(tags)) if (old.toLowerCase() === Key.toLowerCase()) delete tags[old];
    tags[Key] = Value;
  }
  if (Object.keys(tags).length > MOST_TAGS) throw invalidInput(`The number of tags exceeds the limit of ${MOST_TAGS}`);
  return tags;
}

export function withoutTags(tags: Record<string, string>, keys: string[] | undefined): Record<string, string> {
  const gone = new Set((keys ?? []).map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key.toLowerCase())));
}

export const tagList = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Condition keys of a request that tags something. */
export function requestTags(list: TagList | undefined): Record<string, string | string[]> {
  if (!list?.length) return {};
  return { 'aws:TagKeys': list.map(({ Key }) => Key ?? ''), ...Object.fromEntries(list.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value ?? ''])) };
}

/** Condition keys of the resource that is acted on. */
export const resourceTags = (tags: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).flatMap(([key, value]) => [[`aws:ResourceTag/${key}`, value], [`iam:ResourceTag/${key}`, value]]));

/** Documents are answered percent-encoded (RFC 3986). */
export const encoded = (document: string) =>
  encodeURIComponent(document).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** Operations on users mean the caller where no user is named. */
export function userNameOf({ UserName }: { UserName?: string | undefined }, { principal }: Pick<RequestContext, 'principal'>): string {
  if (UserName !== undefined) return checkName(UserName, 'userName');
  if (principal.type !== 'User') throw validationError('Must specify userName when calling with non-User credentials');
  return principal.identityArn.slice(principal.identityArn.lastIndexOf('/') + 1);
}
