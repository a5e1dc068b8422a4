import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  AssociateAccessPolicyCommand, CreateAccessEntryCommand, CreateAddonCommand, CreateClusterCommand, DeleteAccessEntryCommand, DeleteClusterCommand, DescribeAddonVersionsCommand,
  DescribeClusterCommand, DescribeClusterVersionsCommand, EKSClient, ListAccessEntriesCommand, ListAssociatedAccessPoliciesCommand, ListClustersCommand, ListTagsForResourceCommand,
  TagResourceCommand, UntagResourceCommand, UpdateClusterConfigCommand,
} from '@aws-sdk/client-eks';
import type { CreateClusterCommandInput } from '@aws-sdk/client-eks';
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '@smithy/core/checksum';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';

describe('EKS by the SDK, with a host that obeys but runs nothing', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let eks: EKSClient;
  let ec2: EC2Client;
  let iam: IAMClient;
  let subnetIds: string[];
  let roleArn: string;
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 32768, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    [eks, ec2, iam] = [new EKSClient(installation.client), new EC2Client(installation.client), new IAMClient(installation.client)];
    subnetIds = ((await ec2.send(new DescribeSubnetsCommand({}))).Subnets ?? []).map(({ SubnetId = '' }) => SubnetId);
    roleArn = (await iam.send(new CreateRoleCommand({ RoleName: 'eksCluster', AssumeRolePolicyDocument: trust('eks.amazonaws.com') }))).Role?.Arn ?? '';
  });
  after(async () => {
    for (const client of [eks, ec2, iam]) client.destroy();
    await host.close();
    await installation.close();
  });

  const trust = (service: string) => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => `${error.name}: ${error.message}`);
  const create = (input: Partial<CreateClusterCommandInput> = {}) => eks.send(new CreateClusterCommand({ name: 'shop', roleArn, resourcesVpcConfig: { subnetIds }, accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' }, ...input }));
  const describeCluster = async () => (await eks.send(new DescribeClusterCommand({ name: 'shop' }))).cluster;

  it('refuses in AWS\'s words, and stores nothing', async () => {
    assert.equal(await refusal(describeCluster()), 'ResourceNotFoundException: No cluster found for name: shop.');
    assert.equal(await refusal(create({ version: '1.20' })), 'InvalidParameterException: unsupported Kubernetes version');
    const cannotAssume = /^InvalidParameterException: Role with arn: .*, could not be assumed because it does not exist or the trusted entity is not correct$/;
    assert.match(await refusal(create({ roleArn: `${roleArn}x` })), cannotAssume);
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'another', AssumeRolePolicyDocument: trust('ec2.amazonaws.com') }));
    assert.match(await refusal(create({ roleArn: Role?.Arn })), cannotAssume);
    assert.equal(await refusal(create({ resourcesVpcConfig: { subnetIds: subnetIds.slice(0, 1) } })), 'UnsupportedAvailabilityZoneException: Subnets specified must be in at least two different AZs');
    assert.match(await refusal(create({ resourcesVpcConfig: { subnetIds: ['subnet-00000000000000000'] } })), /^InvalidParameterException: The subnet ID 'subnet-00000000000000000' does not exist/);
    assert.equal(await refusal(create({ resourcesVpcConfig: { subnetIds, endpointPublicAccess: false } })), 'InvalidParameterException: Private and public endpoint access cannot be false');
    assert.match(await refusal(create({ encryptionConfig: [{ provider: { keyArn: 'k' }, resources: ['secrets'] }] })), /not implemented by Gantry/);
    assert.deepEqual((await eks.send(new ListClustersCommand({}))).clusters, []);
  });

  it('puts a member a zone on hosts that customers do not see, behind a balancer with the endpoint\'s name', async () => {
    const { cluster } = await create({ clientRequestToken: 'once', logging: { clusterLogging: [{ types: ['audit'], enabled: true }] }, tags: { a: 'b' } });
    assert.equal(cluster?.status, 'CREATING');
    assert.equal((await create({ clientRequestToken: 'once' })).cluster?.arn, cluster?.arn);
    assert.equal(await refusal(create()), 'ResourceInUseException: Cluster already exists with name: shop');
    const members = await eventually(async () => host.list('instance'), (found) => found.length === 3);
    const files = members.map((member) => new Map(member.files?.map(({ path, content }) => [path, Buffer.from(content, 'base64').toString()])));
    const founders = new Set(files.map((one) => /--initial-cluster=(.*)/.exec(one.get('/etc/kubernetes/etcd.args') ?? '')?.[1]));
    assert.equal(founders.size, 1);
    assert.equal([...founders][0]?.split(',').length, 3);
    assert.equal(new Set(members.map(({ metadata }) => metadata.zone)).size, 3);
    const balancer = await eventually(async () => host.list('balancer')[0], (found) => Object.keys(found?.targetGroups['api']?.targets ?? {}).length === 3);
    assert.deepEqual(balancer?.listeners.map(({ port, protocol }) => [port, protocol]), [[443, 'TCP'], [6443, 'TCP'], [2379, 'TCP']]);
    assert.equal(host.list('name').filter(({ addresses }) => addresses.length === 3).length, 1);
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'description', Values: ['Amazon EKS shop'] }] }));
    assert.equal(NetworkInterfaces.length, 6);
    // The endpoint's public addresses are none of the VPC's: they work in private subnets, and no internet gateway waits for them.
    assert.ok(NetworkInterfaces.every(({ Association }) => Association === undefined));
    assert.equal(host.list('interface').filter(({ atEdge, publicAddress }) => atEdge && publicAddress).length, 3);
    const group = (await describeCluster())?.resourcesVpcConfig?.clusterSecurityGroupId;
    assert.ok(NetworkInterfaces.every(({ Groups }) => Groups?.some(({ GroupId }) => GroupId === group)));
  });

  it('tells who signed a token, if it was signed for this cluster and has an access entry', async () => {
    const tokenOf = async (clusterName: string, credentials: { accessKeyId: string; secretAccessKey: string }, signingDate = new Date()) => {
      const signer = new SignatureV4({ service: 'sts', region: 'us-east-1', sha256: Sha256, credentials });
      const { query = {}, ...rest } = await signer.presign({
        method: 'GET', protocol: 'http:', hostname: '127.0.0.1', port: installation.port, path: '/', query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
        headers: { host: `127.0.0.1:${installation.port}`, 'x-k8s-aws-id': clusterName },
      }, { expiresIn: 60, signingDate, unhoistableHeaders: new Set(['x-k8s-aws-id']) });
      const url = new URL(`http://${rest.hostname}:${rest.port}/`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
      return `k8s-aws-v1.${Buffer.from(url.href).toString('base64url')}`;
    };
    const review = async (token: string) => {
      const answer = await fetch(`http://127.0.0.1:${installation.port}/_gantry/eks/shop/authenticate?timeout=30s`, { method: 'POST', body: JSON.stringify({ spec: { token } }) });
      return ((await answer.json()) as { status: { authenticated: boolean; user?: { username: string; groups: string[] } } }).status;
    };
    const admin = installation.client.credentials;
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const known = await review(await tokenOf('shop', admin));
    assert.equal(known.user?.username, 'arn:aws:iam::123456789012:user/admin');
    assert.equal((await review(await tokenOf('shop', admin, minutesAgo(14)))).authenticated, true);
    assert.equal((await review(await tokenOf('shop', admin, minutesAgo(16)))).authenticated, false);
    assert.equal((await review(await tokenOf('other', admin))).authenticated, false);
    assert.equal((await review(await tokenOf('shop', { ...admin, secretAccessKey: 'wrong' }))).authenticated, false);
    assert.equal((await review('k8s-aws-v1.nonsense')).authenticated, false);

    const principalArn = (await iam.send(new CreateUserCommand({ UserName: 'reader' }))).User?.Arn ?? '';
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
    const reader = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
    await eks.send(new CreateAccessEntryCommand({ clusterName: 'shop', principalArn, kubernetesGroups: ['viewers'], username: 'reader' }));
    assert.deepEqual([(await review(await tokenOf('shop', reader))).user?.username, (await review(await tokenOf('shop', reader))).user?.groups], ['reader', ['viewers']]);
    const policyArn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';
    await eks.send(new AssociateAccessPolicyCommand({ clusterName: 'shop', principalArn, policyArn, accessScope: { type: 'namespace', namespaces: ['dev-*'] } }));
    assert.deepEqual((await eks.send(new ListAssociatedAccessPoliciesCommand({ clusterName: 'shop', principalArn }))).associatedAccessPolicies?.[0]?.accessScope, { type: 'namespace', namespaces: ['dev-*'] });
    assert.match((await review(await tokenOf('shop', reader))).user?.groups[1] ?? '', /^eks:access-entry:[0-9a-f]{32}$/);
  });

  it('keeps access entries', async () => {
    const principalArn = 'arn:aws:iam::123456789012:user/reader';
    assert.equal(await refusal(eks.send(new CreateAccessEntryCommand({ clusterName: 'shop', principalArn }))), 'ResourceInUseException: The specified access entry resource is already in use on this cluster.');
    assert.match(await refusal(eks.send(new CreateAccessEntryCommand({ clusterName: 'shop', principalArn: `${principalArn}2`, kubernetesGroups: ['system:masters'] }))), /^InvalidParameterException: .*must not begin with system:/);
    await eks.send(new DeleteAccessEntryCommand({ clusterName: 'shop', principalArn }));
    assert.deepEqual((await eks.send(new ListAccessEntriesCommand({ clusterName: 'shop' }))).accessEntries, ['arn:aws:iam::123456789012:user/admin']);
  });

  it('tags, versions, and what needs an active cluster', async () => {
    const resourceArn = (await describeCluster())?.arn ?? '';
    await eks.send(new TagResourceCommand({ resourceArn, tags: { c: 'd' } }));
    await eks.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    assert.deepEqual((await eks.send(new ListTagsForResourceCommand({ resourceArn }))).tags, { c: 'd' });
    assert.deepEqual((await eks.send(new DescribeClusterVersionsCommand({}))).clusterVersions?.map(({ clusterVersion, defaultVersion }) => [clusterVersion, defaultVersion]), [['1.36', true]]);
    assert.equal((await eks.send(new DescribeAddonVersionsCommand({ addonName: 'coredns' }))).addons?.length, 1);
    assert.match(await refusal(eks.send(new CreateAddonCommand({ clusterName: 'shop', addonName: 'coredns' }))), /^InvalidRequestException: Cluster shop is in CREATING status/);
    assert.match(await refusal(eks.send(new UpdateClusterConfigCommand({ name: 'shop', deletionProtection: true }))), /^ResourceInUseException/);
  });

  it('leaves nothing when it is deleted', async () => {
    const { cluster } = await eks.send(new DeleteClusterCommand({ name: 'shop' }));
    assert.equal(cluster?.status, 'DELETING');
    await eventually(async () => (await eks.send(new ListClustersCommand({}))).clusters, (names) => names?.length === 0);
    await eventually(() => [host.list('instance'), host.list('balancer'), host.list('name')].flat().length, (left) => left === 0);
    assert.deepEqual((await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces, []);
    assert.deepEqual((await ec2.send(new DescribeSecurityGroupsCommand({}))).SecurityGroups?.map(({ GroupName }) => GroupName), ['default']);
  });
});
