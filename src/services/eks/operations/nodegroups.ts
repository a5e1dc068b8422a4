import type * as Sdk from '@aws-sdk/client-eks';
import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { uuid } from '../../../control/uuid.ts';
import { childArn, clusterArn } from '../arns.ts';
import { invalidParameter, invalidRequest, resourceInUse } from '../errors.ts';
import { requireCluster, requireNodegroup, tokenOf, updateWithToken } from '../lookups.ts';
import { checkLabels, checkName, checkSubnets, checkTaints, launchTemplateFrom, nameOfTaint, scalingFrom, typesFrom, updateConfigFrom } from '../nodegroups/check.ts';
import type { GivenTemplate } from '../nodegroups/check.ts';
import { nodegroupShape } from '../nodegroups/shape.ts';
import { page } from '../paging.ts';
import { nodegroups, updates } from '../records.ts';
import type { Cluster, Nodegroup, Update } from '../records.ts';
import { checkRole } from '../roles.ts';
import { updateShape } from '../shapes.ts';
import type { EksOperations } from '../table.ts';
import { checkTags } from '../tags.ts';
import { versionOf } from '../versions.ts';

const DEFAULT_SCALING = { minSize: 1, maxSize: 2, desiredSize: 2 };
const DEFAULT_AMI_TYPE = process.arch === 'arm64' ? 'AL2023_ARM_64_STANDARD' : 'AL2023_x86_64_STANDARD';

const releaseOf = (version: string) => `${versionOf(version)?.patch ?? version}-20260101`;

async function nodegroupOf(context: RequestContext, cluster: string | undefined, name: string | undefined) {
  const { value } = await requireCluster(context, context, cluster);
  return requireNodegroup(context, context, value.name, name);
}

/** What Gantry's machines cannot be is refused, never taken in silence. */
function refuseWhatIsNotThere(input: Sdk.CreateNodegroupRequest): void {
  if (input.capacityType && input.capacityType !== 'ON_DEMAND') throw invalidParameter(`Capacity type ${input.capacityType} is not implemented by Gantry: there is no Spot market`);
  if (input.nodeRepairConfig?.enabled) throw invalidParameter('Node auto repair is not implemented by Gantry');
  if (input.remoteAccess) throw invalidParameter('Remote access is not implemented by Gantry: give a key pair and security groups in a launch template');
  if (input.warmPoolConfig) throw invalidParameter('Warm pools are not implemented by Gantry');
  const known = [DEFAULT_AMI_TYPE, 'CUSTOM'];
  if (input.amiType && !known.includes(input.amiType)) throw invalidParameter(`AMI Type ${input.amiType} is not supported: Gantry has ${known.join(', ')}`);
}

function checkVersion(cluster: Cluster, input: { version?: string | undefined; releaseVersion?: string | undefined }): string {
  const version = input.version ?? cluster.version;
  if (!versionOf(version) || Number(version.split('.')[1]) > Number(cluster.version.split('.')[1])) throw invalidParameter(`Requested Nodegroup release version ${version} is invalid. Allowed release version is ${cluster.version}`);
  if (input.releaseVersion !== undefined && input.releaseVersion !== releaseOf(version)) throw invalidParameter(`Requested Nodegroup release version ${input.releaseVersion} is invalid. Allowed release version is ${releaseOf(version)}`);
  return version;
}

async function newNodegroup(context: RequestContext, cluster: Cluster, input: Sdk.CreateNodegroupRequest): Promise<Nodegroup> {
  const name = checkName(input.nodegroupName ?? '', { clusterName: cluster.name });
  refuseWhatIsNotThere(input);
  const template = input.launchTemplate && await launchTemplateFrom(context, input.launchTemplate);
  if (template?.imageId && input.amiType && input.amiType !== 'CUSTOM') throw invalidParameter('You cannot specify an AMI type when using a launch template with an image: leave it out, or say CUSTOM');
  if (input.diskSize !== undefined && input.diskSize < 1) throw invalidParameter('Disk size must be greater than or equal to 1');
  if (template && input.diskSize !== undefined) throw invalidParameter('Disk size cannot be specified when using a custom launch template');
  const id = uuid(context.randomHex(32));
  const now = context.now().toISOString();
  const version = checkVersion(cluster, input);
  return {
    name, id, cluster: cluster.name, arn: childArn(context, 'nodegroup', cluster.name, name, id), version, releaseVersion: template?.imageId ?? releaseOf(version), createdAt: now, modifiedAt: now,
    status: 'CREATING', capacityType: 'ON_DEMAND', scalingConfig: scalingFrom(input.scalingConfig, DEFAULT_SCALING), instanceTypes: typesFrom(input.instanceTypes, template),
    subnetIds: await checkSubnets(context, cluster, input.subnets ?? []), amiType: template?.imageId ? 'CUSTOM' : input.amiType ?? DEFAULT_AMI_TYPE, nodeRole: await checkRole(context, input.nodeRole ?? '', 'ec2.amazonaws.com'),
    labels: checkLabels(input.labels ?? {}), taints: checkTaints(input.taints ?? []), diskSize: input.diskSize ?? 20, updateConfig: updateConfigFrom(input.updateConfig, { maxUnavailable: 1 }),
    issues: [], tags: checkTags(input.tags),
    ...(template ? { launchTemplate: template.choice } : {}), ...(input.clientRequestToken ? { clientRequestToken: input.clientRequestToken } : {}),
  };
}

