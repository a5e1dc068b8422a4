import type { Collection } from '../../../control/collection.ts';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { instanceProfileNamed, policyWithArn, providerWithArn, roleNamed, userNamed } from '../lookups.ts';
import { instanceProfiles, openIdConnectProviders, policies, roles, users } from '../records.ts';
import { type Family, page, type Paging, tagList, tagsFrom, transact, withoutTags } from './common.ts';
import { onInstanceProfile, onPolicy, onProvider, onRole, onUser } from './targets.ts';

/** Tags of users, roles (those of services too), policies, instance profiles and OpenID Connect providers. */

type Tagged = { tags: Record<string, string> };
type Tag = { Key: string | undefined; Value: string | undefined };

const change = <T extends Tagged>(
  context: RequestContext, records: Collection<T>, find: () => Promise<Entry<T>>, next: (tags: Record<string, string>) => Record<string, string>,
) => transact(context, async () => {
  const { key, value, revision } = await find();
  return { changes: [records.put(key, { ...value, tags: next(value.tags) }, revision)], result: {} };
});

const add = (list: Tag[] | undefined) => (tags: Record<string, string>) => tagsFrom(list, tags);
const drop = (keys: string[] | undefined) => (tags: Record<string, string>) => withoutTags(tags, keys);

async function list(find: () => Promise<Entry<Tagged>>, input: Paging) {
  const { items, ...rest } = page(tagList((await find()).value.tags), input, ({ Key }) => Key);
  return { Tags: items, ...rest };
}

const user = (context: RequestContext, { UserName = '' }: { UserName?: string | undefined }) => () => userNamed(context, context, UserName);
const policy = (context: RequestContext, { PolicyArn = '' }: { PolicyArn?: string | undefined }) => () => policyWithArn(context, context, PolicyArn);
const profile = (context: RequestContext, { InstanceProfileName = '' }: { InstanceProfileName?: string | undefined }) => () =>
  instanceProfileNamed(context, context, InstanceProfileName);
const role = (context: RequestContext, { RoleName = '' }: { RoleName?: string | undefined }) => () => roleNamed(context, context, RoleName);

const provider = (context: RequestContext, { OpenIDConnectProviderArn = '' }: { OpenIDConnectProviderArn?: string | undefined }) => () =>
  providerWithArn(context, context, OpenIDConnectProviderArn);

export const tagOperations = {
  TagUser: { ...onUser, run: (input, context) => change(context, users, user(context, input), add(input.Tags)) },
  TagRole: { ...onRole, run: (input, context) => change(context, roles, role(context, input), add(input.Tags)) },
  TagPolicy: { ...onPolicy, run: (input, context) => change(context, policies, policy(context, input), add(input.Tags)) },
  TagInstanceProfile: { ...onInstanceProfile, run: (input, context) => change(context, instanceProfiles, profile(context, input), add(input.Tags)) },
  TagOpenIDConnectProvider: { ...onProvider, run: (input, context) => change(context, openIdConnectProviders, provider(context, input), add(input.Tags)) },
  UntagUser: { ...onUser, run: (input, context) => change(context, users, user(context, input), drop(input.TagKeys)) },
  UntagRole: { ...onRole, run: (input, context) => change(context, roles, role(context, input), drop(input.TagKeys)) },
  UntagPolicy: { ...onPolicy, run: (input, context) => change(context, policies, policy(context, input), drop(input.TagKeys)) },
  UntagInstanceProfile: { ...onInstanceProfile, run: (input, context) => change(context, instanceProfiles, profile(context, input), drop(input.TagKeys)) },
  UntagOpenIDConnectProvider: { ...onProvider, run: (input, context) => change(context, openIdConnectProviders, provider(context, input), drop(input.TagKeys)) },
  ListUserTags: { ...onUser, run: (input, context) => list(user(context, input), input) },
  ListRoleTags: { ...onRole, run: (input, context) => list(role(context, input), input) },
  ListPolicyTags: { ...onPolicy, run: (input, context) => list(policy(context, input), input) },
  ListInstanceProfileTags: { ...onInstanceProfile, run: (input, context) => list(profile(context, input), input) },
  ListOpenIDConnectProviderTags: { ...onProvider, run: (input, context) => list(provider(context, input), input) },
} satisfies Family;
