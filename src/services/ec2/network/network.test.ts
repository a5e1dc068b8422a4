import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { desiredSecurityGroup, reachesInternet } from '../controllers/desired.ts';
import type { GroupRule, NetworkInterface, RouteTable, SecurityGroup } from '../records.ts';
import { place } from '../placement.ts';
import { zoneId } from '../zones.ts';
import { contains, formatAddress, freeAddress, overlaps, parseAddress, parseCidr, usable } from './cidr.ts';
import type { Cidr } from './cidr.ts';
import { inWords, permissionsOf, rulesOf } from './security-rules.ts';

const cidr = (text: string) => parseCidr(text) as Cidr;

describe('addresses', () => {
  it('are read and written', () => {
    assert.equal(formatAddress(parseAddress('172.31.255.4') ?? 0), '172.31.255.4');
    for (const bad of ['1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '']) assert.equal(parseAddress(bad), undefined);
    assert.deepEqual(cidr('10.1.2.3/8'), cidr('10.0.0.0/8'));
    for (const bad of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/x', '/8']) assert.equal(parseCidr(bad), undefined);
  });

  it('contain and overlap', () => {
    assert.ok(contains(cidr('10.0.0.0/8'), cidr('10.9.0.0/16')));
    assert.ok(!contains(cidr('10.9.0.0/16'), cidr('10.0.0.0/8')));
    assert.ok(overlaps(cidr('10.9.0.0/16'), cidr('10.0.0.0/8')));
    assert.ok(!overlaps(cidr('10.0.0.0/24'), cidr('10.0.1.0/24')));
    assert.ok(contains(cidr('0.0.0.0/0'), cidr('255.255.255.255/32')));
  });

  it('are given out from any start, but for those that AWS keeps, until there are none', () => {
    const small = cidr('10.0.0.0/28');
    const taken = new Set<string>();
    for (let i = 0; i < 11; i++) taken.add(freeAddress(small, taken, 7) ?? '');
    assert.deepEqual([...taken].slice(0, 5), ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.14', '10.0.0.4']);
    assert.equal(freeAddress(small, taken, 7), undefined);
    assert.deepEqual([...taken].every((address) => usable(small, parseAddress(address) ?? 0)), true);
    assert.ok(!usable(small, parseAddress('10.0.0.3') ?? 0));
    assert.ok(!usable(small, parseAddress('10.0.0.15') ?? 0));
  });
});

describe('security group rules', () => {
  it('are one a peer, with protocols and ports as EC2 keeps them', () => {
    const rules = rulesOf([
      { IpProtocol: '6', FromPort: 80, ToPort: 81, IpRanges: [{ CidrIp: '10.1.2.3/8', Description: 'ten' }], UserIdGroupPairs: [{ GroupId: 'sg-1' }] },
      { IpProtocol: '-1', FromPort: 1, ToPort: 2, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: 'icmp', FromPort: 8, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    ], false);
    assert.deepEqual(rules, [
      { egress: false, protocol: 'tcp', fromPort: 80, toPort: 81, peer: { cidr: '10.0.0.0/8' }, description: 'ten' },
      { egress: false, protocol: 'tcp', fromPort: 80, toPort: 81, peer: { groupId: 'sg-1' } },
      { egress: false, protocol: '-1', peer: { cidr: '0.0.0.0/0' } },
      { egress: false, protocol: 'icmp', fromPort: 8, toPort: -1, peer: { cidr: '0.0.0.0/0' } },
    ]);
    assert.equal(inWords({ egress: false, protocol: 'tcp', fromPort: 80, toPort: 80, peer: { cidr: '0.0.0.0/0' } }), 'peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW');
  });

  it('are refused where they make no sense', () => {
    assert.throws(() => rulesOf([{ IpProtocol: 'tcp', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }], false), /Must specify both from and to ports/);
    assert.throws(() => rulesOf([{ IpProtocol: 'udp', FromPort: 9, ToPort: 8 }], false), /Invalid TCP\/UDP port range \(9:8\)/);
    assert.throws(() => rulesOf([{ IpProtocol: 'tcp', FromPort: 1, ToPort: 1, IpRanges: [{ CidrIp: 'nowhere' }] }], false), /CIDR block nowhere is malformed/);
    assert.throws(() => rulesOf([{ IpProtocol: 'smoke' }], false), /Unknown protocol/);
  });

  const rule = (change: Partial<GroupRule>): GroupRule => ({ id: 'sgr-1', egress: false, protocol: 'tcp', fromPort: 80, toPort: 80, peer: { cidr: '0.0.0.0/0' }, tags: {}, ...change });

  it('are shown together by their ports', () => {
    const shown = permissionsOf([rule({}), rule({ peer: { groupId: 'sg-2' } }), rule({ fromPort: 81, toPort: 81 }), rule({ egress: true })], false, '123456789012');
    assert.deepEqual(shown.map(({ FromPort, IpRanges, UserIdGroupPairs }) => [FromPort, IpRanges?.length, UserIdGroupPairs?.length]), [[80, 1, 1], [81, 1, 0]]);
  });

  it('reach the host with the addresses of all members', () => {
    const group: SecurityGroup = { id: 'sg-1', vpcId: 'vpc-1', name: 'g', description: '', tags: {}, rules: [rule({ peer: { groupId: 'sg-1' } }), rule({ peer: { cidr6: '::/0' } }), rule({ egress: true, protocol: '-1' })] };
    const interfaces = [['10.0.0.9', 'sg-1'], ['10.0.0.4', 'sg-1'], ['10.0.0.5', 'sg-2']].map(([address, id]) => ({ address, groupIds: [id] }) as NetworkInterface);
    const wished = desiredSecurityGroup(group, interfaces);
    assert.deepEqual(wished.members, ['10.0.0.4', '10.0.0.9']);
    assert.deepEqual(wished.ingress, [{ protocol: 'tcp', fromPort: 80, toPort: 80, source: { groupId: 'sg-1' } }]);
    assert.equal(wished.egress.length, 1);
  });
});

describe('routes', () => {
  const attached = [{ id: 'igw-1' }];
  const table = (id: string, subnetId: string | undefined, gatewayId?: string): RouteTable => ({
    id, vpcId: 'vpc-1', tags: {}, associations: [subnetId === undefined ? { id: 'rtbassoc-m' } : { id: 'rtbassoc-1', subnetId }],
    routes: gatewayId === undefined ? [] : [{ destination: '0.0.0.0/0', target: { gatewayId }, origin: 'CreateRoute' }],
  });
  it('lead to the internet by the subnet\'s own table, or else by the main one', () => {
    assert.ok(reachesInternet('subnet-1', { tables: [table('rtb-m', undefined, 'igw-1')], gateways: attached }));
    assert.ok(!reachesInternet('subnet-1', { tables: [table('rtb-m', undefined, 'igw-1'), table('rtb-1', 'subnet-1')], gateways: attached }));
    assert.ok(reachesInternet('subnet-1', { tables: [table('rtb-m', undefined), table('rtb-1', 'subnet-1', 'igw-1')], gateways: attached }));
    assert.ok(!reachesInternet('subnet-1', { tables: [table('rtb-m', undefined, 'igw-2')], gateways: attached }));
    assert.ok(!reachesInternet('subnet-1', { tables: [], gateways: attached }));
  });
});

describe('placement', () => {
  it('takes the roomiest host for each, and stops where there is no room', () => {
    const free = [{ hostId: 'a', freeMiB: 3000 }, { hostId: 'b', freeMiB: 2500 }];
    assert.deepEqual([...place(free, 1000, ['1', '2', '3', '4', '5', '6'])], [['1', 'a'], ['2', 'b'], ['3', 'a'], ['4', 'b'], ['5', 'a']]);
    assert.equal(place([], 1, ['1']).size, 0);
    assert.equal(place([{ hostId: 'a', freeMiB: 1024 }], 1024, ['1', '2']).size, 1);
  });
  it('names zones as AWS does', () => {
    assert.deepEqual(['us-east-1a', 'eu-central-1c', 'ap-southeast-2b', 'us-gov-west-1a'].map(zoneId), ['use1-az1', 'euc1-az3', 'apse2-az2', 'usgw1-az1']);
  });
});
