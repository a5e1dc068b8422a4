import { isDeepStrictEqual } from 'node:util';
import type * as Sdk from '@aws-sdk/client-eks';
import type { RequestContext } from '../../../control/service.ts';
import { contains, formatCidr, overlaps, parseCidr, securityGroupById, subnetById, vpcById } from '../../ec2/index.ts';
import { creatorEntry } from '../access/entries.ts';
import { clusterArn } from '../arns.ts';
import { clusterExists, invalidParameter, invalidRequest, resourceInUse, unsupportedZone } from '../errors.ts';
import { requireCluster } from '../lookups.ts';
import { page } from '../paging.ts';
import { accessEntries, clusters, fargateProfiles, nodegroups, pkis } from '../records.ts';
import type { Cluster } from '../records.ts';
import { checkRole } from '../roles.ts';
import { clusterShape } from '../shapes.ts';
import type { EksOperations } from '../table.ts';
import { checkTags } from '../tags.ts';
import { DEFAULT_VERSION, versionOf } from '../versions.ts';
import { loggingOf } from './logging.ts';

const NAME = /^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$/;
/** https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
const DEFAULT_SERVICE_CIDRS = ['10.100.0.0/16', '172.20.0.0/16'];
const MOST_GROUPS = 5;

const shape = async (context: RequestContext, cluster: Cluster) => clusterShape(cluster, (await pkis.get(context.store, context, cluster.name))?.value, context.installation);
const named = (of: (input: { name?: string | undefined }) => string | undefined) => (input: { name?: string | undefined }, context: RequestContext) => [clusterArn(context, of(input) ?? '')];
export const onCluster = { resources: named(({ name }) => name) };

/** The cluster of this name, if this token made it. Errors: ResourceInUseException for another's. */
async function clusterOfToken(context: RequestContext, name: string, token: string | undefined): Promise<Cluster | undefined> {
  const current = (await clusters.get(context.store, context, name))?.value;
  if (current && (token === undefined || current.clientRequestToken !== token)) throw clusterExists(name);
  return current;
}

export const clusterOperations = {
  CreateCluster: {
    ...onCluster,
    async run(input, context) {
      const name = input.name ?? '';
      if (!NAME.test(name)) throw invalidParameter(`The cluster name '${name}' is not valid: it must begin with an alphanumeric character and have only alphanumeric characters, hyphens and underscores, 100 at most.`);
      const before = await clusterOfToken(context, name, input.clientRequestToken);
      if (before) return { cluster: await shape(context, before) };
      const cluster = await newCluster(input, context);
      const changes = [clusters.put(clusters.key(context, name), cluster, 0)];
      if (cluster.bootstrapClusterCreatorAdminPermissions && cluster.authenticationMode !== 'CONFIG_MAP') {
        const entry = creatorEntry(context, cluster);
        changes.push(accessEntries.put(accessEntries.key(context, name, entry.principalArn), entry));
      }
      // Another request may have been quicker, one with this token too.
      const made = (await context.store.commit(changes)).ok ? cluster : await clusterOfToken(context, name, input.clientRequestToken);
      if (!made) throw clusterExists(name);
      return { cluster: await shape(context, made) };
    },
  },

  DescribeCluster: {
    ...onCluster,
    run: async (input, context) => ({ cluster: await shape(context, (await requireCluster(context, context, input.name)).value) }),
  },

  ListClusters: async (input, context) => {
    const names = (await clusters.list(context.store, context)).map(({ value }) => value.name);
    const { items, nextToken } = page(names, (name) => name, input);
    return { clusters: items, nextToken };
  },

  DeleteCluster: {
    ...onCluster,
    async run(input, context) {
      const { key, value } = await requireCluster(context, context, input.name);
      const { name } = value;
      if (value.deletionProtection) throw invalidRequest(`Cluster ${name} cannot be deleted because deletion protection is enabled.`, { clusterName: name });
      if ((await nodegroups.list(context.store, context, name)).length) throw resourceInUse('Cluster has nodegroups attached', { clusterName: name });
      // One that is on its way out does not hold the cluster back: AWS makes the caller wait for it.
      const profiles = await fargateProfiles.list(context.store, context, name);
      if (profiles.some((profile) => profile.value.status !== 'DELETING')) throw resourceInUse('Cluster has Fargate profiles attached', { clusterName: name });
      const after = await clusters.update(context.store, key, (cluster) => ({ ...cluster, status: 'DELETING' }));
      return { cluster: await shape(context, after ?? value) };
    },
  },
} satisfies EksOperations;

