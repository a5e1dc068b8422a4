import type { Env, Scope } from '../../control/service.ts';
import type { Entry } from '../../store/store.ts';
import { noAccessEntry, noAddon, noCluster, noNodegroup } from './errors.ts';
import { accessEntries, addons, clusters, nodegroups, updates } from './records.ts';
import type { AccessEntry, Addon, Cluster, Nodegroup, Update } from './records.ts';

/** Records by name, or EKS's errors. */

export async function requireCluster(env: Env, scope: Scope, name: string | undefined): Promise<Entry<Cluster>> {
  const found = await clusters.get(env.store, scope, name ?? '');
  if (!found) throw noCluster(name ?? '');
  return found;
}

export async function requireAccessEntry(env: Env, scope: Scope, cluster: string, principalArn: string | undefined): Promise<Entry<AccessEntry>> {
  const found = await accessEntries.get(env.store, scope, cluster, principalArn ?? '');
  if (!found) throw noAccessEntry(principalArn ?? '');
  return found;
}

export async function requireNodegroup(env: Env, scope: Scope, cluster: string, name: string | undefined): Promise<Entry<Nodegroup>> {
  const found = await nodegroups.get(env.store, scope, cluster, name ?? '');
  if (!found) throw noNodegroup(cluster, name ?? '');
  return found;
}

export async function requireAddon(env: Env, scope: Scope, cluster: string, name: string | undefined): Promise<Entry<Addon>> {
  const found = await addons.get(env.store, scope, cluster, name ?? '');
  if (!found) throw noAddon(cluster, name ?? '');
  return found;
}

/** The update that an earlier call with the same token began: a client that lost the answer asks again. */
export async function updateWithToken(env: Env, scope: Scope, cluster: string, token: string | undefined): Promise<Update | undefined> {
  if (token === undefined) return undefined;
  return (await updates.list(env.store, scope, cluster)).find(({ value }) => value.clientRequestToken === token)?.value;
}

export const tokenOf = ({ clientRequestToken }: { clientRequestToken?: string | undefined }) => (clientRequestToken === undefined ? {} : { clientRequestToken });