async function create(context: RequestContext, input: Sdk.CreateNodegroupRequest): Promise<Nodegroup> {
  const { value: cluster } = await requireCluster(context, context, input.clusterName);
  const group = await newNodegroup(context, cluster, input);
  return transact(context, async () => {
    const { key, value, revision } = await requireCluster(context, context, cluster.name);
    const at = nodegroups.key(context, cluster.name, group.name);
    const existing = (await nodegroups.at(context.store, at))?.value;
    if (existing) {
      if (existing.clientRequestToken && existing.clientRequestToken === group.clientRequestToken) return { changes: [], result: existing };
      throw resourceInUse(`NodeGroup already exists with name ${group.name} and cluster name ${cluster.name}`, { clusterName: cluster.name, nodegroupName: group.name });
    }
    if (value.status !== 'ACTIVE' && value.status !== 'UPDATING') throw invalidRequest(`Cluster '${cluster.name}' is not in ACTIVE status`, { clusterName: cluster.name });
    return { changes: [{ check: key, expect: revision }, nodegroups.put(at, group, 0)], result: group };
  });
}

type Param = Update['params'][number];

/** The node group as it is to be, and what an Update tells of it. */
function configured(group: Nodegroup, input: Sdk.UpdateNodegroupConfigRequest): { next: Nodegroup; params: Param[]; status: Update['status'] } {
  if (input.nodeRepairConfig?.enabled) throw invalidParameter('Node auto repair is not implemented by Gantry');
  if (input.warmPoolConfig) throw invalidParameter('Warm pools are not implemented by Gantry');
  const scaling = scalingFrom(input.scalingConfig, group.scalingConfig);
  const added = checkLabels({ ...input.labels?.addOrUpdateLabels });
  const removed = input.labels?.removeLabels ?? [];
  const addedTaints = checkTaints(input.taints?.addOrUpdateTaints ?? []);
  const removedTaints = checkTaints(input.taints?.removeTaints ?? []);
  const left = group.taints.filter((taint) => ![...addedTaints, ...removedTaints].some((other) => nameOfTaint(other) === nameOfTaint(taint)));
  const next = {
    ...group, scalingConfig: scaling, taints: checkTaints([...left, ...addedTaints]), updateConfig: updateConfigFrom(input.updateConfig, group.updateConfig),
    labels: { ...Object.fromEntries(Object.entries(group.labels).filter(([key]) => !removed.includes(key))), ...added },
  };
  const json = (type: string, value: unknown[] | object): Param[] => (Object.keys(value).length ? [{ type, value: JSON.stringify(value) }] : []);
  const sizes = ([['minSize', 'MinSize'], ['maxSize', 'MaxSize'], ['desiredSize', 'DesiredSize']] as const).flatMap(([member, type]): Param[] => (input.scalingConfig?.[member] === undefined ? [] : [{ type, value: String(scaling[member]) }]));
  const unavailable = ([['maxUnavailable', 'MaxUnavailable'], ['maxUnavailablePercentage', 'MaxUnavailablePercentage']] as const).flatMap(([member, type]): Param[] => (input.updateConfig?.[member] === undefined ? [] : [{ type, value: String(input.updateConfig[member]) }]));
  const params = [...sizes, ...json('LabelsToAdd', added), ...json('LabelsToRemove', removed), ...json('TaintsToAdd', addedTaints), ...json('TaintsToRemove', removedTaints), ...unavailable];
  if (!params.length && !input.updateConfig && !input.nodeRepairConfig) throw invalidParameter('No changes were specified for the node group');
  return { next, params, status: 'InProgress' };
}

interface Asked {
  clusterName?: string | undefined;
  nodegroupName?: string | undefined;
  clientRequestToken?: string | undefined;
}

