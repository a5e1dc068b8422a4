import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { EC2 } from '@aws-sdk/client-ec2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { imageId } from '../../wire/images.ts';

let installation: Awaited<ReturnType<typeof startInstallation>>;
let host: Awaited<ReturnType<typeof startFakeHost>>;
let ec2: EC2;
let VpcId = '';
let subnet = '';
before(async () => {
  installation = await startInstallation();
  host = await startFakeHost(installation.port, { memoryMiB: 16384, zones: ['us-east-1a'] });
  ec2 = new EC2(installation.client);
  VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId ?? '';
  subnet = (await ec2.createSubnet({ VpcId, CidrBlock: '10.0.0.0/24', AvailabilityZone: 'us-east-1a' })).Subnet?.SubnetId ?? '';
  await ec2.runInstances({ ImageId: imageId('ecs-optimized'), InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SubnetId: subnet });
});
after(async () => {
  ec2.destroy();
  await host.close();
  await installation.close();
});

const acls = async () => (await ec2.describeNetworkAcls({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] })).NetworkAcls ?? [];
const over = async () => (await ec2.describeNetworkAcls({ Filters: [{ Name: 'association.subnet-id', Values: [subnet] }] })).NetworkAcls?.[0];
const enforced = () => host.get('network', VpcId)?.subnets[0]?.acl;
const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => error.name);
const rule = { RuleNumber: 100, Protocol: '-1', RuleAction: 'allow' as const, CidrBlock: '0.0.0.0/0' };

it('a VPC has an ACL that lets everything pass, as long as nobody changes it', async () => {
  const [acl] = await acls();
  assert.equal(acl?.IsDefault, true);
  assert.deepEqual(acl.Associations?.map(({ SubnetId }) => SubnetId), [subnet]);
  assert.deepEqual(acl.Entries?.map(({ Egress, RuleNumber, RuleAction }) => [Egress, RuleNumber, RuleAction]), [[false, 100, 'allow'], [true, 100, 'allow'], [false, 32767, 'deny'], [true, 32767, 'deny']]);
  await eventually(() => host.get('network', VpcId));
  assert.equal(enforced(), undefined);
  // As the Terraform module manages it: away with all, then the same again, and IPv6 beside it.
  const NetworkAclId = acl.NetworkAclId ?? '';
  for (const Egress of [false, true]) await ec2.deleteNetworkAclEntry({ NetworkAclId, Egress, RuleNumber: 100 });
  await eventually(enforced, (found) => found?.ingress.length === 0 && found.egress.length === 0);
  for (const Egress of [false, true]) {
    await ec2.createNetworkAclEntry({ NetworkAclId, Egress, ...rule });
    await ec2.createNetworkAclEntry({ NetworkAclId, Egress, ...rule, RuleNumber: 101, CidrBlock: undefined, Ipv6CidrBlock: '::/0' });
  }
  await eventually(() => [enforced()], ([found]) => found === undefined);
  assert.equal(await refusal(ec2.createNetworkAclEntry({ NetworkAclId, Egress: true, ...rule })), 'NetworkAclEntryAlreadyExists');
  assert.equal(await refusal(ec2.deleteNetworkAclEntry({ NetworkAclId, Egress: true, RuleNumber: 7 })), 'InvalidNetworkAclEntry.NotFound');
  assert.equal(await refusal(ec2.deleteNetworkAcl({ NetworkAclId })), 'InvalidParameterValue');
});

it('a subnet goes under another ACL, whose rules are checked in order of their numbers', async () => {
  const before = await over();
  const NetworkAclId = (await ec2.createNetworkAcl({ VpcId })).NetworkAcl?.NetworkAclId ?? '';
  const web = { Protocol: 'tcp', PortRange: { From: 80, To: 80 }, CidrBlock: '10.0.0.1/8', RuleAction: 'allow' as const, NetworkAclId, Egress: false };
  await ec2.createNetworkAclEntry({ ...web, RuleNumber: 20 });
  await ec2.createNetworkAclEntry({ ...web, RuleNumber: 10, RuleAction: 'deny', Protocol: '1', IcmpTypeCode: { Type: 8, Code: -1 }, PortRange: undefined });
  await ec2.replaceNetworkAclEntry({ ...web, RuleNumber: 20, PortRange: { From: 80, To: 81 } });
  const { NewAssociationId } = await ec2.replaceNetworkAclAssociation({ AssociationId: before?.Associations?.[0]?.NetworkAclAssociationId, NetworkAclId });
  const moved = await over();
  assert.deepEqual([moved?.NetworkAclId, moved?.Associations?.[0]?.NetworkAclAssociationId], [NetworkAclId, NewAssociationId]);
  assert.deepEqual((await acls()).find(({ IsDefault }) => IsDefault)?.Associations, []);
  assert.deepEqual(await eventually(enforced), {
    ingress: [{ allow: false, protocol: '1', cidr: '10.0.0.0/8', fromPort: 8, toPort: -1 }, { allow: true, protocol: '6', cidr: '10.0.0.0/8', fromPort: 80, toPort: 81 }], egress: [],
  });
  assert.equal(await refusal(ec2.deleteNetworkAcl({ NetworkAclId })), 'DependencyViolation');
  await ec2.replaceNetworkAclAssociation({ AssociationId: NewAssociationId, NetworkAclId: before?.NetworkAclId });
  await eventually(() => [enforced()], ([found]) => found === undefined);
  await ec2.deleteNetworkAcl({ NetworkAclId });
  assert.equal((await acls()).length, 1);
});
