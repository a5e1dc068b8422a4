import type { Collection } from '../../control/collection.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { Entry } from '../../store/store.ts';
import { nameIn, providerArn } from './arns.ts';
import { noSuchEntity } from './errors.ts';
import { awsManagedPolicies } from './managed/index.ts';
import { globally, groups, instanceProfiles, type ManagedPolicy, nameKey, type OpenIdConnectProvider, openIdConnectProviders, policies, roles, users } from './records.ts';

/** Finding records by name; the throwing ones are for operations. */

type At = Pick<Scope, 'account'>;

/** Names are unique whatever their case, but one must write them as they are. */
async function named<T extends { name: string }>(of: Collection<T>, env: Env, at: At, name: string): Promise<Entry<T> | undefined> {
  const entry = await of.get(env.store, globally(at), nameKey(name));
  return entry?.value.name === name ? entry : undefined;
}

export const findUser = (env: Env, at: At, name: string) => named(users, env, at, name);
export const findGroup = (env: Env, at: At, name: string) => named(groups, env, at, name);
export const findRole = (env: Env, at: At, name: string) => named(roles, env, at, name);
export const findInstanceProfile = (env: Env, at: At, name: string) => named(instanceProfiles, env, at, name);

export const userNamed = async (env: Env, at: At, name: string) => must(await findUser(env, at, name), `The user with name ${name} cannot be found.`);
export const groupNamed = async (env: Env, at: At, name: string) => must(await findGroup(env, at, name), `The group with name ${name} cannot be found.`);
export const roleNamed = async (env: Env, at: At, name: string) => must(await findRole(env, at, name), `The role with name ${name} cannot be found.`);
export const instanceProfileNamed = async (env: Env, at: At, name: string) => must(await findInstanceProfile(env, at, name), `Instance Profile ${name} cannot be found.`);

/** A policy of the account, by ARN. */
export async function findPolicy(env: Env, at: At, arn: string): Promise<Entry<ManagedPolicy> | undefined> {
  if (!arn.startsWith(`arn:aws:iam::${at.account}:policy/`)) return undefined;
  const entry = await named(policies, env, at, nameIn(arn));
  return entry && arn === `arn:aws:iam::${at.account}:policy${entry.value.path}${entry.value.name}` ? entry : undefined;
}

export const policyWithArn = async (env: Env, at: At, arn: string) => must(await findPolicy(env, at, arn), `Policy ${arn} was not found.`);

export async function findProvider(env: Env, at: At, arn: string): Promise<Entry<OpenIdConnectProvider> | undefined> {
  const prefix = providerArn(at.account, { url: '' });
  return arn.startsWith(prefix) ? openIdConnectProviders.get(env.store, globally(at), arn.slice(prefix.length)) : undefined;
}

export const providerWithArn = async (env: Env, at: At, arn: string) => must(await findProvider(env, at, arn), `OpenIDConnect Provider not found for arn ${arn}`);

/** The document in force of a policy, the account's or AWS's. */
export async function documentOf(env: Env, at: At, arn: string): Promise<string | undefined> {
  const aws = awsManagedPolicies.get(arn);
  if (aws) return aws.document;
  const policy = (await findPolicy(env, at, arn))?.value;
  return policy?.versions.find(({ id }) => id === policy.defaultVersion)?.document;
}

function must<T>(found: T | undefined, message: string): T {
  if (found === undefined) throw noSuchEntity(message);
  return found;
}
