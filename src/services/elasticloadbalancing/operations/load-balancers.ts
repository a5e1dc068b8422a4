import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateLoadBalancerInput, LoadBalancer as AwsLoadBalancer, SubnetMapping } from '@aws-sdk/client-elastic-load-balancing-v2';
import { desire, hosts, observed } from '../../../control/hosts.ts';
import { omit } from '../../../control/omit.ts';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { defaultSecurityGroup, securityGroupById, subnetById } from '../../ec2/index.ts';
import { arnOf } from '../arns.ts';
import { attributeList, attributeValue, balancerAttributes, changedAttributes } from '../attributes.ts';
import { failure, invalid, unsupported } from '../errors.ts';
import { balancerByArn, groupsUsedBy, requireBalancer, transact } from '../lookups.ts';
import { checkName } from '../names.ts';
import { page } from '../paging.ts';
import { listeners, loadBalancers } from '../records.ts';
import type { LoadBalancer } from '../records.ts';
import { inCidr } from '../resolve.ts';
import { tagsOf } from '../tags.ts';
import { hostedZone } from '../zones.ts';

const MOST_BALANCERS = 50;

/** One subnet a zone, all in one VPC; at least two for an application load balancer. */
async function chosenSubnets(env: Env, scope: Scope, type: LoadBalancer['type'], input: Pick<CreateLoadBalancerInput, 'Subnets' | 'SubnetMappings' | 'Scheme'>) {
  if (input.Subnets?.length && input.SubnetMappings?.length) throw invalid('You can specify only one of SubnetIds and SubnetMappings');
  const wanted = new Map(input.SubnetMappings?.length ? input.SubnetMappings.map((mapping) => [mapping.SubnetId ?? '', mappedAddress(type, mapping)]) : input.Subnets?.map((id) => [id, undefined]) ?? []);
  const found = await Promise.all([...wanted].map(async ([id, privateAddress]) => {
    const subnet = await subnetById(env, scope, id);
    if (!subnet) throw failure('SubnetNotFound', `The subnet ID '${id}' does not exist`);
    if (privateAddress !== undefined && !inCidr(privateAddress, subnet.cidrBlock)) throw failure('InvalidConfigurationRequest', `The private IPv4 address '${privateAddress}' is not within the subnet '${id}'`);
    return { ...subnet, ...(privateAddress === undefined ? {} : { privateAddress }) };
  }));
  const zones = new Set(found.map((subnet) => subnet.zone));
  if (type === 'network' && zones.size < 1) throw invalid('At least one subnet must be specified');
  if (type === 'application' && zones.size < 2) throw invalid('At least two subnets in two different Availability Zones must be specified');
  if (zones.size < found.length) throw failure('InvalidConfigurationRequest', 'A load balancer cannot be attached to multiple subnets in the same Availability Zone');
  if (new Set(found.map((subnet) => subnet.vpcId)).size > 1) throw failure('InvalidConfigurationRequest', 'All subnets must belong to the same VPC');
  return { vpcId: found[0]!.vpcId, subnets: found.map(({ id, zone, ...more }) => ({ id, zone, ...('privateAddress' in more ? { privateAddress: more.privateAddress } : {}) })) };
}

/** A network load balancer's own choice of address in a subnet; nothing else of a mapping is there. */
function mappedAddress(type: LoadBalancer['type'], mapping: SubnetMapping): string | undefined {
  const address = type === 'network' ? mapping.PrivateIPv4Address : undefined;
  const given = Object.entries(omit(mapping, 'SubnetId')).find(([key, value]) => value !== undefined && (key !== 'PrivateIPv4Address' || address === undefined));
  if (given) throw unsupported(`${given[0]} of a subnet mapping of ${type === 'network' ? 'a network' : 'an application'} load balancer`);
  return address;
}

/** A network load balancer without groups has none, and lets everything in. */
async function chosenGroups(env: Env, scope: Scope, type: LoadBalancer['type'], vpcId: string, ids: string[] | undefined): Promise<string[]> {
  if (!ids?.length && type === 'network') return [];
  if (!ids?.length) return [(await defaultSecurityGroup(env, scope, vpcId))?.id].filter((id) => id !== undefined);
  for (const id of ids) {
    if ((await securityGroupById(env, scope, id))?.vpcId !== vpcId) throw failure('InvalidConfigurationRequest', 'One or more security groups are invalid');
  }
  return [...new Set(ids)];
}

const set = (values: string[]) => [...values].sort().join();
const sameSettings = (a: LoadBalancer, b: LoadBalancer) =>
  a.type === b.type && a.scheme === b.scheme && set(a.subnets.map((s) => s.id)) === set(b.subnets.map((s) => s.id)) && set(a.securityGroupIds) === set(b.securityGroupIds);

