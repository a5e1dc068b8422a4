import { createHash } from 'node:crypto';
import type { RequestContext, Scope } from '../../../control/service.ts';
import { uuid } from '../../../control/uuid.ts';
import { accessEntryArn } from '../arns.ts';
import { invalidParameter } from '../errors.ts';
import { fargateProfiles, nodegroups } from '../records.ts';
import type { AccessEntry, Cluster, Tags } from '../records.ts';
import { CLUSTER_ADMIN_POLICY } from './policies.ts';

const NODE_GROUPS = { EC2_LINUX: ['system:nodes'], EC2_WINDOWS: ['eks:kube-proxy-windows', 'system:nodes'], FARGATE_LINUX: ['system:bootstrappers', 'system:nodes', 'system:node-proxier'] };
const NODE_NAME = 'system:node:{{EC2PrivateDNSName}}';
const FARGATE_NAME = 'system:node:{{SessionName}}';

export interface NewEntry {
  principalArn: string;
  type?: string | undefined;
  username?: string | undefined;
  kubernetesGroups?: string[] | undefined;
  tags?: Tags;
}

/** The group by which what the entry's access policies grant reaches its principal; nobody is told of it. */
export const policyGroup = (principalArn: string) => `eks:access-entry:${createHash('sha256').update(principalArn).digest('hex').slice(0, 32)}`;

export function newAccessEntry(context: RequestContext, cluster: string, wish: NewEntry): AccessEntry {
  const now = context.now().toISOString();
  const type = (wish.type ?? 'STANDARD') as AccessEntry['type'];
  if (type !== 'STANDARD' && !(type in NODE_GROUPS)) throw invalidParameter(`The type ${type} of access entries is not implemented by Gantry.`);
  if (type !== 'STANDARD' && (wish.kubernetesGroups?.length || wish.username !== undefined)) throw invalidParameter(`The parameters kubernetesGroups and username cannot be set for an access entry of type ${type}`);
  checkGroups(wish.kubernetesGroups);
  return {
    cluster, principalArn: wish.principalArn, type, policies: [], tags: wish.tags ?? {}, createdAt: now, modifiedAt: now,
    arn: accessEntryArn(context, cluster, wish.principalArn, uuid(context.randomHex(32))),
    username: type === 'FARGATE_LINUX' ? FARGATE_NAME : type === 'STANDARD' ? checkUsername(wish.username ?? defaultUsername(context, wish.principalArn)) : NODE_NAME,
    kubernetesGroups: type === 'STANDARD' ? [...new Set(wish.kubernetesGroups)] : NODE_GROUPS[type as keyof typeof NODE_GROUPS],
  };
}

/** The one who creates a cluster is its administrator, unless told otherwise. */
export function creatorEntry(context: RequestContext, cluster: Cluster): AccessEntry {
  const entry = newAccessEntry(context, cluster.name, { principalArn: cluster.creatorArn });
  return { ...entry, policies: [{ policyArn: CLUSTER_ADMIN_POLICY, scope: { type: 'cluster' }, associatedAt: entry.createdAt, modifiedAt: entry.createdAt }] };
}

/** Whom a cluster without access entries knew though no line of `aws-auth` names them: its creator, its node groups' and Fargate profiles' machines. */
export async function entriesOfTheUnlisted(context: RequestContext, cluster: Cluster): Promise<AccessEntry[]> {
  const groups = (await nodegroups.list(context.store, context, cluster.name)).map(({ value }) => ({ principalArn: value.nodeRole, type: 'EC2_LINUX' }));
  const profiles = (await fargateProfiles.list(context.store, context, cluster.name)).map(({ value }) => ({ principalArn: value.podExecutionRoleArn, type: 'FARGATE_LINUX' }));
  const machines = new Map([...groups, ...profiles].map((wish) => [wish.principalArn, newAccessEntry(context, cluster.name, wish)]));
  return [...(cluster.bootstrapClusterCreatorAdminPermissions ? [creatorEntry(context, cluster)] : []), ...machines.values()];
}

export function checkUsername(username: string): string {
  if (/^(system:|eks:|aws:|amazon:|iam:)/.test(username)) throw invalidParameter('The username parameter in the request must not begin with system:, eks:, aws:, amazon:, or iam:');
  return username;
}

export function checkGroups(groups: string[] | undefined): void {
  if (groups?.some((group) => /^(system:|eks:|aws:|amazon:|iam:)/.test(group))) {
    throw invalidParameter('The kubernetes group name in the request must not begin with system:, eks:, aws:, amazon:, or iam:');
  }
}

/** A role's sessions are told apart by their names. */
function defaultUsername({ account }: Scope, principalArn: string): string {
  const role = /:role\/(?:.*\/)?([^/]+)$/.exec(principalArn)?.[1];
  return role === undefined ? principalArn : `arn:aws:sts::${principalArn.split(':')[4] || account}:assumed-role/${role}/{{SessionName}}`;
}
