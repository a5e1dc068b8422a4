import { createHash } from 'node:crypto';
import type * as Sdk from '@aws-sdk/client-eks';
import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { uuid } from '../../../control/uuid.ts';
import { childArn, clusterArn } from '../arns.ts';
import { invalidParameter, invalidRequest, noFargateProfile, resourceInUse, resourceLimitExceeded } from '../errors.ts';
import { requireCluster } from '../lookups.ts';
import { checkSubnets } from '../nodegroups/check.ts';
import { page } from '../paging.ts';
import { fargateProfiles } from '../records.ts';
import type { Cluster, FargateProfile } from '../records.ts';
import { checkRole } from '../roles.ts';
import type { EksOperations } from '../table.ts';
import { checkTags } from '../tags.ts';

/** https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html */
const MOST_PROFILES = 10;
const MOST_SELECTORS = 5;
const MOST_LABELS = 5;
const NAME = /^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$/;
const NAMESPACE = /^[a-z0-9*?]([-a-z0-9*?]{0,61}[a-z0-9*?])?$/;
const LABEL_KEY = /^([a-z0-9*?]([a-z0-9.*?-]{0,251}[a-z0-9*?])?\/)?[A-Za-z0-9*?]([A-Za-z0-9_.*?-]{0,61}[A-Za-z0-9*?])?$/;
const LABEL_VALUE = /^([A-Za-z0-9*?]([A-Za-z0-9_.*?-]{0,61}[A-Za-z0-9*?])?)?$/;

export const fargateProfileShape = (profile: FargateProfile): Sdk.FargateProfile => ({
  fargateProfileName: profile.name, fargateProfileArn: profile.arn, clusterName: profile.cluster, createdAt: new Date(profile.createdAt),
  podExecutionRoleArn: profile.podExecutionRoleArn, subnets: profile.subnetIds, status: profile.status, tags: profile.tags,
  selectors: profile.selectors.map(({ namespace, labels }) => ({ namespace, ...(Object.keys(labels).length ? { labels } : {}) })),
  health: { issues: profile.issues.map(({ code, message, resourceIds }) => ({ code: code as Sdk.FargateProfileIssueCode, message, ...(resourceIds ? { resourceIds } : {}) })) },
});

export function selectorsFrom(given: Sdk.FargateProfileSelector[]): FargateProfile['selectors'] {
  if (!given.length) throw invalidParameter('Fargate profile must have at least one selector.');
  if (given.length > MOST_SELECTORS) throw invalidParameter(`Fargate profile can have at most ${MOST_SELECTORS} selectors.`);
  return given.map(({ namespace = '', labels = {} }) => {
    if (!NAMESPACE.test(namespace)) throw invalidParameter(`The namespace '${namespace}' in the selector is not a valid Kubernetes namespace.`);
    if (Object.keys(labels).length > MOST_LABELS) throw invalidParameter(`A selector can have at most ${MOST_LABELS} labels.`);
    for (const [key, value] of Object.entries(labels)) {
      if (!LABEL_KEY.test(key)) throw invalidParameter(`Label key ${key} is not a valid Kubernetes label key`);
      if (!LABEL_VALUE.test(value)) throw invalidParameter(`Label value ${value} is not a valid Kubernetes label value`);
    }
    return { namespace, labels };
  });
}

/** Its sandboxes are to be its sessions. */
const podRole = (context: RequestContext, arn: string) =>
  checkRole(context, arn, 'eks-fargate-pods.amazonaws.com', 'Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal');

async function newProfile(context: RequestContext, cluster: Cluster, input: Sdk.CreateFargateProfileRequest): Promise<FargateProfile> {
  const name = input.fargateProfileName ?? '';
  if (!NAME.test(name)) throw invalidParameter("The fargate profile name can contain only alphanumeric characters (case-sensitive), hyphens and underscores. It must start with an alphanumeric character and can't be longer than 100 characters.", { clusterName: cluster.name, fargateProfileName: name });
  if (name.startsWith('eks-')) throw invalidParameter("The fargate profile name must not start with the reserved prefix 'eks-'.", { clusterName: cluster.name, fargateProfileName: name });
  // A call that is made again with its token finds the profile that it made by the ARN.
  const id = input.clientRequestToken === undefined ? context.randomHex(32) : createHash('sha256').update(JSON.stringify([cluster.id, name, input.clientRequestToken])).digest('hex').slice(0, 32);
  return {
    name, cluster: cluster.name, arn: childArn(context, 'fargateprofile', cluster.name, name, uuid(id)), status: 'CREATING', issues: [], createdAt: context.now().toISOString(),
    selectors: selectorsFrom(input.selectors ?? []), subnetIds: await checkSubnets(context, cluster, input.subnets?.length ? input.subnets : cluster.subnetIds),
    podExecutionRoleArn: await podRole(context, input.podExecutionRoleArn ?? ''), tags: checkTags(input.tags),
  };
}