async function create(env: Env, scope: Scope, input: CreateLoadBalancerInput): Promise<LoadBalancer> {
  const type = input.Type ?? 'application';
  if (type !== 'application' && type !== 'network') throw unsupported(`The load balancer type '${type}'`);
  if ((input.IpAddressType ?? 'ipv4') !== 'ipv4') throw unsupported(`The IP address type '${input.IpAddressType}'`);
  for (const member of ['CustomerOwnedIpv4Pool', 'IpamPools', 'EnablePrefixForIpv6SourceNat'] as const) if (input[member]) throw unsupported(member);
  const scheme = input.Scheme ?? 'internet-facing';
  if (scheme !== 'internet-facing' && scheme !== 'internal') throw failure('InvalidScheme', `The scheme '${scheme}' is not valid`);
  const name = checkName('load balancer', input.Name ?? '');
  const tags = tagsOf(input.Tags);
  const { vpcId, subnets } = await chosenSubnets(env, scope, type, input);
  if (scheme === 'internet-facing' && subnets.some((subnet) => subnet.privateAddress !== undefined)) throw failure('InvalidConfigurationRequest', 'A private IPv4 address can be specified for an internal load balancer only');
  const securityGroupIds = await chosenGroups(env, scope, type, vpcId, input.SecurityGroups);
  const id = env.randomHex(16);
  const balancer: LoadBalancer = {
    arn: arnOf(scope, type === 'network' ? 'loadbalancer/net' : 'loadbalancer/app', name, id), type, name, id: `lb-${id}`, scheme, vpcId, subnets, securityGroupIds, tags,
    dnsName: type === 'network' ? `${name.toLowerCase()}-${id}.elb.${scope.region}.${env.installation.domain}` : applicationName(env, scope, name, scheme),
    createdAt: env.now().toISOString(), attributes: {}, listeners: {},
  };
  return transact(env, async () => {
    const key = loadBalancers.key(scope, name);
    const existing = await loadBalancers.at(env.store, key);
    if (existing) {
      if (!sameSettings(existing.value, balancer)) throw failure('DuplicateLoadBalancerName', `A load balancer with the same name '${name}' exists, but with different settings`);
      return { changes: [], result: existing.value };
    }
    if ((await loadBalancers.list(env.store, scope)).length >= MOST_BALANCERS) throw failure('TooManyLoadBalancers', 'The maximum number of load balancers has been reached');
    return { changes: [loadBalancers.put(key, balancer, 0)], result: balancer };
  });
}

const applicationName = (env: Env, scope: Scope, name: string, scheme: LoadBalancer['scheme']) =>
  `${scheme === 'internal' ? 'internal-' : ''}${name.toLowerCase()}-${parseInt(env.randomHex(8), 16)}.${scope.region}.elb.${env.installation.domain}`;

async function answer(env: Env, scope: Scope, balancer: LoadBalancer): Promise<AwsLoadBalancer> {
  const seen = balancer.hostId ? await observed(env.store, balancer.hostId, 'balancer', balancer.id) : undefined;
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: hostedZone(balancer.type, scope.region),
    CreatedTime: new Date(balancer.createdAt),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: seen?.state ?? 'provisioning', ...(seen?.reason ? { Reason: seen.reason } : {}) },
    Type: balancer.type,
    AvailabilityZones: zonesOf(balancer),
    ...(balancer.type === 'application' || balancer.securityGroupIds.length ? { SecurityGroups: balancer.securityGroupIds } : {}),
    IpAddressType: 'ipv4',
  };
}

const zonesOf = ({ subnets }: Pick<LoadBalancer, 'subnets'>) => subnets.map(({ id, zone, privateAddress }) =>
  ({ ZoneName: zone, SubnetId: id, LoadBalancerAddresses: privateAddress === undefined ? [] : [{ PrivateIPv4Address: privateAddress }] }));

/** In one commit: the balancer, its listeners, and what hosts were to run for it. Its interfaces go by the controller. */
async function remove(env: Env, scope: Scope, arn: string | undefined): Promise<void> {
  const everywhere = await hosts(env.store);
  await transact(env, async () => {
    const entry = await balancerByArn(env, scope, arn);
    if (!entry) return { changes: [], result: undefined };
    const { value: balancer, key, revision } = entry;
    if (attributeValue(balancerAttributes(balancer), balancer.attributes, 'deletion_protection.enabled') === 'true') {
      throw failure('OperationNotPermitted', `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`);
    }
    const own = await listeners.list(env.store, scope, balancer.name);
    const changes = [
      { delete: key, expect: revision },
      ...own.map((listener) => ({ delete: listener.key })),
      ...(balancer.hostId ? [desire(balancer.hostId, 'balancer', balancer.id, null)] : []),
      ...everywhere.map((host) => desire(host.id, 'name', balancer.dnsName, null)),
    ];
    return { changes, result: undefined };
  });
}

const update = (env: Env, key: string, change: (balancer: LoadBalancer) => LoadBalancer) => loadBalancers.update(env.store, key, change);
const arns = (input: { LoadBalancerArn: string | undefined }) => [input.LoadBalancerArn ?? ''];

