import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clientsOf, type Clients } from './fixtures/clients.ts';
import { instanceProfile } from './fixtures/fleet.ts';
import { gantry, installationOf } from './fixtures/gantry.ts';
import { defaultNetwork, openGroup, terminate } from './fixtures/network.ts';
import { launchProbe, listening, metadata, PROBE_PORT, type Probe } from './fixtures/probe.ts';
import { refused } from './fixtures/refused.ts';
import { clients, shared, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { iam, ecs, ec2 } = clients;
const { account } = installationOf(shared.name);
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });

describe('keys', () => {
  it('are taken by the AWS CLI as `gantry aws` sets it up', async () => {
    const { Account, Arn } = JSON.parse(await gantry(shared.name, 'aws', 'sts', 'get-caller-identity', '--output', 'json')) as { Account: string; Arn: string };
    assert.equal(Account, account);
    assert.equal(Arn, `arn:aws:iam::${account}:user/admin`);
  });

  it('that are wrong or unknown are refused, in the words of each protocol', async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId = '' } = shared.env;
    const wrong = clientsOf(shared, { accessKeyId, secretAccessKey: 'wrong' });
    const unknown = clientsOf(shared, { accessKeyId: 'AKIAUNKNOWNUNKNOWN12', secretAccessKey: 'wrong' });
    const mismatch = /^The request signature we calculated does not match the signature you provided\./;
    await refused(wrong.sts.getCallerIdentity({}), 'SignatureDoesNotMatch', 403, mismatch);
    await refused(wrong.ecs.listClusters({}), 'InvalidSignatureException', 400, mismatch);
    await refused(wrong.ec2.describeVpcs({}), 'AuthFailure', 401, 'AWS was not able to validate the provided access credentials');
    await refused(unknown.sts.getCallerIdentity({}), 'InvalidClientTokenId', 403, 'The security token included in the request is invalid.');
    await refused(unknown.ecs.listClusters({}), 'UnrecognizedClientException', 400, 'The security token included in the request is invalid.');
    await refused(unknown.ec2.describeVpcs({}), 'AuthFailure', 401, 'AWS was not able to validate the provided access credentials');
  });
});

