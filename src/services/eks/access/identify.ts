import type { Env, Principal, Scope } from '../../../control/service.ts';
import { instanceById } from '../../ec2/index.ts';
import { accessEntries, fargateProfiles, nodegroups } from '../records.ts';
import type { Cluster } from '../records.ts';
import { mappedBy } from './aws-auth.ts';
import { policyGroup } from './entries.ts';

/** Kubernetes' user: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication */
export interface KubernetesUser {
  username: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
}

const NODE = { username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:bootstrappers', 'system:nodes'] };
const FARGATE = { username: 'system:node:{{SessionName}}', groups: ['system:bootstrappers', 'system:nodes', 'system:node-proxier'] };
const MASTER = { username: 'kubernetes-admin', groups: ['system:masters'] };

/**
 * Who a principal is in a cluster; undefined: nobody. An access entry counts before `aws-auth`, as in AWS. With CONFIG_MAP alone the
 * creator is an administrator whom no list shows, and the roles of managed node groups and Fargate profiles are known without a line in it.
 */
export async function identify(env: Env, scope: Scope, cluster: Cluster, principal: Principal): Promise<KubernetesUser | undefined> {
  const mapping = await mappingOf(env, scope, cluster, principal);
  if (!mapping) return undefined;
  const username = await filledIn(env, scope, mapping.username, principal);
  if (username === undefined) return undefined;
  const sessionName = sessionOf(principal);
  return {
    username, groups: mapping.groups, uid: `aws-iam-authenticator:${principal.account}:${principal.userId.split(':')[0]}`,
    extra: {
      arn: [principal.arn], canonicalArn: [canonicalArn(principal)], principalId: [principal.userId.split(':')[0]!], sessionName: [sessionName],
      ...(principal.accessKeyId === undefined ? {} : { accessKeyId: [principal.accessKeyId] }),
    },
  };
}

async function mappingOf(env: Env, scope: Scope, cluster: Cluster, principal: Principal): Promise<{ username: string; groups: string[] } | undefined> {
  if (cluster.authenticationMode !== 'CONFIG_MAP') {
    const entry = (await accessEntries.get(env.store, scope, cluster.name, principal.identityArn))?.value;
    if (entry) return { username: entry.username, groups: [...entry.kubernetesGroups, ...(entry.policies.length ? [policyGroup(entry.principalArn)] : [])] };
    if (cluster.authenticationMode === 'API') return undefined;
  } else {
    if (cluster.bootstrapClusterCreatorAdminPermissions && principal.identityArn === cluster.creatorArn) return MASTER;
    if ((await nodegroups.list(env.store, scope, cluster.name)).some(({ value }) => value.nodeRole === principal.identityArn)) return NODE;
    if ((await fargateProfiles.list(env.store, scope, cluster.name)).some(({ value }) => value.podExecutionRoleArn === principal.identityArn)) return FARGATE;
  }
  return mappedBy(env, scope, cluster, canonicalArn(principal));
}

/** A role without its path, as `aws-auth` wants it; a user as it is. */
function canonicalArn({ type, arn, account, identityArn }: Principal): string {
  return type === 'AssumedRole' ? `arn:aws:iam::${account}:role/${arn.split('/').at(-2)}` : identityArn;
}

const sessionOf = ({ type, arn }: Principal) => (type === 'AssumedRole' ? arn.split('/').at(-1)! : '');

/** Undefined where what is to be filled in is not known: a node's name, for who is no instance. */
async function filledIn(env: Env, scope: Scope, template: string, principal: Principal): Promise<string | undefined> {
  const session = sessionOf(principal);
  let name = template.replaceAll('{{AccountID}}', principal.account).replaceAll('{{SessionNameRaw}}', session).replaceAll('{{SessionName}}', session.replaceAll('@', '-'));
  if (name.includes('{{EC2PrivateDNSName}}')) {
    const instance = await instanceById(env, scope, session);
    if (!instance || instance.state === 'terminated') return undefined;
    const domain = scope.region === 'us-east-1' ? 'ec2' : `${scope.region}.compute`;
    name = name.replaceAll('{{EC2PrivateDNSName}}', `ip-${instance.privateAddress.replaceAll('.', '-')}.${domain}.internal`);
  }
  return name;
}