type Names = 'CreateLoadBalancer' | 'DescribeLoadBalancers' | 'DeleteLoadBalancer' | 'DescribeLoadBalancerAttributes' | 'ModifyLoadBalancerAttributes' | 'SetSubnets' | 'SetSecurityGroups' | 'SetIpAddressType'
  | 'DescribeCapacityReservation' | 'ModifyCapacityReservation';

export const loadBalancerOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  CreateLoadBalancer: {
    resources: (input, context) => [arnOf(context, input.Type === 'network' ? 'loadbalancer/net' : 'loadbalancer/app', input.Name ?? '', '*')],
    run: async (input, context) => ({ LoadBalancers: [await answer(context, context, await create(context, context, input))] }),
  },

  async DescribeLoadBalancers(input, context) {
    const all = (await loadBalancers.list(context.store, context)).map((entry) => entry.value);
    const wanted = input.LoadBalancerArns ?? input.Names;
    const found = wanted?.length ? all.filter((balancer) => wanted.includes(input.LoadBalancerArns ? balancer.arn : balancer.name)) : all;
    if (wanted && found.length < new Set(wanted).size) throw failure('LoadBalancerNotFound', 'One or more load balancers not found');
    const { items, ...more } = page(found, (balancer) => balancer.arn, input);
    return { LoadBalancers: await Promise.all(items.map((balancer) => answer(context, context, balancer))), ...more };
  },

  DeleteLoadBalancer: {
    resources: arns,
    run: async (input, context) => {
      await remove(context, context, input.LoadBalancerArn);
      return {};
    },
  },

  async DescribeLoadBalancerAttributes(input, context) {
    const { value } = await requireBalancer(context, context, input.LoadBalancerArn);
    return { Attributes: attributeList(balancerAttributes(value), value.attributes) };
  },

  ModifyLoadBalancerAttributes: {
    resources: arns,
    run: async (input, context) => {
      const { key, value } = await requireBalancer(context, context, input.LoadBalancerArn);
      const known = balancerAttributes(value);
      const next = await update(context, key, (balancer) => ({ ...balancer, attributes: changedAttributes('Load balancer', known, balancer.attributes, input.Attributes ?? []) }));
      return { Attributes: attributeList(known, next?.attributes ?? {}) };
    },
  },

  SetSubnets: {
    resources: arns,
    run: async (input, context) => {
      const { key, value } = await requireBalancer(context, context, input.LoadBalancerArn);
      if ((input.IpAddressType ?? 'ipv4') !== 'ipv4') throw unsupported(`The IP address type '${input.IpAddressType}'`);
      const { vpcId, subnets } = await chosenSubnets(context, context, value.type, input);
      if (vpcId !== value.vpcId) throw failure('InvalidSubnet', 'The subnets must be in the VPC of the load balancer');
      await update(context, key, (balancer) => ({ ...balancer, subnets }));
      return { AvailabilityZones: zonesOf({ subnets }), IpAddressType: 'ipv4' };
    },
  },

  SetSecurityGroups: {
    resources: arns,
    run: async (input, context) => {
      const { key, value } = await requireBalancer(context, context, input.LoadBalancerArn);
      if (value.type === 'network' && !value.securityGroupIds.length) throw failure('InvalidConfigurationRequest', 'You cannot associate security groups with a network load balancer that was created without security groups');
      const securityGroupIds = await chosenGroups(context, context, value.type, value.vpcId, input.SecurityGroups);
      await update(context, key, (balancer) => ({ ...balancer, securityGroupIds }));
      return { SecurityGroupIds: securityGroupIds };
    },
  },

  SetIpAddressType: {
    resources: arns,
    run: async (input, context) => {
      await requireBalancer(context, context, input.LoadBalancerArn);
      if (input.IpAddressType !== 'ipv4') throw unsupported(`The IP address type '${input.IpAddressType}'`);
      return { IpAddressType: 'ipv4' };
    },
  },

  /** A balancer has the capacity of its host and none is set aside for it. */
  async DescribeCapacityReservation(input, context) {
    await requireBalancer(context, context, input.LoadBalancerArn);
    return { CapacityReservationState: [] };
  },

  ModifyCapacityReservation: {
    resources: arns,
    run: async (input, context) => {
      await requireBalancer(context, context, input.LoadBalancerArn);
      if (input.MinimumLoadBalancerCapacity) throw unsupported('A minimum load balancer capacity');
      return { CapacityReservationState: [] };
    },
  },
};

/** ARNs of the groups that a balancer uses, in the form that DescribeTargetGroups filters by. */
export async function groupsOfBalancer(env: Env, scope: Scope, arn: string): Promise<Set<string>> {
  const { value } = await requireBalancer(env, scope, arn);
  const own = (await listeners.list(env.store, scope, value.name)).map((entry) => entry.value);
  return new Set(own.flatMap((listener) => [...groupsUsedBy(listener)]));
}