async function newCluster(input: Sdk.CreateClusterCommandInput, context: RequestContext): Promise<Cluster> {
  refuse(input);
  const version = input.version ?? DEFAULT_VERSION;
  if (!versionOf(version)) throw invalidParameter('unsupported Kubernetes version');
  const roleArn = input.roleArn ?? '';
  await checkRole(context, roleArn, 'eks.amazonaws.com');
  const vpc = await checkVpc(input.resourcesVpcConfig, context);
  const name = input.name ?? '';
  const id = context.randomHex(32);
  return {
    name, arn: clusterArn(context, name), id, version, roleArn, createdAt: context.now().toISOString(), status: 'CREATING', ...vpc,
    serviceCidr: serviceCidr(input.kubernetesNetworkConfig, ((await vpcById(context, context, vpc.vpcId))?.cidrBlocks ?? []).map(({ cidrBlock }) => cidrBlock)),
    authenticationMode: input.accessConfig?.authenticationMode ?? 'CONFIG_MAP',
    bootstrapClusterCreatorAdminPermissions: input.accessConfig?.bootstrapClusterCreatorAdminPermissions ?? true,
    creatorArn: context.principal.identityArn,
    bootstrapSelfManagedAddons: input.bootstrapSelfManagedAddons ?? true,
    logging: loggingOf(input.logging, []),
    supportType: input.upgradePolicy?.supportType ?? 'EXTENDED',
    deletionProtection: input.deletionProtection ?? false,
    endpointName: `${id}.gr7.${context.region}.eks.${context.installation.domain}`,
    balancerId: `lb-${context.randomHex(17)}`,
    issues: [], tags: checkTags(input.tags),
    ...(input.clientRequestToken === undefined ? {} : { clientRequestToken: input.clientRequestToken }),
  };
}

/** What is asked for and cannot be given yet is refused, not passed over. */
function refuse(input: Sdk.CreateClusterCommandInput): void {
  const unsupported: [string, unknown][] = [
    ['encryptionConfig', input.encryptionConfig?.length], ['outpostConfig', input.outpostConfig], ['remoteNetworkConfig', input.remoteNetworkConfig],
    ['computeConfig.enabled', input.computeConfig?.enabled], ['storageConfig.blockStorage.enabled', input.storageConfig?.blockStorage?.enabled],
    ['kubernetesNetworkConfig.elasticLoadBalancing.enabled', input.kubernetesNetworkConfig?.elasticLoadBalancing?.enabled],
    ['kubernetesNetworkConfig.ipFamily=ipv6', input.kubernetesNetworkConfig?.ipFamily === 'ipv6'],
    ['zonalShiftConfig.enabled', input.zonalShiftConfig?.enabled], ['controlPlaneScalingConfig', input.controlPlaneScalingConfig],
    ['kubeApiServerConfig', input.kubeApiServerConfig], ['kubeSchedulerConfig', input.kubeSchedulerConfig], ['kubeControllerManagerConfig', input.kubeControllerManagerConfig],
  ];
  const { authenticationMode = 'CONFIG_MAP', bootstrapClusterCreatorAdminPermissions = true } = input.accessConfig ?? {};
  if (authenticationMode === 'CONFIG_MAP' && !bootstrapClusterCreatorAdminPermissions) throw invalidParameter('bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP');
  for (const [member, asked] of unsupported) if (asked) throw invalidParameter(`${member} is not implemented by Gantry.`);
}

