import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addons, nodegroups } from '../records.ts';
import { activeCluster, refusal } from '../testing/active-cluster.ts';

describe('a cluster that is ACTIVE', () => {
  let world: Awaited<ReturnType<typeof activeCluster>>;
  before(async () => {
    world = await activeCluster();
  });
  after(() => world.close());

  const update = (input: object) => world.eks('UpdateClusterConfig', { name: 'shop', ...input });

  it('refuses networks that cannot be', async () => {
    const create = (more: object) => refusal(world.eks('CreateCluster', { name: 'other', roleArn: world.roles.cluster, resourcesVpcConfig: { subnetIds: world.subnetIds }, ...more }));
    const services = (serviceIpv4Cidr: string) => create({ kubernetesNetworkConfig: { serviceIpv4Cidr } });
    assert.match(await services('8.8.0.0/16'), /^InvalidParameterException: .*must be within 10\.0\.0\.0\/8/);
    assert.match(await services('172.64.0.0/16'), /must be within/);
    assert.match(await services('10.100.0.0/25'), /between \/24 and \/12/);
    assert.match(await services('10.100.1.0/16'), /is not valid/);
    assert.match(await services('172.31.0.0/20'), /overlaps with the VPC/);
    assert.match(await create({ resourcesVpcConfig: { subnetIds: world.subnetIds, publicAccessCidrs: ['300.1.1.1/8'] } }), /The following CIDRs are invalid in publicAccessCidrs: \[300\.1\.1\.1\/8\]/);
    assert.match(await create({ accessConfig: { authenticationMode: 'CONFIG_MAP', bootstrapClusterCreatorAdminPermissions: false } }), /bootstrapClusterCreatorAdminPermissions must be true/);
  });

  it('answers an update that is asked for again with the first one', async () => {
    const input = { logging: { clusterLogging: [{ types: ['api'], enabled: true }] }, clientRequestToken: 'once' };
    const first = (await update(input)).update;
    assert.equal((await update(input)).update?.id, first?.id);
    assert.match(await refusal(update({ ...input, clientRequestToken: 'again' })), /^InvalidParameterException: No changes needed/);
    assert.deepEqual((await world.eks('ListUpdates', { name: 'shop' })).updateIds, [first?.id]);
  });

  it('may be given other subnets of the same zones', async () => {
    const { subnetIds } = world;
    assert.match(await refusal(update({ resourcesVpcConfig: { subnetIds: subnetIds.slice(0, 1) } })), /at least two different AZs/);
    assert.match(await refusal(update({ resourcesVpcConfig: { subnetIds: subnetIds.slice(0, 2) } })), /must belong to the same AZs/);
    const first = (await world.ec2('DescribeSubnets', { SubnetIds: subnetIds.slice(0, 1) })).Subnets?.[0];
    const made = (await world.ec2('CreateSubnet', { VpcId: first?.VpcId, CidrBlock: '172.31.240.0/20', AvailabilityZone: first?.AvailabilityZone })).Subnet?.SubnetId ?? '';
    const { update: changed } = await update({ resourcesVpcConfig: { subnetIds: [made, ...subnetIds.slice(1)], securityGroupIds: [] } });
    assert.equal(changed?.type, 'VpcConfigUpdate');
    assert.deepEqual((await world.eks('DescribeCluster', { name: 'shop' })).cluster?.resourcesVpcConfig?.subnetIds, [made, ...subnetIds.slice(1)]);
  });

  it('takes one kind of change at a time, and tells of updates of what is there', async () => {
    assert.match(await refusal(update({ deletionProtection: true, logging: { clusterLogging: [] } })), /^InvalidParameterException: Only one type of update can be allowed/);
    assert.match(await refusal(world.eks('ListUpdates', { name: 'shop', nodegroupName: 'none' })), /^ResourceNotFoundException: No node group found for name: none/);
  });

  it('lets in whom IAM knows, once a call', async () => {
    const entry = (principalArn: string, clientRequestToken?: string) => world.eks('CreateAccessEntry', { clusterName: 'shop', principalArn, clientRequestToken });
    assert.match(await refusal(entry('arn:aws:iam::123456789012:user/nobody')), /^InvalidParameterException: .*invalid principal/);
    const first = (await entry(world.roles.node, 'once')).accessEntry;
    assert.equal((await entry(world.roles.node, 'once')).accessEntry?.accessEntryArn, first?.accessEntryArn);
    assert.match(await refusal(entry(world.roles.node, 'again')), /^ResourceInUseException/);
  });

  it('has no identity providers, insights and the like, and says so', async () => {
    assert.deepEqual((await world.eks('ListIdentityProviderConfigs', { clusterName: 'shop' })).identityProviderConfigs, []);
    assert.deepEqual((await world.eks('ListPodIdentityAssociations', { clusterName: 'shop' })).associations, []);
    assert.match(await refusal(world.eks('ListInsights', { clusterName: 'none' })), /^ResourceNotFoundException: No cluster found/);
  });

  it('refuses node groups that cannot be', async () => {
    const create = (more: object) => refusal(world.eks('CreateNodegroup', { clusterName: 'shop', nodegroupName: 'workers', nodeRole: world.roles.node, subnets: world.subnetIds, ...more }));
    assert.match(await create({ nodeRole: world.roles.cluster }), /could not be assumed because it does not exist or the trusted entity is not correct$/);
    assert.match(await create({ diskSize: 0 }), /Disk size/);
    assert.match(await create({ launchTemplate: {} }), /either the launch template ID or the launch template name/);
  });

  it('moves a node group to another version of its own launch template, and to no other', async () => {
    const { eks, ec2, env, scope, roles, subnetIds } = world;
    const template = async (name: string) => (await ec2('CreateLaunchTemplate', { LaunchTemplateName: name, LaunchTemplateData: { MetadataOptions: { HttpTokens: 'required' } } })).LaunchTemplate?.LaunchTemplateId ?? '';
    const [own, other] = [await template('own'), await template('other')];
    const group = { clusterName: 'shop', nodegroupName: 'workers' };
    const { nodegroup } = await eks('CreateNodegroup', { ...group, nodeRole: roles.node, subnets: subnetIds, launchTemplate: { id: own } });
    assert.deepEqual([nodegroup?.instanceTypes, nodegroup?.launchTemplate?.version], [['t3.medium'], '1']);
    const move = (launchTemplate: object) => eks('UpdateNodegroupVersion', { ...group, launchTemplate });
    assert.match(await refusal(move({ id: own })), /^ResourceInUseException: Nodegroup cannot be updated/);
    await nodegroups.update(env.store, nodegroups.key(scope, 'shop', 'workers'), (value) => ({ ...value, status: 'ACTIVE' }));
    assert.match(await refusal(move({ id: other })), /is not the one that the node group was created with/);
    assert.match(await refusal(move({ id: own, version: '2' })), /^InvalidParameterException/);
    assert.match(await refusal(eks('UpdateNodegroupConfig', group)), /No changes/);
    await ec2('CreateLaunchTemplateVersion', { LaunchTemplateId: own, SourceVersion: '1', LaunchTemplateData: { MetadataOptions: { HttpPutResponseHopLimit: 3 } } });
    const { update: moved } = await move({ id: own, version: '$Latest' });
    assert.deepEqual([moved?.type, moved?.status, moved?.params?.find(({ type }) => type === 'LaunchTemplateVersion')?.value], ['VersionUpdate', 'InProgress', '2']);
    const after = (await eks('DescribeNodegroup', group)).nodegroup;
    assert.deepEqual([after?.status, after?.launchTemplate?.version], ['UPDATING', '2']);
  });

  it('updates an add-on once at a time', async () => {
    const addon = { clusterName: 'shop', addonName: 'coredns' };
    const configured = (configurationValues: string) => refusal(world.eks('CreateAddon', { ...addon, configurationValues }));
    assert.match(await configured('{"replicaCount":"two"}'), /\[\$\.replicaCount: string found, integer expected\]$/);
    assert.match(await configured('replicaCount: 0'), /minimum value of 1/);
    assert.match(await configured('{"nodeSelector":{}}'), /\$\.nodeSelector: is not defined in the schema/);
    assert.match(await configured('{{'), /neither JSON nor YAML/);
    await world.eks('CreateAddon', { ...addon, configurationValues: 'replicaCount: 3', clientRequestToken: 'once' });
    assert.equal((await world.eks('CreateAddon', { ...addon, clientRequestToken: 'once' })).addon?.configurationValues, 'replicaCount: 3');
    assert.match(await refusal(world.eks('UpdateAddon', addon)), /^ResourceInUseException: Addon coredns cannot be updated as it is currently in CREATING state/);
    await addons.update(world.env.store, addons.key(world.scope, 'shop', 'coredns'), (value) => ({ ...value, status: 'ACTIVE' }));
    const { update: changed } = await world.eks('UpdateAddon', { ...addon, resolveConflicts: 'PRESERVE', configurationValues: '{"replicaCount":1}' });
    assert.deepEqual(changed?.params?.map(({ type }) => type), ['AddonVersion', 'ResolveConflicts', 'ConfigurationValues']);
  });
});
