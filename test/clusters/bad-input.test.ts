import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kubectlOf, sharedCluster, skip, type TestCluster } from '../fixtures/cluster.ts';
import { installationOf } from '../fixtures/gantry.ts';
import { refused } from '../fixtures/refused.ts';
import { clients, shared } from '../fixtures/shared.ts';

const { eks } = clients;
const { account, region } = installationOf(shared.name);

type Row = [call: () => Promise<unknown>, code: string, status: number, words: string | RegExp];

/** What cannot be is refused in EKS's own words, and leaves nothing behind. */
describe('bad input to EKS', { skip, timeout: 3_600_000 }, () => {
  let cluster: TestCluster;
  const at = { clusterName: 'shared' };
  const none = { clusterName: 'none' };
  const nobody = `arn:aws:iam::${account}:role/nobody`;
  const taint = { key: 'a', effect: 'NO_SCHEDULE' as const };

  before(async () => {
    cluster = await sharedCluster();
  });

  const newCluster = (change: object) => eks.createCluster({ name: 'other', roleArn: cluster.roles.cluster, resourcesVpcConfig: { subnetIds: cluster.subnets }, ...change });
  const newGroup = (change: object) => eks.createNodegroup({ ...at, nodegroupName: 'other', nodeRole: cluster.roles.node, subnets: cluster.subnets, ...change });
  const newProfile = (change: object) => eks.createFargateProfile({ ...at, fargateProfileName: 'other', podExecutionRoleArn: cluster.roles.pod, subnets: cluster.subnets, selectors: [{ namespace: 'a' }], ...change });
  const newEntry = (change: object) => eks.createAccessEntry({ ...at, principalArn: cluster.roles.pod, ...change });
  const update = (change: object) => eks.updateClusterConfig({ name: cluster.name, ...change });
  const resize = (scalingConfig: object) => eks.updateNodegroupConfig({ ...at, nodegroupName: cluster.nodegroup, scalingConfig });
  const badRole = (arn: string) => `Role with arn: ${arn}, could not be assumed because it does not exist or the trusted entity is not correct`;

  const tables: Record<string, () => Row[]> = {
    'what is not there': () => [
      [() => eks.describeCluster({ name: 'none' }), 'ResourceNotFoundException', 404, 'No cluster found for name: none.'],
      [() => eks.deleteCluster({ name: 'none' }), 'ResourceNotFoundException', 404, 'No cluster found for name: none.'],
      [() => eks.listNodegroups(none), 'ResourceNotFoundException', 404, 'No cluster found for name: none.'],
      [() => eks.listFargateProfiles(none), 'ResourceNotFoundException', 404, 'No cluster found for name: none.'],
      [() => eks.listAccessEntries(none), 'ResourceNotFoundException', 404, 'No cluster found for name: none.'],
      [() => eks.describeNodegroup({ ...at, nodegroupName: 'none' }), 'ResourceNotFoundException', 404, 'No node group found for name: none.'],
      [() => eks.describeFargateProfile({ ...at, fargateProfileName: 'none' }), 'ResourceNotFoundException', 404, 'No Fargate Profile found with name: none.'],
      [() => eks.describeAddon({ ...at, addonName: 'vpc-cni' }), 'ResourceNotFoundException', 404, 'No addon: vpc-cni found in cluster: shared'],
      [() => eks.describeAccessEntry({ ...at, principalArn: nobody }), 'ResourceNotFoundException', 404, /^The specified principalArn could not be found\./],
      [() => eks.describeUpdate({ name: 'shared', updateId: 'none' }), 'ResourceNotFoundException', 404, 'No update found for ID: none'],
      [() => eks.listTagsForResource({ resourceArn: `arn:aws:eks:${region}:${account}:cluster/none` }), 'NotFoundException', 404, /none/],
      [() => eks.listTagsForResource({ resourceArn: 'nonsense' }), 'BadRequestException', 400, /nonsense/],
    ],
    'a cluster': () => [
      [() => newCluster({ name: 'shared' }), 'ResourceInUseException', 409, 'Cluster already exists with name: shared'],
      [() => newCluster({ name: 'a b' }), 'InvalidParameterException', 400, /'a b'/],
      [() => newCluster({ roleArn: nobody }), 'InvalidParameterException', 400, badRole(nobody)],
      [() => newCluster({ version: '1.12' }), 'InvalidParameterException', 400, 'unsupported Kubernetes version'],
      [() => newCluster({ resourcesVpcConfig: { subnetIds: cluster.subnets.slice(0, 1) } }), 'UnsupportedAvailabilityZoneException', 400, 'Subnets specified must be in at least two different AZs'],
      [() => newCluster({ resourcesVpcConfig: { subnetIds: ['subnet-0123456789abcdef0'] } }), 'InvalidParameterException', 400, /^The subnet ID 'subnet-0123456789abcdef0' does not exist/],
      [() => newCluster({ resourcesVpcConfig: { subnetIds: cluster.subnets, endpointPublicAccess: false } }), 'InvalidParameterException', 400, 'Private and public endpoint access cannot be false'],
      [() => newCluster({ resourcesVpcConfig: { subnetIds: cluster.subnets, publicAccessCidrs: ['everywhere'] } }), 'InvalidParameterException', 400, 'The following CIDRs are invalid in publicAccessCidrs: [everywhere]'],
      [() => newCluster({ kubernetesNetworkConfig: { serviceIpv4Cidr: '8.8.8.0/24' } }), 'InvalidParameterException', 400, /8\.8\.8\.0\/24/],
      [() => eks.deleteCluster({ name: cluster.name }), 'ResourceInUseException', 409, 'Cluster has nodegroups attached'],
      [() => update({}), 'InvalidParameterException', 400, /^No changes needed/],
      [() => update({ accessConfig: { authenticationMode: 'CONFIG_MAP' } }), 'InvalidParameterException', 400, 'Unsupported authentication mode update from API_AND_CONFIG_MAP to CONFIG_MAP'],
      [() => eks.updateClusterVersion({ name: cluster.name, version: '1.36' }), 'InvalidRequestException', 400, 'Cluster is already at the desired configuration with version: 1.36'],
    ],
    'a node group': () => [
      [() => newGroup({ nodegroupName: cluster.nodegroup }), 'ResourceInUseException', 409, `NodeGroup already exists with name ${cluster.nodegroup} and cluster name shared`],
      [() => newGroup({ nodegroupName: 'a b' }), 'InvalidParameterException', 400, /^The nodegroup name can contain only alphanumeric characters/],
      [() => newGroup({ nodeRole: nobody }), 'InvalidParameterException', 400, badRole(nobody)],
      [() => newGroup({ subnets: ['subnet-0123456789abcdef0'] }), 'InvalidParameterException', 400, /^The subnet ID 'subnet-0123456789abcdef0' does not exist/],
      [() => newGroup({ instanceTypes: ['m99.huge'] }), 'InvalidParameterException', 400, 'The following supplied instance types do not exist: [m99.huge]'],
      [() => newGroup({ scalingConfig: { minSize: 3, maxSize: 2, desiredSize: 2 } }), 'InvalidParameterException', 400, "Minimum capacity 3 can't be greater than max size 2"],
      [() => newGroup({ labels: { 'kubernetes.io/mine': 'x' } }), 'InvalidParameterException', 400, /^Label cannot contain reserved prefixes/],
      [() => newGroup({ taints: [taint, taint] }), 'InvalidParameterException', 400, 'Taints must be unique by key and effect'],
      [() => resize({ desiredSize: 9 }), 'InvalidParameterException', 400, "desired capacity 9 can't be greater than max size 4"],
    ],
    'a Fargate profile': () => [
      [() => newProfile({ selectors: [] }), 'InvalidParameterException', 400, 'Fargate profile must have at least one selector.'],
      [() => newProfile({ podExecutionRoleArn: cluster.roles.node }), 'InvalidParameterException', 400, /^Misconfigured PodExecutionRole Trust Policy/],
      [() => newProfile({ fargateProfileName: 'eks-mine' }), 'InvalidParameterException', 400, /reserved prefix/],
    ],
    'an add-on': () => [
      [() => eks.createAddon({ ...at, addonName: 'none' }), 'InvalidParameterException', 400, 'Addon none specified is not supported'],
      [() => eks.createAddon({ ...at, addonName: 'coredns', addonVersion: 'v0' }), 'InvalidParameterException', 400, /^Addon version specified is not supported/],
      [() => eks.createAddon({ ...at, addonName: 'coredns', configurationValues: '{"none":1}' }), 'InvalidParameterException', 400, /^ConfigurationValue provided in request is not supported/],
    ],
    'an access entry': () => [
      [() => newEntry({ principalArn: 'somebody' }), 'InvalidParameterException', 400, 'The principalArn parameter format is not valid'],
      [() => newEntry({ principalArn: nobody }), 'InvalidParameterException', 400, /invalid principal/],
      [() => newEntry({ principalArn: `arn:aws:iam::${account}:user/admin` }), 'ResourceInUseException', 409, 'The specified access entry resource is already in use on this cluster.'],
      [() => newEntry({ kubernetesGroups: ['system:masters'] }), 'InvalidParameterException', 400, /^The kubernetes group name in the request must not begin with system:/],
      [() => newEntry({ username: 'system:admin' }), 'InvalidParameterException', 400, /^The username parameter in the request must not begin with system:/],
      [() => eks.associateAccessPolicy({ ...at, principalArn: `arn:aws:iam::${account}:user/admin`, policyArn: 'arn:aws:eks::aws:cluster-access-policy/None', accessScope: { type: 'cluster' } }), 'ResourceNotFoundException', 404, /^The specified policyArn could not be found\./],
    ],
  };

  for (const [what, rows] of Object.entries(tables)) {
    it(`is refused: ${what}`, async () => {
      const wrong = await Promise.all(rows().map(([call, ...how]) => refused(call(), ...how).then(() => [], (error: Error) => [`${String(call)}: ${error.message}`])));
      assert.deepEqual(wrong.flat(), []);
    });
  }

  it('stores nothing', async () => {
    assert.deepEqual((await eks.listClusters({})).clusters, ['shared']);
    assert.deepEqual((await eks.listNodegroups(at)).nodegroups, [cluster.nodegroup]);
    assert.deepEqual((await eks.listFargateProfiles(at)).fargateProfileNames, []);
    assert.deepEqual((await eks.listAddons(at)).addons, []);
    assert.deepEqual((await eks.listAccessEntries(at)).accessEntries?.filter((arn) => arn === cluster.roles.pod), []);
  });

  it('is refused by Kubernetes in Kubernetes’ words', async () => {
    const kubectl = kubectlOf(cluster);
    await assert.rejects(kubectl('get', 'pod', 'none'), /Error from server \(NotFound\): pods "none" not found/);
    await assert.rejects(kubectl('create', 'namespace', 'a.b'), /The Namespace "a\.b" is invalid|Invalid value: "a\.b"/);
    await assert.rejects(kubectl.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [], none: 1 } }), /unknown field "(spec\.)?none"/);
  });
});
