import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EC2, waitUntilNatGatewayAvailable, waitUntilNatGatewayDeleted } from '@aws-sdk/client-ec2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { imageId } from '../../wire/images.ts';

describe('a NAT gateway', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ec2: EC2;
  let VpcId = '';
  let gateway = '';
  const subnets = { shown: '', hidden: '' };
  const tables = { shown: '', hidden: '' };
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 16384, zones: ['us-east-1a'] });
    ec2 = new EC2(installation.client);
    VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId ?? '';
    for (const [i, name] of (['shown', 'hidden'] as const).entries()) {
      subnets[name] = (await ec2.createSubnet({ VpcId, CidrBlock: `10.0.${i}.0/24`, AvailabilityZone: 'us-east-1a' })).Subnet?.SubnetId ?? '';
      tables[name] = (await ec2.createRouteTable({ VpcId })).RouteTable?.RouteTableId ?? '';
      await ec2.associateRouteTable({ RouteTableId: tables[name], SubnetId: subnets[name] });
    }
    gateway = (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId ?? '';
    await ec2.attachInternetGateway({ InternetGatewayId: gateway, VpcId });
    await ec2.runInstances({ ImageId: imageId('ecs-optimized'), InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SubnetId: subnets.hidden });
  });
  after(async () => {
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const hidden = () => host.get('network', VpcId)?.subnets.find(({ id }) => id === subnets.hidden);
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => error.name);

  it('stands in a subnet with an elastic address, and is the way out of those that are routed to it, from its making to its end', async () => {
    const { AllocationId = '', PublicIp } = await ec2.allocateAddress({ Domain: 'vpc' });
    const asked = { SubnetId: subnets.shown, AllocationId, ClientToken: 'once', TagSpecifications: [{ ResourceType: 'natgateway' as const, Tags: [{ Key: 'Name', Value: 'way-out' }] }] };
    const { NatGateway: made } = await ec2.createNatGateway(asked);
    assert.equal(made?.State, 'pending');
    const NatGatewayId = made.NatGatewayId ?? '';
    assert.equal((await ec2.createNatGateway(asked)).NatGateway?.NatGatewayId, NatGatewayId);
    await waitUntilNatGatewayAvailable({ client: ec2, maxWaitTime: 20 }, { NatGatewayIds: [NatGatewayId] });
    const { NatGateways: [found] = [] } = await ec2.describeNatGateways({ Filter: [{ Name: 'tag:Name', Values: ['way-out'] }, { Name: 'vpc-id', Values: [VpcId] }] });
    const [address] = found?.NatGatewayAddresses ?? [];
    assert.deepEqual([found?.SubnetId, address?.PublicIp, address?.AllocationId], [subnets.shown, PublicIp, AllocationId]);
    const { NetworkInterfaces: [own] = [] } = await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [address?.NetworkInterfaceId ?? ''] });
    assert.deepEqual([own?.InterfaceType, own?.Status, own?.PrivateIpAddress, own?.RequesterManaged, own?.Association?.PublicIp], ['nat_gateway', 'in-use', address?.PrivateIp, true, PublicIp]);
    assert.equal(await refusal(ec2.releaseAddress({ AllocationId })), 'InvalidIPAddress.InUse');
    assert.equal(await refusal(ec2.disassociateAddress({ AssociationId: address?.AssociationId })), 'AuthFailure');
    assert.equal(await refusal(ec2.createNatGateway({ SubnetId: subnets.shown, AllocationId })), 'Resource.AlreadyAssociated');
    assert.equal(await refusal(ec2.deleteSubnet({ SubnetId: subnets.shown })), 'DependencyViolation');

    // It leads nowhere before its own subnet does.
    const everywhere = { DestinationCidrBlock: '0.0.0.0/0' };
    await ec2.createRoute({ RouteTableId: tables.hidden, NatGatewayId, ...everywhere });
    await eventually(hidden);
    assert.equal(hidden()?.natAddress, undefined);
    await ec2.createRoute({ RouteTableId: tables.shown, GatewayId: gateway, ...everywhere });
    assert.deepEqual(await eventually(hidden, (subnet) => subnet?.natAddress !== undefined), { id: subnets.hidden, cidrBlock: '10.0.1.0/24', zone: 'us-east-1a', internet: false, natAddress: PublicIp });

    await ec2.deleteNatGateway({ NatGatewayId });
    await waitUntilNatGatewayDeleted({ client: ec2, maxWaitTime: 20 }, { NatGatewayIds: [NatGatewayId] });
    await eventually(hidden, (subnet) => subnet?.natAddress === undefined);
    const { RouteTables: [table] = [] } = await ec2.describeRouteTables({ Filters: [{ Name: 'route.nat-gateway-id', Values: [NatGatewayId] }] });
    assert.equal(table?.Routes?.find((route) => route.NatGatewayId === NatGatewayId)?.State, 'blackhole');
    assert.equal(await refusal(ec2.deleteNatGateway({ NatGatewayId })), 'NatGatewayNotFound');
    assert.equal(await refusal(ec2.replaceRoute({ RouteTableId: tables.hidden, NatGatewayId, ...everywhere })), 'NatGatewayNotFound');
    await ec2.releaseAddress({ AllocationId });
  });
});