/** EKS makes and deletes one profile of a cluster at a time. */
async function checkOthers(context: RequestContext, cluster: string, name: string, verb: 'create' | 'delete'): Promise<void> {
  const others = (await fargateProfiles.list(context.store, context, cluster)).map(({ value }) => value).filter((one) => one.name !== name);
  const busy = others.find(({ status }) => status === 'CREATING' || status === 'DELETING');
  if (busy) throw resourceInUse(`Cannot ${verb} Fargate Profile ${name} because cluster ${cluster} currently has Fargate profile ${busy.name} in status ${busy.status}`, { clusterName: cluster, fargateProfileName: name });
  if (verb === 'create' && others.length >= MOST_PROFILES) throw resourceLimitExceeded(`Fargate Profiles limit exceeded for cluster: ${MOST_PROFILES}`, { clusterName: cluster });
}

async function create(context: RequestContext, input: Sdk.CreateFargateProfileRequest): Promise<FargateProfile> {
  const { value: cluster } = await requireCluster(context, context, input.clusterName);
  const profile = await newProfile(context, cluster, input);
  return transact(context, async () => {
    const { key, value, revision } = await requireCluster(context, context, cluster.name);
    const at = fargateProfiles.key(context, cluster.name, profile.name);
    const existing = (await fargateProfiles.at(context.store, at))?.value;
    if (existing?.arn === profile.arn) return { changes: [], result: existing };
    if (existing) throw resourceInUse(`Fargate Profile already exists with name ${profile.name} and cluster name ${cluster.name}`, { clusterName: cluster.name, fargateProfileName: profile.name });
    if (value.status !== 'ACTIVE' && value.status !== 'UPDATING') throw invalidRequest(`Cluster '${cluster.name}' is not in ACTIVE status`, { clusterName: cluster.name });
    await checkOthers(context, cluster.name, profile.name, 'create');
    return { changes: [{ check: key, expect: revision }, fargateProfiles.put(at, profile, 0)], result: profile };
  });
}

async function requireProfile(context: RequestContext, cluster: string | undefined, name: string | undefined) {
  await requireCluster(context, context, cluster);
  const found = await fargateProfiles.get(context.store, context, cluster ?? '', name ?? '');
  if (!found) throw noFargateProfile(cluster ?? '', name ?? '');
  return found;
}

async function remove(context: RequestContext, input: Sdk.DeleteFargateProfileRequest): Promise<FargateProfile> {
  return transact(context, async () => {
    const { key, value: profile, revision } = await requireProfile(context, input.clusterName, input.fargateProfileName);
    if (profile.status === 'DELETING') return { changes: [], result: profile };
    await checkOthers(context, profile.cluster, profile.name, 'delete');
    const next: FargateProfile = { ...profile, status: 'DELETING' };
    return { changes: [fargateProfiles.put(key, next, revision)], result: next };
  });
}

const resources = async (input: { clusterName?: string | undefined; fargateProfileName?: string | undefined }, context: RequestContext) => {
  const { clusterName = '', fargateProfileName = '' } = input;
  return [(await fargateProfiles.get(context.store, context, clusterName, fargateProfileName))?.value.arn ?? childArn(context, 'fargateprofile', clusterName, fargateProfileName, '*')];
};

/**
 * Fargate profiles: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html. By design subnets may be public:
 * an installation's default ones are. Pods get no public address there.
 */
export const fargateProfileOperations = {
  CreateFargateProfile: {
    resources: (input, context) => [clusterArn(context, input.clusterName ?? '')],
    run: async (input, context) => ({ fargateProfile: fargateProfileShape(await create(context, input)) }),
  },

  DescribeFargateProfile: {
    resources,
    run: async (input, context) => ({ fargateProfile: fargateProfileShape((await requireProfile(context, input.clusterName, input.fargateProfileName)).value) }),
  },

  ListFargateProfiles: {
    resources: (input, context) => [clusterArn(context, input.clusterName ?? '')],
    async run(input, context) {
      await requireCluster(context, context, input.clusterName);
      const names = (await fargateProfiles.list(context.store, context, input.clusterName ?? '')).map(({ value }) => value.name);
      const { items, ...more } = page(names, (name) => name, input);
      return { fargateProfileNames: items, ...more };
    },
  },

  DeleteFargateProfile: {
    resources,
    run: async (input, context) => ({ fargateProfile: fargateProfileShape(await remove(context, input)) }),
  },
} satisfies EksOperations;
