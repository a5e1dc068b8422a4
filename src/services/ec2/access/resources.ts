import type { TagSpecification } from '@aws-sdk/client-ec2';
import type { Conditions, RequestContext, Resource } from '../../../control/service.ts';
import { imageById } from '../catalogue/images.ts';
import { kinds } from '../kinds.ts';
import { securityGroups } from '../records.ts';
import type { Tags } from '../records.ts';
import { arn } from '../scope.ts';
import { facts } from './facts.ts';
import type { KindName, Known } from './facts.ts';

/** A resource that an operation touches: one that is there, by its id, or one that it makes. */
export interface Touched {
  kind: KindName;
  /** Absent for what the request does not name, or makes: `*` in the ARN. */
  id?: string | undefined;
  /** What the request says of a resource that it makes. */
  known?: Found;
  /** Tags that the request gives it. */
  tags?: Tags;
}

/** What the ARN and the tags of any record are made from. */
interface Found {
  name?: string | undefined;
  tags?: Tags | undefined;
}

/** Resources that are there; nothing for ids that the request leaves out. */
export const these = (kind: KindName, ids: readonly (string | undefined)[] | undefined): Touched[] => (ids ?? []).flatMap((id) => (id === undefined ? [] : [{ kind, id }]));
/** One that the request names; nothing if it leaves it out. */
export const named = (kind: KindName, id: string | undefined): Touched[] => these(kind, [id]);
/** One that the action needs: `*` where the request leads to none. */
export const one = (kind: KindName, id: string | undefined): Touched[] => [{ kind, id }];

/** One that the request makes, with the tags that it gives it and what it says of it. */
export function made<K extends KindName>(kind: K, { TagSpecifications: given }: { TagSpecifications?: TagSpecification[] | undefined }, known?: Known<K> & Found): Touched[] {
  const tags = (given ?? []).filter(({ ResourceType }) => ResourceType === typeOf(kind)).flatMap(({ Tags: list }) => list ?? []);
  return [{ kind, known, tags: Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])) }];
}

/** The kind of an id of any kind, as CreateTags takes them; undefined for what is none. */
export function kindNamed(id: string): KindName | undefined {
  if (id.startsWith('sgr-')) return 'securityGroupRule';
  if (id.startsWith('ami-')) return 'image';
  return (Object.keys(kinds) as (keyof typeof kinds)[]).find((name) => id.startsWith(`${kinds[name].prefix}-`));
}

/** What IAM is asked of it: its ARN, its tags and its facts, the tags that the request gives it. */
export async function askedOf(context: RequestContext, touched: Touched): Promise<Resource> {
  const record = touched.id === undefined ? touched.known : await recordOf(context, touched.kind, touched.id);
  return {
    arn: arnOf(context, touched, record),
    conditions: {
      ...facts[touched.kind](record ?? {}, context),
      ...tagged(['aws:ResourceTag', 'ec2:ResourceTag'], record?.tags),
      ...requestTags(touched.tags),
    },
  };
}

const requestTags = (tags: Tags = {}): Conditions => (Object.keys(tags).length ? { ...tagged(['aws:RequestTag'], tags), 'aws:TagKeys': Object.keys(tags) } : {});

const tagged = (keys: string[], tags: Tags = {}): Conditions => Object.fromEntries(Object.entries(tags).flatMap(([key, value]) => keys.map((name) => [`${name}/${key}`, value])));

const typeOf = (kind: KindName) => (kind === 'image' ? 'image' : kind === 'securityGroupRule' ? 'security-group-rule' : kinds[kind].type);

async function recordOf(context: RequestContext, kind: KindName, id: string): Promise<Found | undefined> {
  if (kind === 'image') return imageById(id);
  if (kind === 'securityGroupRule') return (await securityGroups.list(context.store, context)).flatMap(({ value }) => value.rules).find((rule) => rule.id === id);
  return (await kinds[kind].records.get(context.store, context, id))?.value;
}

/** Key pairs go by their names; images and snapshots belong to no account. */
function arnOf(context: RequestContext, { kind, id = '*' }: Touched, record: Found | undefined): string {
  if (kind === 'image' || kind === 'snapshot') return arn({ region: context.region, account: '' }, typeOf(kind), id);
  return arn(context, typeOf(kind), kind === 'keyPair' ? (record?.name ?? id) : id);
}