/** The change and the Update that tells of it, in one commit. `status` is what the Update is born with. */
async function updated(context: RequestContext, asked: Asked, type: string, plan: (group: Nodegroup) => { next: Nodegroup; params: Param[]; status: Update['status'] }): Promise<Update> {
  const id = uuid(context.randomHex(32));
  const now = context.now().toISOString();
  return transact(context, async () => {
    const { key, value: group, revision } = await nodegroupOf(context, asked.clusterName, asked.nodegroupName);
    const before = await updateWithToken(context, context, group.cluster, asked.clientRequestToken);
    if (before) return { changes: [], result: before };
    if (group.status !== 'ACTIVE' && group.status !== 'DEGRADED') throw resourceInUse('Nodegroup cannot be updated as it is currently not in Active State', { clusterName: group.cluster, nodegroupName: group.name });
    const { next, params, status } = plan(group);
    const update: Update = { id, cluster: group.cluster, nodegroup: group.name, type, status, params, createdAt: now, errors: [], ...tokenOf(asked) };
    const after: Nodegroup = { ...next, modifiedAt: now, status: status === 'InProgress' ? 'UPDATING' : group.status };
    return { changes: [nodegroups.put(key, after, revision), updates.put(updates.key(context, group.cluster, id), update, 0)], result: update };
  });
}

/**
 * To another version of the template that the group was made with: its nodes are replaced. Otherwise there is one release of a version, which
 * every node runs already, and nothing is left to do.
 */
function moved(group: Nodegroup, version: string, template: GivenTemplate | undefined, { force = false, now }: { force?: boolean | undefined; now: Date }): { next: Nodegroup; params: Param[]; status: Update['status'] } {
  const releaseVersion = template?.imageId ?? releaseOf(version);
  const params = [{ type: 'Version', value: version }, { type: 'ReleaseVersion', value: releaseVersion }];
  if (!template) return { next: group, params, status: 'Successful' };
  const { choice } = template;
  if (!group.launchTemplate) throw invalidParameter('Launch template cannot be specified for a node group that was created without one');
  if (choice.id !== group.launchTemplate.id) throw invalidParameter(`Launch template ${choice.id} is not the one that the node group was created with: ${group.launchTemplate.id}`);
  return {
    next: { ...group, launchTemplate: choice, releaseVersion, rollout: { force, since: now.toISOString() } }, status: 'InProgress',
    params: [...params, { type: 'LaunchTemplateName', value: choice.name }, { type: 'LaunchTemplateVersion', value: choice.version }],
  };
}

async function remove(context: RequestContext, input: Sdk.DeleteNodegroupRequest): Promise<Nodegroup> {
  return transact(context, async () => {
    const { key, value: group, revision } = await nodegroupOf(context, input.clusterName, input.nodegroupName);
    if (group.status === 'DELETING') return { changes: [], result: group };
    const next: Nodegroup = { ...group, status: 'DELETING', modifiedAt: context.now().toISOString() };
    return { changes: [nodegroups.put(key, next, revision)], result: next };
  });
}

const resources = async (input: { clusterName?: string | undefined; nodegroupName?: string | undefined }, context: RequestContext) => {
  const { clusterName = '', nodegroupName = '' } = input;
  return [(await nodegroups.get(context.store, context, clusterName, nodegroupName))?.value.arn ?? childArn(context, 'nodegroup', clusterName, nodegroupName, '*')];
};

export const nodegroupOperations = {
  CreateNodegroup: {
    resources: (input, context) => [clusterArn(context, input.clusterName ?? '')],
    run: async (input, context) => ({ nodegroup: nodegroupShape(await create(context, input)) }),
  },

  DescribeNodegroup: {
    resources,
    run: async (input, context) => ({ nodegroup: nodegroupShape((await nodegroupOf(context, input.clusterName, input.nodegroupName)).value) }),
  },

  ListNodegroups: {
    resources: (input, context) => [clusterArn(context, input.clusterName ?? '')],
    async run(input, context) {
      await requireCluster(context, context, input.clusterName);
      const names = (await nodegroups.list(context.store, context, input.clusterName ?? '')).map(({ value }) => value.name);
      const { items, ...more } = page(names, (name) => name, input);
      return { nodegroups: items, ...more };
    },
  },

  UpdateNodegroupConfig: {
    resources,
    run: async (input, context) => ({ update: updateShape(await updated(context, input, 'ConfigUpdate', (group) => configured(group, input))) }),
  },

  UpdateNodegroupVersion: {
    resources,
    async run(input, context) {
      const { value: cluster } = await requireCluster(context, context, input.clusterName);
      const version = checkVersion(cluster, input);
      const template = input.launchTemplate && await launchTemplateFrom(context, input.launchTemplate);
      return { update: updateShape(await updated(context, input, 'VersionUpdate', (group) => moved(group, version, template, { force: input.force, now: context.now() }))) };
    },
  },

  DeleteNodegroup: {
    resources,
    run: async (input, context) => ({ nodegroup: nodegroupShape(await remove(context, input)) }),
  },
} satisfies EksOperations;