export function checkEndpoint(endpointPublicAccess: boolean, endpointPrivateAccess: boolean): void {
  if (!endpointPublicAccess && !endpointPrivateAccess) throw invalidParameter('Private and public endpoint access cannot be false');
}

async function checkVpc(config: Sdk.VpcConfigRequest | undefined, context: RequestContext) {
  const subnetIds = [...new Set(config?.subnetIds)];
  const { vpcId, zones } = await checkSubnets(subnetIds, context);
  if (zones.size < Math.min(2, context.installation.zones.length)) throw unsupportedZone('Subnets specified must be in at least two different AZs');
  const securityGroupIds = await checkGroups(config?.securityGroupIds, vpcId, context);
  const endpointPublicAccess = config?.endpointPublicAccess ?? true;
  const endpointPrivateAccess = config?.endpointPrivateAccess ?? false;
  checkEndpoint(endpointPublicAccess, endpointPrivateAccess);
  return { vpcId, subnetIds, securityGroupIds, endpointPublicAccess, endpointPrivateAccess, publicAccessCidrs: cidrsOf(config?.publicAccessCidrs) };
}

/** The one VPC of the subnets, and their zones. */
export async function checkSubnets(subnetIds: string[], context: RequestContext): Promise<{ vpcId: string; zones: Set<string> }> {
  if (!subnetIds.length) throw invalidParameter('Subnets cannot be empty');
  const found = await Promise.all(subnetIds.map(async (id) => {
    const subnet = await subnetById(context, context, id);
    if (!subnet) throw invalidParameter(`The subnet ID '${id}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)`);
    return subnet;
  }));
  const { vpcId } = found[0]!;
  if (found.some((subnet) => subnet.vpcId !== vpcId)) throw invalidParameter('Subnets must belong to the same VPC');
  return { vpcId, zones: new Set(found.map(({ zone }) => zone)) };
}

export async function checkGroups(given: string[] | undefined, vpcId: string, context: RequestContext): Promise<string[]> {
  const ids = [...new Set(given)];
  if (ids.length > MOST_GROUPS) throw invalidParameter(`A cluster can have ${MOST_GROUPS} security groups at most`);
  for (const id of ids) {
    const group = await securityGroupById(context, context, id);
    if (group?.vpcId !== vpcId) throw invalidParameter(`One or more security groups in [${ids.join(', ')}] were not found in VPC ${vpcId}`);
  }
  return ids;
}

export function cidrsOf(given: string[] | undefined): string[] {
  const cidrs = given?.length ? [...new Set(given)] : ['0.0.0.0/0'];
  const invalid = cidrs.filter((cidr) => !parseCidr(cidr));
  if (invalid.length) throw invalidParameter(`The following CIDRs are invalid in publicAccessCidrs: [${invalid.join(', ')}]`);
  return cidrs;
}

/** AWS takes 10.100.0.0/16, or 172.20.0.0/16 where the VPC has addresses of 10.0.0.0/8. */
function serviceCidr(config: Sdk.KubernetesNetworkConfigRequest | undefined, vpcCidrs: string[]): string {
  const wanted = config?.serviceIpv4Cidr;
  if (wanted === undefined) return DEFAULT_SERVICE_CIDRS[vpcCidrs[0]?.startsWith('10.') ? 1 : 0]!;
  const cidr = parseCidr(wanted);
  const within = cidr && PRIVATE.some((range) => contains(parseCidr(range)!, cidr));
  if (!within || formatCidr(cidr) !== wanted || cidr.prefix < 12 || cidr.prefix > 24) throw invalidParameter(`Service CIDR ${wanted} is not valid: it must be within ${PRIVATE.join(', ')} and between /24 and /12`);
  if (vpcCidrs.some((one) => overlaps(parseCidr(one)!, cidr))) throw invalidParameter(`Service CIDR ${wanted} is not valid: it overlaps with the VPC's CIDR block ${vpcCidrs.join(', ')}`);
  return wanted;
}

export const sameSet = (a: readonly string[], b: readonly string[]) => isDeepStrictEqual(new Set(a), new Set(b));
