import { after, before, describe, it } from 'node:test';
import { openGroup, terminate } from './fixtures/network.ts';
import { launchProbe, type Probe } from './fixtures/probe.ts';
import { clients, unique } from './fixtures/shared.ts';
import { until } from './fixtures/until.ts';

const { ec2 } = clients;
const ANYWHERE = '0.0.0.0/0';
const SERVED = 8082;

/** Prints on its console whether the URL can be reached, each time that this changes. */
const watcher = (url: string) => Buffer.from(`#!/bin/bash
cat > /root/watch.mjs <<'END'
import { setTimeout as sleep } from 'node:timers/promises';
for (let last;; await sleep(300)) {
  const now = await fetch('${url}', { signal: AbortSignal.timeout(5000) }).then(() => 'a way out', () => 'no way out');
  if (now !== last) console.log('there is ' + now);
  last = now;
}
END
setsid /opt/gantry/node_modules/node/bin/node /root/watch.mjs &
`).toString('base64');

describe('a private subnet', { timeout: 3_600_000 }, () => {
  let vpcId = '';
  let gateway = '';
  let outside: Probe | undefined;
  let inside: Probe | undefined;
  let allocation = { id: '', address: '' };
  const groups = { outside: '', inside: '' };
  const subnets = { outside: '', inside: '' };
  const tables = { outside: '', inside: '' };

  before(async () => {
    vpcId = (await ec2.createVpc({ CidrBlock: '10.99.0.0/16' })).Vpc?.VpcId ?? '';
    gateway = (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId ?? '';
    await ec2.attachInternetGateway({ InternetGatewayId: gateway, VpcId: vpcId });
    for (const [i, name] of (['outside', 'inside'] as const).entries()) {
      subnets[name] = (await ec2.createSubnet({ VpcId: vpcId, CidrBlock: `10.99.${i}.0/24` })).Subnet?.SubnetId ?? '';
      tables[name] = (await ec2.createRouteTable({ VpcId: vpcId })).RouteTable?.RouteTableId ?? '';
      await ec2.associateRouteTable({ RouteTableId: tables[name], SubnetId: subnets[name] });
      groups[name] = await openGroup(clients, vpcId, unique(name), []);
    }
    await ec2.createRoute({ RouteTableId: tables.outside, DestinationCidrBlock: ANYWHERE, GatewayId: gateway });
    await ec2.modifySubnetAttribute({ SubnetId: subnets.outside, MapPublicIpOnLaunch: { Value: true } });
    const { AllocationId: id = '', PublicIp: address = '' } = await ec2.allocateAddress({ Domain: 'vpc' });
    allocation = { id, address };
    // Whoever comes by the NAT gateway is let in, and nobody else.
    await ec2.authorizeSecurityGroupIngress({ GroupId: groups.outside, IpProtocol: 'tcp', FromPort: SERVED, ToPort: SERVED, CidrIp: `${address}/32` });
    outside = await launchProbe(clients, { SubnetId: subnets.outside, SecurityGroupIds: [groups.outside] });
    inside = await launchProbe(clients, { SubnetId: subnets.inside, SecurityGroupIds: [groups.inside], UserData: watcher(`http://${outside.publicAddress}:${SERVED}/`) });
  });

  after(async () => {
    await terminate(clients, [outside, inside].flatMap((probe) => probe?.id ?? []));
    if (allocation.id) await ec2.releaseAddress({ AllocationId: allocation.id });
    await ec2.detachInternetGateway({ InternetGatewayId: gateway, VpcId: vpcId });
    await ec2.deleteInternetGateway({ InternetGatewayId: gateway });
    for (const name of ['outside', 'inside'] as const) {
      await ec2.deleteSecurityGroup({ GroupId: groups[name] });
      await ec2.deleteSubnet({ SubnetId: subnets[name] });
      await ec2.deleteRouteTable({ RouteTableId: tables[name] });
    }
    await ec2.deleteVpc({ VpcId: vpcId });
  });

  /** What the instance inside saw, in its order. */
  const seen = async () => {
    const { Output = '' } = await ec2.getConsoleOutput({ InstanceId: inside?.id, Latest: true });
    return [...Buffer.from(Output, 'base64').toString().matchAll(/there is (.*) way out/g)].map(([, found]) => found);
  };

  it('has no way out but by a NAT gateway, whose address it then has', async () => {
    await until('there is no way out', 120, async () => (await seen()).at(-1) === 'no');
    const { NatGateway } = await ec2.createNatGateway({ SubnetId: subnets.outside, AllocationId: allocation.id });
    const NatGatewayId = NatGateway?.NatGatewayId;
    await ec2.createRoute({ RouteTableId: tables.inside, DestinationCidrBlock: ANYWHERE, NatGatewayId });
    await until('there is a way out', 120, async () => (await seen()).at(-1) === 'a');
    await ec2.deleteNatGateway({ NatGatewayId });
    await until('there is no way out any more', 120, async () => (await seen()).at(-1) === 'no');
  });
});
