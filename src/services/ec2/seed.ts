import type { Env, Scope } from '../../control/service.ts';
import type { Change } from '../../store/store.ts';
import { newId } from './kinds.ts';
import { formatCidr, parseCidr } from './network/cidr.ts';
import type { Cidr } from './network/cidr.ts';
import { dhcpOptions, internetGateways, names, networkAcls, routeTables, securityGroups, subnets, vpcs } from './records.ts';
import type { DhcpOptions, RouteTable, Vpc } from './records.ts';
import { scopeOf } from './scope.ts';

const DEFAULT_VPC = '172.31.0.0/16';
const SEEDED = 'seeded';
/**
 * A difference from AWS by design, in the default VPC's default group alone: its own addresses reach the ports that ECS gives out, so
 * that a first balancer finds its targets though nobody made groups. It is listed like any rule, and can be revoked like any.
 */
const DYNAMIC_PORTS = { protocol: 'tcp', fromPort: 32768, toPort: 65535, description: 'Gantry: dynamic host ports of ECS, from inside of the default VPC' };

/** What a new account has in a region. Once: who deletes the default VPC does not get it back at the next start. */
export async function seed(env: Env): Promise<void> {
  const scope = scopeOf(env);
  const options = newDhcpOptions(env, scope);
  const gatewayId = newId(env, 'igw');
  const { vpc, changes } = newVpc(env, scope, { cidrBlock: DEFAULT_VPC, dhcpOptionsId: options.record.id, isDefault: true, gatewayId });
  const defaults = defaultVpcParts(env, scope, vpc, gatewayId);
  await env.store.commit([names.put(names.key(scope, SEEDED), vpc.id, 0), ...options.changes, ...changes, ...defaults]);
}

/** The region's own DHCP options: Gantry's resolver and domain. */
function newDhcpOptions(env: Env, scope: Scope): { record: DhcpOptions; changes: Change[] } {
  const record: DhcpOptions = {
    id: newId(env, 'dopt'), tags: {},
    configurations: { 'domain-name': [scope.region === 'us-east-1' ? 'ec2.internal' : `${scope.region}.compute.internal`], 'domain-name-servers': ['AmazonProvidedDNS'] },
  };
  return { record, changes: [dhcpOptions.put(dhcpOptions.key(scope, record.id), record, 0)] };
}

interface NewVpc {
  cidrBlock: string;
  dhcpOptionsId: string;
  isDefault: boolean;
  /** The main route table sends everything else there. */
  gatewayId?: string;
  tags?: Vpc['tags'];
}

/** A VPC with what each has from birth: main route table, default security group, default network ACL. */
export function newVpc(env: Env, scope: Scope, { cidrBlock, dhcpOptionsId, isDefault, gatewayId, tags = {} }: NewVpc): { vpc: Vpc; changes: Change[] } {
  const vpc: Vpc = {
    id: newId(env, 'vpc'), cidrBlocks: [{ associationId: newId(env, 'vpc-cidr-assoc'), cidrBlock }], isDefault, dhcpOptionsId,
    enableDnsSupport: true, enableDnsHostnames: isDefault, tags,
  };
  const tableId = newId(env, 'rtb');
  const groupId = newId(env, 'sg');
  const aclId = newId(env, 'acl');
  const routes: RouteTable['routes'] = gatewayId === undefined ? [] : [{ destination: '0.0.0.0/0', target: { gatewayId }, origin: 'CreateRoute' }];
  return {
    vpc,
    changes: [
      vpcs.put(vpcs.key(scope, vpc.id), vpc, 0),
      routeTables.put(routeTables.key(scope, tableId), { id: tableId, vpcId: vpc.id, associations: [{ id: newId(env, 'rtbassoc') }], routes, tags: {} }, 0),
      networkAcls.put(networkAcls.key(scope, aclId), { id: aclId, vpcId: vpc.id, isDefault: true, tags: {} }, 0),
      names.put(names.key(scope, 'security-group', vpc.id, 'default'), groupId, 0),
      securityGroups.put(securityGroups.key(scope, groupId), {
        id: groupId, vpcId: vpc.id, name: 'default', description: 'default VPC security group', tags: {},
        rules: [
          { id: newId(env, 'sgr'), egress: false, protocol: '-1', peer: { groupId }, tags: {} },
          { id: newId(env, 'sgr'), egress: true, protocol: '-1', peer: { cidr: '0.0.0.0/0' }, tags: {} },
          ...(isDefault ? [{ id: newId(env, 'sgr'), egress: false, ...DYNAMIC_PORTS, peer: { cidr: cidrBlock }, tags: {} }] : []),
        ],
      }, 0),
    ],
  };
}

/** An internet gateway with the route to it, and a /20 a zone. */
function defaultVpcParts(env: Env, scope: Scope, vpc: Vpc, gatewayId: string): Change[] {
  const base = (parseCidr(DEFAULT_VPC) as Cidr).base;
  return [
    internetGateways.put(internetGateways.key(scope, gatewayId), { id: gatewayId, vpcId: vpc.id, tags: {} }, 0),
    ...env.installation.zones.map((zone, i) => {
      const id = newId(env, 'subnet');
      const cidrBlock = formatCidr({ base: base + i * 4096, prefix: 20 });
      return subnets.put(subnets.key(scope, id), { id, vpcId: vpc.id, cidrBlock, zone, defaultForAz: true, mapPublicIpOnLaunch: true, tags: {} }, 0);
    }),
  ];
}
