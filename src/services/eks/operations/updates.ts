import type * as Sdk from '@aws-sdk/client-eks';
import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { subnetById } from '../../ec2/index.ts';
import { entriesOfTheUnlisted } from '../access/entries.ts';
import { uuid } from '../../../control/uuid.ts';
import { invalidParameter, invalidRequest, resourceInUse, resourceNotFound } from '../errors.ts';
import { requireAddon, requireCluster, requireNodegroup, tokenOf, updateWithToken } from '../lookups.ts';
import { page } from '../paging.ts';
import { accessEntries, clusters, updates } from '../records.ts';
import type { Cluster, Update } from '../records.ts';
import { updateShape } from '../shapes.ts';
import type { EksOperations } from '../table.ts';
import { versionOf } from '../versions.ts';
import { checkEndpoint, checkGroups, checkSubnets, cidrsOf, onCluster, sameSet } from './clusters.ts';
import { loggingOf } from './logging.ts';

type Change = { type: string; next: Cluster; params: Update['params'] };
type Config = Sdk.UpdateClusterConfigCommandInput;

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html */
export const updateOperations = {
  UpdateClusterConfig: {
    ...onCluster,
    async run(input, context) {
      const id = uuid(context.randomHex(32));
      return transact(context, async () => {
        const { key, value, revision } = await requireCluster(context, context, input.name);
        const before = await updateWithToken(context, context, value.name, input.clientRequestToken);
        if (before) return { changes: [], result: { update: updateShape(before) } };
        if (value.status !== 'ACTIVE') throw resourceInUse(`Cluster ${value.name} is in status ${value.status}; configuration can be updated when it is ACTIVE`, { clusterName: value.name });
        const { type, next, params } = await changed(input, value, context);
        // Settings are in force at once: the endpoint's firewall, names and members follow by the controller.
        const update: Update = { id, cluster: value.name, type, params, status: 'Successful', createdAt: context.now().toISOString(), errors: [], ...tokenOf(input) };
        const entries = value.authenticationMode === 'CONFIG_MAP' && next.authenticationMode !== 'CONFIG_MAP' ? await entriesOfTheUnlisted(context, next) : [];
        const letIn = entries.map((entry) => accessEntries.put(accessEntries.key(context, value.name, entry.principalArn), entry));
        return { changes: [clusters.put(key, next, revision), updates.put(updates.key(context, value.name, id), update, 0), ...letIn], result: { update: updateShape(update) } };
      });
    },
  },

  UpdateClusterVersion: {
    ...onCluster,
    async run(input, context) {
      const { value } = await requireCluster(context, context, input.name);
      const wanted = input.version ?? value.version;
      if (!versionOf(wanted)) throw invalidParameter(`unsupported Kubernetes version: ${wanted}`);
      if (wanted === value.version) throw invalidRequest(`Cluster is already at the desired configuration with version: ${wanted}`, { clusterName: value.name });
      throw invalidRequest('Updates of the Kubernetes version are not implemented by Gantry.', { clusterName: value.name });
    },
  },

  DescribeUpdate: {
    ...onCluster,
    async run(input, context) {
      const { value } = await requireCluster(context, context, input.name);
      const found = await updates.get(context.store, context, value.name, input.updateId ?? '');
      if (!found) throw resourceNotFound(`No update found for ID: ${input.updateId}`, { clusterName: value.name });
      return { update: updateShape(found.value) };
    },
  },

  ListUpdates: {
    ...onCluster,
    async run(input, context) {
      const { value } = await requireCluster(context, context, input.name);
      if (input.addonName !== undefined) await requireAddon(context, context, value.name, input.addonName);
      if (input.nodegroupName !== undefined) await requireNodegroup(context, context, value.name, input.nodegroupName);
      const found = (await updates.list(context.store, context, value.name)).map((entry) => entry.value)
        .filter((update) => update.nodegroup === input.nodegroupName && update.addon === input.addonName);
      const { items, nextToken } = page(found, (update) => update.id, input);
      return { updateIds: items.map((update) => update.id), nextToken };
    },
  },
} satisfies EksOperations;

