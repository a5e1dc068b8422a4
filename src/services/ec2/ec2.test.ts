import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  AllocateAddressCommand, AssociateAddressCommand, AuthorizeSecurityGroupIngressCommand, CreateLaunchTemplateCommand, CreateLaunchTemplateVersionCommand, CreateNetworkInterfaceCommand, CreateSecurityGroupCommand,
  AttachNetworkInterfaceCommand, CreateSubnetCommand, CreateTagsCommand, CreateVpcCommand, DeleteSecurityGroupCommand, DeleteVpcCommand, DescribeImagesCommand, DescribeInstancesCommand, DescribeInstanceStatusCommand,
  DescribeInstanceTypesCommand, DescribeLaunchTemplateVersionsCommand, DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeTagsCommand, DescribeVpcsCommand, EC2Client,
  ImportKeyPairCommand, CreateKeyPairCommand, RevokeSecurityGroupIngressCommand, RunInstancesCommand, StartInstancesCommand, StopInstancesCommand, TerminateInstancesCommand, CreateDefaultVpcCommand,
} from '@aws-sdk/client-ec2';
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { imageId } from '../../wire/images.ts';

const ImageId = imageId('ecs-optimized');

describe('EC2 by the SDK, with a host that obeys', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ec2: EC2Client;
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 16384, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ec2 = new EC2Client(installation.client);
  });
  after(async () => {
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => [error.name, error.message]);
  const defaultVpcId = async () => (await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }))).Vpcs?.[0]?.VpcId ?? '';
  const run = async (input: Partial<RunInstancesCommandInput> = {}) => {
    const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...input }));
    return Instances ?? [];
  };
  const instance = async (id: string) => (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0];
  const reaches = (id: string, state: string) => eventually(() => instance(id), (found) => found?.State?.Name === state);

  it('has a default VPC with a subnet a zone', async () => {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
    assert.deepEqual(new Set(Subnets.map(({ CidrBlock }) => CidrBlock)), new Set(['172.31.0.0/20', '172.31.16.0/20', '172.31.32.0/20']));
    assert.deepEqual(new Set(Subnets.map(({ AvailabilityZoneId }) => AvailabilityZoneId)), new Set(['use1-az1', 'use1-az2', 'use1-az3']));
    assert.equal(Subnets[0]?.AvailableIpAddressCount, 4091);
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    assert.equal(Images?.[0]?.ImageId, ImageId);
  });

  it('runs an instance from a launch template, and tells the host all of it', async () => {
    const UserData = Buffer.from('#!/bin/sh\ntrue\n').toString('base64');
    const { LaunchTemplate } = await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData: { ImageId, InstanceType: 't3.small', UserData, TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'from', Value: 'template' }] }] } }));
    await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName: 'web', SourceVersion: '1', LaunchTemplateData: { InstanceType: 't3.medium' } }));
    const [made] = await run({ ImageId: undefined, InstanceType: undefined, LaunchTemplate: { LaunchTemplateId: LaunchTemplate?.LaunchTemplateId, Version: '$Latest' }, Placement: { AvailabilityZone: 'us-east-1b' } });
    assert.equal(made?.State?.Name, 'pending');
    const id = made?.InstanceId ?? '';
    const running = await reaches(id, 'running');
    assert.equal(running?.InstanceType, 't3.medium');
    assert.equal(running?.Placement?.AvailabilityZone, 'us-east-1b');
    assert.match(running?.PrivateIpAddress ?? '', /^172\.31\.(1[6-9]|2\d|3[01])\./);
    assert.match(running?.PublicIpAddress ?? '', /^198\.18\./);
    assert.equal(running?.PrivateDnsName, `ip-${running?.PrivateIpAddress?.replaceAll('.', '-')}.ec2.internal`);
    assert.deepEqual(Object.fromEntries((running?.Tags ?? []).map(({ Key, Value }) => [Key, Value])), { from: 'template', 'aws:ec2launchtemplate:id': LaunchTemplate?.LaunchTemplateId, 'aws:ec2launchtemplate:version': '2' });
    const wished = host.get('instance', id);
    assert.equal(wished?.memoryMiB, 4096);
    assert.equal(wished?.userData, UserData);
    const interfaceId = wished?.interfaceIds[0] ?? '';
    const attached = await eventually(() => host.get('interface', interfaceId));
    assert.deepEqual(attached?.attachment, { owner: id, device: 'eth0' });
    assert.equal(attached?.publicAddress, running?.PublicIpAddress);
    const network = await eventually(() => host.get('network', running?.VpcId ?? ''));
    assert.ok(network?.subnets.every((subnet) => subnet.internet));
    assert.equal(running?.PublicDnsName, `ec2-${running?.PublicIpAddress?.replaceAll('.', '-')}.compute-1.t.internal`);
    await eventually(() => host.get('name', running?.PublicDnsName ?? '')?.addresses[0] === running?.PublicIpAddress);
    const group = await eventually(() => host.get('securityGroup', attached?.securityGroupIds[0] ?? ''), (found) => Boolean(found?.members.length));
    assert.deepEqual(group?.members, [attached?.address]);
    const { LaunchTemplateVersions } = await ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: 'web' }));
    assert.deepEqual(LaunchTemplateVersions?.map(({ VersionNumber, DefaultVersion }) => [VersionNumber, DefaultVersion]), [[2, false], [1, true]]);

    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    const gone = await reaches(id, 'terminated');
    assert.equal(gone?.PrivateIpAddress, undefined);
    assert.equal(gone?.StateReason?.Code, 'Client.UserInitiatedShutdown');
    await eventually(() => host.list('name').length + host.list('interface').length + host.list('network').length + host.list('securityGroup').length, (count) => count === 0);
  });

  it('stops and starts with a new public address and the same private one', async () => {
    const [made] = await run();
    const id = made?.InstanceId ?? '';
    const first = await reaches(id, 'running');
    const { StoppingInstances } = await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    assert.deepEqual(StoppingInstances?.map(({ PreviousState, CurrentState }) => [PreviousState?.Name, CurrentState?.Name]), [['running', 'stopping']]);
    const stopped = await eventually(() => instance(id), (found) => found?.State?.Name === 'stopped' && found.PublicIpAddress === undefined);
    assert.equal(stopped?.PrivateIpAddress, first?.PrivateIpAddress);
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    const second = await reaches(id, 'running');
    assert.equal(second?.PrivateIpAddress, first?.PrivateIpAddress);
    assert.ok(second?.PublicIpAddress);
    assert.equal(host.get('instance', id)?.generation, 2);
    const { InstanceStatuses } = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }));
    assert.equal(InstanceStatuses?.[0]?.InstanceStatus?.Status, 'ok');
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await reaches(id, 'terminated');
    assert.deepEqual(await refusal(ec2.send(new StartInstancesCommand({ InstanceIds: [id] }))), ['IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be started.`]);
  });

  it('says why an instance went down by itself', async () => {
    const [stops, terminates] = [...(await run()), ...(await run({ InstanceInitiatedShutdownBehavior: 'terminate' }))].map(({ InstanceId = '' }) => InstanceId);
    for (const id of [stops, terminates]) {
      await reaches(id ?? '', 'running');
      await host.observe([{ kind: 'instance', id: id ?? '', value: { generation: 1, state: 'stopped', reason: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown' } }]);
    }
    assert.deepEqual((await reaches(stops ?? '', 'stopped'))?.StateReason, { Code: 'Client.InstanceInitiatedShutdown', Message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown' });
    assert.equal((await reaches(terminates ?? '', 'terminated'))?.StateReason?.Code, 'Client.InstanceInitiatedShutdown');
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [stops ?? ''] }));
    await reaches(stops ?? '', 'terminated');
  });

  it('runs the same launch once for one client token, and no more than there is memory for', async () => {
    const ClientToken = 'once';
    const [first] = await run({ ClientToken });
    const [second] = await run({ ClientToken });
    assert.equal(second?.InstanceId, first?.InstanceId);
    assert.equal((await refusal(run({ ClientToken, InstanceType: 't3.small' })))[0], 'IdempotentParameterMismatch');
    const byName = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'network-interface.private-dns-name', Values: [first?.PrivateDnsName ?? ''] }, { Name: 'network-interface.attachment.device-index', Values: ['0'] }] }));
    assert.deepEqual(byName.Reservations?.flatMap(({ Instances }) => Instances?.map(({ InstanceId }) => InstanceId)), [first?.InstanceId]);
    const refused = await refusal(run({ InstanceType: 'm5.xlarge', Placement: { AvailabilityZone: 'us-east-1a' } }));
    assert.equal(refused[0], 'InsufficientInstanceCapacity');
    assert.match(refused[1] ?? '', /^We currently do not have sufficient m5\.xlarge capacity in the Availability Zone you requested \(us-east-1a\)\./);
    const together = await Promise.all(Array.from({ length: 8 }, () => run().then(([one]) => one?.PrivateIpAddress)));
    assert.equal(new Set(together).size, 8);
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-state-name', Values: ['pending', 'running'] }] }));
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: Reservations?.flatMap(({ Instances }) => Instances ?? []).map(({ InstanceId = '' }) => InstanceId) }));
  });

  it('refuses in the words of EC2', async () => {
    assert.deepEqual(await refusal(instance('i-0123456789abcdef0')), ['InvalidInstanceID.NotFound', "The instance ID 'i-0123456789abcdef0' does not exist"]);
    assert.deepEqual(await refusal(instance('nonsense')), ['InvalidInstanceID.Malformed', 'Invalid id: "nonsense" (expecting "i-...")']);
    assert.deepEqual(await refusal(run({ ImageId: 'ami-0123456789abcdef0' })), ['InvalidAMIID.NotFound', "The image id '[ami-0123456789abcdef0]' does not exist"]);
    assert.deepEqual(await refusal(run({ InstanceType: 'z9.huge' as 't3.micro' })), ['InvalidParameterValue', "Invalid value 'z9.huge' for InstanceType."]);
    assert.deepEqual(await refusal(run({ ImageId: undefined })), ['MissingParameter', 'The request must contain the parameter ImageId']);
    assert.deepEqual(await refusal(run({ DryRun: true })), ['DryRunOperation', 'Request would have succeeded, but DryRun flag is set.']);
    assert.deepEqual(await refusal(ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'colour', Values: ['x'] }] }))), ['InvalidParameterValue', "The filter 'colour' is invalid"]);
    assert.equal((await refusal(ec2.send(new CreateDefaultVpcCommand({}))))[0], 'NotImplemented');
    assert.equal((await refusal(ec2.send(new ImportKeyPairCommand({ KeyName: 'k', PublicKeyMaterial: Buffer.from('junk') }))))[0], 'InvalidKey.Format');
  });

  it('keeps security groups with their rules', async () => {
    const VpcId = await defaultVpcId();
    const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId }));
    assert.deepEqual(await refusal(ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId }))), ['InvalidGroup.Duplicate', `The security group 'web' already exists for VPC '${VpcId}'`]);
    const open = { GroupId, IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' };
    const { SecurityGroupRules } = await ec2.send(new AuthorizeSecurityGroupIngressCommand(open));
    assert.match(SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '', /^sgr-[0-9a-f]{17}$/);
    assert.deepEqual(await refusal(ec2.send(new AuthorizeSecurityGroupIngressCommand(open))), ['InvalidPermission.Duplicate', 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists']);
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] }] }));
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['we*'] }] }));
    assert.deepEqual(SecurityGroups?.[0]?.IpPermissions?.map(({ IpProtocol, FromPort }) => [IpProtocol, FromPort]), [['tcp', 80], ['-1', undefined]]);
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.[0]?.SubnetId, Groups: [GroupId] }));
    assert.equal((await refusal(ec2.send(new DeleteSecurityGroupCommand({ GroupId }))))[0], 'DependencyViolation');
    assert.equal(NetworkInterface?.Status, 'available');
    await ec2.send(new RevokeSecurityGroupIngressCommand(open));
    assert.equal((await refusal(ec2.send(new RevokeSecurityGroupIngressCommand(open))))[0], 'InvalidPermission.NotFound');
  });

  it('attaches a second interface, and an elastic address', async () => {
    const [made] = await run({ Placement: { AvailabilityZone: 'us-east-1a' } });
    const id = made?.InstanceId ?? '';
    await reaches(id, 'running');
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: made?.SubnetId }));
    await ec2.send(new AttachNetworkInterfaceCommand({ InstanceId: id, NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId, DeviceIndex: 1 }));
    await eventually(() => host.get('instance', id)?.interfaceIds.length === 2);
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({}));
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: id }));
    assert.equal((await instance(id))?.PublicIpAddress, PublicIp);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await reaches(id, 'terminated');
    const { NetworkInterfaces } = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterface?.NetworkInterfaceId ?? ''] }));
    assert.equal(NetworkInterfaces?.[0]?.Status, 'available');
  });

  it('makes a VPC of one\'s own, and pages, tags and key pairs', async () => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16', TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'Name', Value: 'mine' }] }] }));
    const VpcId = Vpc?.VpcId ?? '';
    await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.1.1.0/24', AvailabilityZone: 'us-east-1c' }));
    assert.equal((await refusal(ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.1.1.128/25' }))))[0], 'InvalidSubnet.Conflict');
    assert.equal((await refusal(ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.2.1.0/24' }))))[0], 'InvalidSubnet.Range');
    assert.equal((await refusal(ec2.send(new DeleteVpcCommand({ VpcId }))))[0], 'DependencyViolation');
    await ec2.send(new CreateTagsCommand({ Resources: [VpcId], Tags: [{ Key: 'env', Value: 'test' }] }));
    const { Tags } = await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [VpcId] }] }));
    assert.deepEqual(Tags?.map(({ Key, Value, ResourceType }) => [Key, Value, ResourceType]), [['Name', 'mine', 'vpc'], ['env', 'test', 'vpc']]);
    const { InstanceTypes, NextToken } = await ec2.send(new DescribeInstanceTypesCommand({ MaxResults: 5 }));
    const next = await ec2.send(new DescribeInstanceTypesCommand({ MaxResults: 5, NextToken }));
    assert.equal(InstanceTypes?.length, 5);
    assert.ok((InstanceTypes?.at(-1)?.InstanceType ?? '') < (next.InstanceTypes?.[0]?.InstanceType ?? ''));
    for (const KeyType of ['rsa', 'ed25519'] as const) {
      const key = await ec2.send(new CreateKeyPairCommand({ KeyName: KeyType, KeyType }));
      assert.match(key.KeyMaterial ?? '', KeyType === 'rsa' ? /^-----BEGIN RSA PRIVATE KEY-----/ : /^-----BEGIN OPENSSH PRIVATE KEY-----/);
    }
    assert.equal((await refusal(ec2.send(new CreateKeyPairCommand({ KeyName: 'rsa' }))))[0], 'InvalidKeyPair.Duplicate');
  });
});