describe('a user with a narrow policy', () => {
  const name = unique('narrow');
  const arn = `arn:aws:iam::${account}:user/${name}`;
  let narrow: Clients;

  before(async () => {
    await iam.createUser({ UserName: name });
    const { AccessKey } = await iam.createAccessKey({ UserName: name });
    narrow = clientsOf(shared, { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' });
  });

  it('may nothing before it has one, but ask who it is', async () => {
    assert.equal((await narrow.sts.getCallerIdentity({})).Arn, arn);
    await refused(narrow.ecs.describeClusters({}), 'AccessDeniedException', 400, new RegExp(`^User: ${arn} is not authorized to perform: ecs:DescribeClusters on resource: arn:aws:ecs:[^ ]+:${account}:cluster/default because no identity-based policy allows the ecs:DescribeClusters action$`));
  });

  it('may what it says, on what it says, and is refused the rest', async () => {
    await iam.putUserPolicy({
      UserName: name, PolicyName: 'narrow',
      PolicyDocument: policy({ Effect: 'Allow', Action: ['ecs:CreateCluster', 'ecs:DescribeClusters'], Resource: `arn:aws:ecs:*:${account}:cluster/narrow-*` }, { Effect: 'Allow', Action: ['ec2:Describe*', 'iam:Get*'], Resource: '*' }, { Effect: 'Deny', Action: 'iam:GetRole', Resource: '*' }),
    });
    assert.equal((await narrow.ecs.createCluster({ clusterName: unique('narrow-a') })).cluster?.status, 'ACTIVE');
    assert.ok((await narrow.ec2.describeVpcs({})).Vpcs?.length);
    const other = unique('wide');
    await refused(narrow.ecs.createCluster({ clusterName: other }), 'AccessDeniedException', 400, new RegExp(`^User: ${arn} is not authorized to perform: ecs:CreateCluster on resource: arn:aws:ecs:[^ ]+:cluster/${other} because no identity-based policy allows the ecs:CreateCluster action$`));
    assert.deepEqual((await ecs.describeClusters({ clusters: [other] })).clusters, []);
    await refused(narrow.ec2.createVpc({ CidrBlock: '10.9.0.0/16' }), 'UnauthorizedOperation', 403, new RegExp(`^You are not authorized to perform this operation\\. User: ${arn} is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:[^ ]+:${account}:vpc/\\* because no identity-based policy allows the ec2:CreateVpc action`));
    await refused(narrow.iam.createUser({ UserName: other }), 'AccessDenied', 403, `User: ${arn} is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::${account}:user/${other} because no identity-based policy allows the iam:CreateUser action`);
    await refused(narrow.iam.getRole({ RoleName: 'x' }), 'AccessDenied', 403, `User: ${arn} is not authorized to perform: iam:GetRole on resource: arn:aws:iam::${account}:role/x with an explicit deny in an identity-based policy`);
  });

  it('loses all when its key is deactivated', async () => {
    const { AccessKeyMetadata = [] } = await iam.listAccessKeys({ UserName: name });
    await iam.updateAccessKey({ UserName: name, AccessKeyId: AccessKeyMetadata[0]?.AccessKeyId, Status: 'Inactive' });
    await refused(narrow.sts.getCallerIdentity({}), 'InvalidClientTokenId', 403, 'The security token included in the request is invalid.');
  });

  after(async () => {
    await ecs.deleteCluster({ cluster: unique('narrow-a') });
    const { AccessKeyMetadata = [] } = await iam.listAccessKeys({ UserName: name });
    for (const { AccessKeyId } of AccessKeyMetadata) await iam.deleteAccessKey({ UserName: name, AccessKeyId });
    await iam.deleteUserPolicy({ UserName: name, PolicyName: 'narrow' });
    await iam.deleteUser({ UserName: name });
  });
});

describe('an instance with a role', { timeout: 3_600_000 }, () => {
  const name = unique('instance-role');
  let probe: Probe | undefined;
  let group = '';

  before(async () => {
    const { vpcId, subnets } = await defaultNetwork(clients);
    group = await openGroup(clients, vpcId, name, [PROBE_PORT]);
    await instanceProfile(clients, name, ['arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role']);
    probe = await launchProbe(clients, { SubnetId: subnets[0]?.id, SecurityGroupIds: [group], IamInstanceProfile: { Name: name } });
    await listening(probe.publicAddress);
  });

  it('has credentials by IMDSv2, with which it may what its role may, and nothing else', async () => {
    const { publicAddress: at = '', id = '' } = probe ?? {};
    assert.equal((await metadata(at, 'meta-data/iam/security-credentials/')).body, name);
    const given = await until('credentials', 20, async () => {
      const { body } = await metadata(at, `meta-data/iam/security-credentials/${name}`);
      return holds(JSON.parse(body) as { Code: string; AccessKeyId: string; SecretAccessKey: string; Token: string; Expiration: string }, ({ Code }) => Code === 'Success');
    });
    assert.ok(Date.parse(given.Expiration) > Date.now());
    const instance = clientsOf(shared, { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.Token });
    const arn = `arn:aws:sts::${account}:assumed-role/${name}/${id}`;
    assert.equal((await instance.sts.getCallerIdentity({})).Arn, arn);
    assert.ok((await instance.ecr.getAuthorizationToken({})).authorizationData?.length);
    await refused(instance.ecs.deleteCluster({ cluster: 'x' }), 'AccessDeniedException', 400, new RegExp(`^User: ${arn} is not authorized to perform: ecs:DeleteCluster on resource: arn:aws:ecs:[^ ]+:cluster/x because no identity-based policy allows the ecs:DeleteCluster action$`));
    const torn = clientsOf(shared, { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey });
    await refused(torn.sts.getCallerIdentity({}), 'InvalidClientTokenId', 403, 'The security token included in the request is invalid.');
  });

  after(async () => {
    if (probe) await terminate(clients, [probe.id]);
    await iam.removeRoleFromInstanceProfile({ InstanceProfileName: name, RoleName: name });
    await iam.deleteInstanceProfile({ InstanceProfileName: name });
    await ec2.deleteSecurityGroup({ GroupId: group });
  });
});