/** One kind of change a call, as AWS. */
async function changed(input: Config, cluster: Cluster, context: RequestContext): Promise<Change> {
  const asked = [input.logging, input.accessConfig, input.deletionProtection, input.upgradePolicy, input.resourcesVpcConfig].filter((one) => one !== undefined);
  if (asked.length > 1) throw invalidParameter('Only one type of update can be allowed.');
  const same = (what: string) => invalidParameter(`The cluster is already at the desired configuration: ${what}`);
  if (input.logging) {
    const logging = loggingOf(input.logging, cluster.logging);
    if (sameSet(logging, cluster.logging)) throw invalidParameter('No changes needed for the logging config provided');
    return { type: 'LoggingUpdate', next: { ...cluster, logging }, params: [{ type: 'ClusterLogging', value: JSON.stringify(input.logging) }] };
  }
  if (input.accessConfig?.authenticationMode) {
    const { authenticationMode } = input.accessConfig;
    const order = ['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API'];
    if (order.indexOf(authenticationMode) < order.indexOf(cluster.authenticationMode)) throw invalidParameter(`Unsupported authentication mode update from ${cluster.authenticationMode} to ${authenticationMode}`);
    if (authenticationMode === cluster.authenticationMode) throw same(authenticationMode);
    return { type: 'AccessConfigUpdate', next: { ...cluster, authenticationMode }, params: [{ type: 'AuthenticationMode', value: `"${authenticationMode}"` }] };
  }
  if (input.deletionProtection !== undefined) {
    const { deletionProtection } = input;
    return { type: 'DeletionProtectionUpdate', next: { ...cluster, deletionProtection }, params: [{ type: 'DeletionProtection', value: String(deletionProtection) }] };
  }
  if (input.upgradePolicy?.supportType) {
    const { supportType } = input.upgradePolicy;
    return { type: 'UpgradePolicyUpdate', next: { ...cluster, supportType }, params: [{ type: 'UpgradePolicy', value: JSON.stringify(input.upgradePolicy) }] };
  }
  if (input.resourcesVpcConfig) return vpcChange(input.resourcesVpcConfig, cluster, context);
  throw invalidParameter('No changes needed, or the change asked for is not implemented by Gantry.');
}

async function vpcChange(config: NonNullable<Config['resourcesVpcConfig']>, cluster: Cluster, context: RequestContext): Promise<Change> {
  if (config.subnetIds?.length || config.securityGroupIds) {
    const subnetIds = config.subnetIds?.length ? await otherSubnets([...new Set(config.subnetIds)], cluster, context) : cluster.subnetIds;
    const securityGroupIds = config.securityGroupIds ? await checkGroups(config.securityGroupIds, cluster.vpcId, context) : cluster.securityGroupIds;
    if (sameSet(subnetIds, cluster.subnetIds) && sameSet(securityGroupIds, cluster.securityGroupIds)) throw invalidParameter('Provided subnets and security groups are already associated with the cluster');
    return {
      type: 'VpcConfigUpdate', next: { ...cluster, subnetIds, securityGroupIds },
      params: [{ type: 'Subnets', value: JSON.stringify(subnetIds) }, { type: 'SecurityGroups', value: JSON.stringify(securityGroupIds) }],
    };
  }
  const { endpointPublicAccess = cluster.endpointPublicAccess, endpointPrivateAccess = cluster.endpointPrivateAccess } = config;
  const publicAccessCidrs = config.publicAccessCidrs ? cidrsOf(config.publicAccessCidrs) : cluster.publicAccessCidrs;
  checkEndpoint(endpointPublicAccess, endpointPrivateAccess);
  if (endpointPublicAccess === cluster.endpointPublicAccess && endpointPrivateAccess === cluster.endpointPrivateAccess && sameSet(publicAccessCidrs, cluster.publicAccessCidrs)) {
    throw invalidParameter(`Cluster is already at the desired configuration with endpointPrivateAccess: ${endpointPrivateAccess}, endpointPublicAccess: ${endpointPublicAccess}, and publicAccessCidrs: [${publicAccessCidrs.join(', ')}]`);
  }
  return {
    type: 'EndpointAccessUpdate', next: { ...cluster, endpointPublicAccess, endpointPrivateAccess, publicAccessCidrs },
    params: [
      { type: 'EndpointPublicAccess', value: String(endpointPublicAccess) }, { type: 'EndpointPrivateAccess', value: String(endpointPrivateAccess) },
      { type: 'PublicAccessCidrs', value: JSON.stringify(publicAccessCidrs) },
    ],
  };
}

/** What stands in the subnets that go stays there; what is made from now on is made in the others. */
async function otherSubnets(subnetIds: string[], cluster: Cluster, context: RequestContext): Promise<string[]> {
  const { vpcId, zones } = await checkSubnets(subnetIds, context);
  if (vpcId !== cluster.vpcId) throw invalidParameter('Provided subnets belong to a different VPC than the existing ones');
  if (zones.size < Math.min(2, context.installation.zones.length)) throw invalidParameter('Subnets specified must be in at least two different AZs');
  const before = new Set((await Promise.all(cluster.subnetIds.map((id) => subnetById(context, context, id)))).map((subnet) => subnet?.zone).filter((zone) => zone !== undefined));
  if (!sameSet([...zones], [...before])) throw invalidParameter(`Provided subnets must belong to the same AZs as the existing ones: ${[...before].join(', ')}`);
  return subnetIds;
}
