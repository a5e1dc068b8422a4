import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EC2 } from '@aws-sdk/client-ec2';
import { IAM } from '@aws-sdk/client-iam';
import { startFakeHost, startInstallation } from '../../../../test/installation.ts';
import { imageId } from '../../../wire/images.ts';

const ImageId = imageId('ecs-optimized');
const ACCOUNT = '123456789012';
const here = (resource: string) => `arn:aws:ec2:us-east-1:${ACCOUNT}:${resource}`;
const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({ Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });
const tags = (ResourceType: 'vpc' | 'volume' | 'instance', ...pairs: [string, string][]) => [{ ResourceType, Tags: pairs.map(([Key, Value]) => ({ Key, Value })) }];

describe('policies about EC2', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let iam: IAM;
  let admin: EC2;
  const opened: EC2[] = [];
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 16384, zones: ['us-east-1a'] });
    iam = new IAM(installation.client);
    admin = new EC2(installation.client);
  });
  after(async () => {
    for (const client of [...opened, admin]) client.destroy();
    iam.destroy();
    await host.close();
    await installation.close();
  });

  /** EC2 as a user sees it who may only this. */
  async function user(UserName: string, ...Statement: object[]): Promise<EC2> {
    await iam.createUser({ UserName });
    await iam.putUserPolicy({ UserName, PolicyName: 'own', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }) });
    const { AccessKey } = await iam.createAccessKey({ UserName });
    const client = new EC2({ ...installation.client, credentials: { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' } });
    opened.push(client);
    return client;
  }
  /** What the refusal says was asked: `ec2:CreateVpc on arn:…`; undefined if nothing was refused. */
  const refused = (call: Promise<unknown>) => call.then(() => undefined, (error: Error) => {
    assert.equal(error.name, 'UnauthorizedOperation', error.message);
    const [, action, resource = '*'] = /to perform: (\S+)(?: on resource: (\S+))? /.exec(error.message) ?? [];
    return `${action} on ${resource}`;
  });
  const vpc = async (pairs: [string, string][] = []) => (await admin.createVpc({ CidrBlock: '10.0.0.0/16', TagSpecifications: tags('vpc', ...pairs) })).Vpc?.VpcId ?? '';

  it('are asked about each resource of a request, by its ARN', async () => {
    const [mine, other] = [await vpc(), await vpc()];
    const ann = await user('ann', allow('ec2:CreateSubnet', [here('subnet/*'), here(`vpc/${mine}`)]), allow('ec2:DeleteSubnet', here('subnet/*')), allow('ec2:Describe*', '*'));
    const subnet = (await ann.createSubnet({ VpcId: mine, CidrBlock: '10.0.1.0/24' })).Subnet?.SubnetId;
    assert.equal(await refused(ann.createSubnet({ VpcId: other, CidrBlock: '10.0.1.0/24' })), `ec2:CreateSubnet on ${here(`vpc/${other}`)}`);
    assert.equal(await refused(ann.deleteVpc({ VpcId: mine })), `ec2:DeleteVpc on ${here(`vpc/${mine}`)}`);
    assert.equal(await refused(ann.createVpc({ CidrBlock: '10.1.0.0/16' })), `ec2:CreateVpc on ${here('vpc/*')}`);
    assert.equal(await refused(ann.deleteSubnet({ SubnetId: subnet })), undefined);
    assert.ok((await ann.describeVpcs({})).Vpcs?.length);
  });

  it('are asked about the default VPC where a request names none', async () => {
    const mine = await vpc();
    const { Vpcs: [standard] = [] } = await admin.describeVpcs({ Filters: [{ Name: 'is-default', Values: ['true'] }] });
    const eve = await user('eve', allow('ec2:CreateSecurityGroup', [here('security-group/*'), here(`vpc/${mine}`)]));
    const group = { GroupName: 'eve', Description: 'eve' };
    assert.equal(await refused(eve.createSecurityGroup({ ...group, VpcId: mine })), undefined);
    assert.equal(await refused(eve.createSecurityGroup(group)), `ec2:CreateSecurityGroup on ${here(`vpc/${standard?.VpcId}`)}`);
  });

  it('know what a request names by its name', async () => {
    const { GroupId = '' } = await admin.createSecurityGroup({ GroupName: 'web', Description: 'web' });
    await admin.createKeyPair({ KeyName: 'laptop', KeyType: 'ed25519' });
    const bob = await user('bob', allow('ec2:AuthorizeSecurityGroupIngress', here(`security-group/${GroupId}`)), allow(['ec2:CreateKeyPair', 'ec2:DeleteKeyPair'], here('key-pair/bob-*')));
    const rule = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' };
    assert.equal(await refused(bob.authorizeSecurityGroupIngress({ GroupName: 'web', ...rule })), undefined);
    assert.equal(await refused(bob.deleteSecurityGroup({ GroupName: 'web' })), `ec2:DeleteSecurityGroup on ${here(`security-group/${GroupId}`)}`);
    assert.equal(await refused(bob.authorizeSecurityGroupIngress({ GroupName: 'none', ...rule })), `ec2:AuthorizeSecurityGroupIngress on ${here('security-group/*')}`);
    assert.equal(await refused(bob.deleteKeyPair({ KeyName: 'laptop' })), `ec2:DeleteKeyPair on ${here('key-pair/laptop')}`);
    assert.equal(await refused(bob.createKeyPair({ KeyName: 'bob-1', KeyType: 'ed25519' })), undefined);
  });

  it('see the tags of what is there, and those that the request gives', async () => {
    const [red, blue] = [await vpc([['team', 'red']]), await vpc([['team', 'blue']])];
    const cat = await user('cat',
      allow(['ec2:ModifyVpcAttribute', 'ec2:DeleteVpc'], here('vpc/*'), { StringEquals: { 'ec2:ResourceTag/team': 'red', 'aws:ResourceTag/team': 'red' } }),
      allow('ec2:CreateVolume', here('volume/*'), { StringEquals: { 'aws:RequestTag/team': 'red', 'ec2:VolumeType': 'gp3' }, 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }),
      allow('ec2:CreateTags', here('volume/*'), { StringEquals: { 'ec2:CreateAction': 'CreateVolume' } }));
    const attribute = { EnableDnsHostnames: { Value: true } };
    assert.equal(await refused(cat.modifyVpcAttribute({ VpcId: red, ...attribute })), undefined);
    assert.equal(await refused(cat.modifyVpcAttribute({ VpcId: blue, ...attribute })), `ec2:ModifyVpcAttribute on ${here(`vpc/${blue}`)}`);
    const volume = { AvailabilityZone: 'us-east-1a', Size: 1, VolumeType: 'gp3' as const };
    const made = await cat.createVolume({ ...volume, TagSpecifications: tags('volume', ['team', 'red']) });
    for (const wrong of [{ ...volume }, { ...volume, TagSpecifications: tags('volume', ['team', 'blue']) }, { ...volume, TagSpecifications: tags('volume', ['team', 'red'], ['x', 'y']) }]) {
      assert.equal(await refused(cat.createVolume(wrong)), `ec2:CreateVolume on ${here('volume/*')}`);
    }
    // Tags may be given while a volume is made, and not later.
    assert.equal(await refused(cat.createTags({ Resources: [made.VolumeId ?? ''], Tags: [{ Key: 'a', Value: 'b' }] })), `ec2:CreateTags on ${here(`volume/${made.VolumeId}`)}`);
  });

  it('ask of a launch for all that it takes, after its template and EC2\'s defaults', async () => {
    const parts = ['instance', 'network-interface', 'security-group', 'subnet', 'volume'].map((type) => here(`${type}/*`));
    const image = `arn:aws:ec2:us-east-1::image/${ImageId}`;
    const { LaunchTemplate } = await admin.createLaunchTemplate({ LaunchTemplateName: 'small', LaunchTemplateData: { ImageId, InstanceType: 't3.small' } });
    const dan = await user('dan', allow('ec2:RunInstances', [image, ...parts.slice(1)]), allow('ec2:RunInstances', parts[0] ?? '', { StringEquals: { 'ec2:InstanceType': ['t3.micro', 't3.small'] } }));
    const launch = { MinCount: 1, MaxCount: 1, ImageId, InstanceType: 't3.micro' as const };
    const template = { MinCount: 1, MaxCount: 1, LaunchTemplate: { LaunchTemplateName: 'small' } };
    assert.equal(await refused(dan.runInstances(launch)), undefined);
    assert.equal(await refused(dan.runInstances({ ...launch, InstanceType: 't3.large' })), `ec2:RunInstances on ${parts[0]}`);
    assert.equal(await refused(dan.runInstances({ ...launch, TagSpecifications: tags('instance', ['a', 'b']) })), `ec2:CreateTags on ${parts[0]}`);
    assert.equal(await refused(dan.runInstances(template)), `ec2:RunInstances on ${here(`launch-template/${LaunchTemplate?.LaunchTemplateId}`)}`);
    await assert.rejects(dan.runInstances({ ...launch, DryRun: true }), { name: 'DryRunOperation' });
  });
});
