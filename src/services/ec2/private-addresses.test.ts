import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  AssignPrivateIpAddressesCommand, CreateLaunchTemplateCommand, CreateNetworkInterfaceCommand, CreateSubnetCommand, CreateVpcCommand, DeleteNetworkInterfaceCommand,
  DescribeInstancesCommand, DescribeNetworkInterfacesCommand, DescribeSubnetsCommand, EC2Client, RunInstancesCommand, TerminateInstancesCommand, UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { refusal } from '../../../test/served.ts';
import { imageId } from '../../wire/images.ts';

describe('private addresses and prefixes of interfaces', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ec2: EC2Client;
  let SubnetId: string;
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 65536, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ec2 = new EC2Client(installation.client);
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    SubnetId = (await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24', AvailabilityZone: 'us-east-1a' }))).Subnet?.SubnetId ?? '';
  });
  after(async () => {
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const free = async () => (await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [SubnetId] }))).Subnets?.[0]?.AvailableIpAddressCount;
  const shown = async (id: string) => (await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }))).NetworkInterfaces?.[0];
  const prefixesOf = async (id: string) => (await shown(id))?.Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix ?? '') ?? [];
  const block = (address: string | undefined) => `10.9.1.${Math.floor(Number(address?.split('.')[3]) / 16) * 16}/28`;

  it('never overlap, however many ask at once, and are counted and given back', async () => {
    assert.equal(await free(), 251);
    const made = await Promise.all(Array.from({ length: 6 }, (_, i) => ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, ...(i % 2 ? { Ipv4PrefixCount: 2 } : { SecondaryPrivateIpAddressCount: 3 }) }))));
    const interfaces = made.map(({ NetworkInterface }) => NetworkInterface!);
    const addresses = interfaces.flatMap(({ PrivateIpAddresses }) => PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress));
    const prefixes = interfaces.flatMap(({ Ipv4Prefixes }) => Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix) ?? []);
    assert.deepEqual([new Set(addresses).size, new Set(prefixes).size], [6 + 9, 6]);
    assert.ok(addresses.every((address) => !prefixes.includes(block(address))));
    assert.equal(await free(), 251 - 15 - 6 * 16);
    const taken = prefixes[0] ?? '';
    assert.match(await refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Ipv4Prefixes: [{ Ipv4Prefix: taken }] }))), /^InvalidIPAddress\.InUse/);
    assert.match(await refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress: taken.replace('/28', '') }))), /^InvalidIPAddress\.InUse/);
    assert.match(await refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Ipv4Prefixes: [{ Ipv4Prefix: '10.9.1.0/28' }] }))), /^InvalidParameterValue/);
    assert.match(await refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Ipv4PrefixCount: 14 }))), /^InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks/);
    for (const { NetworkInterfaceId } of interfaces) await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    assert.equal(await free(), 251);
  });

  it('come and go on an interface', async () => {
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, PrivateIpAddress: '10.9.1.9' }));
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    const assigned = await ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, Ipv4Prefixes: ['10.9.1.32/28'] }));
    assert.deepEqual(assigned.AssignedIpv4Prefixes, [{ Ipv4Prefix: '10.9.1.32/28' }]);
    await ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: ['10.9.1.10'] }));
    assert.match(await refusal(ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: ['10.9.1.33'] }))), /^InvalidIPAddress\.InUse/);
    assert.match(await refusal(ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId }))), /^MissingParameter/);
    assert.deepEqual((await shown(NetworkInterfaceId))?.PrivateIpAddresses?.map(({ Primary, PrivateIpAddress }) => [Primary, PrivateIpAddress]), [[true, '10.9.1.9'], [false, '10.9.1.10']]);
    await ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: ['10.9.1.10'], Ipv4Prefixes: ['10.9.1.32/28'] }));
    assert.deepEqual([await prefixesOf(NetworkInterfaceId), await free()], [[], 250]);
    assert.match(await refusal(ec2.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: ['10.9.1.10'] }))), /^InvalidParameterValue: Some of the specified addresses are not assigned to interface/);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  });

  it('come with a launch template, and the host is told', async () => {
    const ImageId = imageId('ecs-optimized');
    await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'node', LaunchTemplateData: { ImageId, InstanceType: 't3.medium', NetworkInterfaces: [{ DeviceIndex: 0, Ipv4PrefixCount: 7 }] } }));
    const { Instances } = await ec2.send(new RunInstancesCommand({ LaunchTemplate: { LaunchTemplateName: 'node' }, SubnetId, MinCount: 1, MaxCount: 1 }));
    const [made] = Instances ?? [];
    const id = made?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
    const prefixes = await prefixesOf(id);
    assert.equal(prefixes.length, 7);
    assert.deepEqual(made?.NetworkInterfaces?.[0]?.Ipv4Prefixes?.map(({ Ipv4Prefix }) => Ipv4Prefix), prefixes);
    assert.deepEqual((await eventually(() => host.get('interface', id)))?.prefixes, prefixes);
    const group = await eventually(() => host.get('securityGroup', made?.SecurityGroups?.[0]?.GroupId ?? ''), (found) => Boolean(found?.members.length));
    assert.deepEqual(new Set(group?.members), new Set([...prefixes, made?.PrivateIpAddress]));
    assert.match(await refusal(ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: id, Ipv4PrefixCount: 1 }))), /^PrivateIpAddressLimitExceeded: Number of private addresses will exceed limit\.$/);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [made?.InstanceId ?? ''] }));
    await eventually(async () => (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [made?.InstanceId ?? ''] }))).Reservations?.[0]?.Instances?.[0]?.State?.Name, (state) => state === 'terminated');
    assert.equal(await free(), 251);
  });
});
