import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateLoadBalancerInput, LoadBalancer as AwsLoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2';
import { desire, hosts, observed } from '../../../control/hosts.ts';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { defaultSecurityGroup, securityGroupById, subnetById } from '../../ec2/index.ts';
import { arnOf } from '../arns.ts';
import { BALANCER_ATTRIBUTES, attributeList, attributeValue, changedAttributes } from '../attributes.ts';
import { failure, invalid, unsupported } from '../errors.ts';
import { balancerByArn, groupsUsedBy, requireBalancer, transact } from '../lookups.ts';
import { checkName } from '../names.ts';
import { page } from '../paging.ts';
import { listeners, loadBalancers } from '../records.ts';
import type { LoadBalancer } from '../records.ts';
import { tagsOf } from '../tags.ts';
import { hostedZone } from '../zones.ts';

const MOST_BALANCERS = 50;

/** One subnet a zone, two zones at least, all in one VPC. */
async function chosenSubnets(env: Env, scope: Scope, input: Pick<CreateLoadBalancerInput, 'Subnets' | 'SubnetMappings'>) {
  if (input.Subnets?.length && input.SubnetMappings?.length) throw invalid('You can specify only one of SubnetIds and SubnetMappings');
  for (const mapping of input.SubnetMappings ?? []) {
    const { SubnetId: _, ...more } = mapping;
    const given = Object.entries(more).find(([, value]) => value !== undefined);
    if (given) throw unsupported(`${given[0]} of a subnet mapping of an application load balancer`);
  }
  const ids = [...new Set(input.Subnets ?? input.SubnetMappings?.map((mapping) => mapping.SubnetId ?? '') ?? [])];
  const found = await Promise.all(ids.map(async (id) => {
    const subnet = await subnetById(env, scope, id);
    if (!subnet) throw failure('SubnetNotFound', `The subnet ID '${id}' does not exist`);
    return subnet;
  }));
  const zones = new Set(found.map((subnet) => subnet.zone));
  if (zones.size < 2) throw invalid('At least two subnets in two different Availability Zones must be specified');
  if (zones.size < found.length) throw failure('InvalidConfigurationRequest', 'A load balancer cannot be attached to multiple subnets in the same Availability Zone');
  if (new Set(found.map((subnet) => subnet.vpcId)).size > 1) throw failure('InvalidConfigurationRequest', 'All subnets must belong to the same VPC');
  return { vpcId: found[0]!.vpcId, subnets: found.map(({ id, zone }) => ({ id, zone })) };
}

async function chosenGroups(env: Env, scope: Scope, vpcId: string, ids: string[] | undefined): Promise<string[]> {
  if (!ids?.length) return [(await defaultSecurityGroup(env, scope, vpcId))?.id].filter((id) => id !== undefined);
  for (const id of ids) {
    if ((await securityGroupById(env, scope, id))?.vpcId !== vpcId) throw failure('InvalidConfigurationRequest', 'One or more security groups are invalid');
  }
  return [...new Set(ids)];
}

const set = (values: string[]) => [...values].sort().join();
const sameSettings = (a: LoadBalancer, b: LoadBalancer) =>
  a.scheme === b.scheme && set(a.subnets.map((s) => s.id)) === set(b.subnets.map((s) => s.id)) && set(a.securityGroupIds) === set(b.securityGroupIds);

async function create(env: Env, scope: Scope, input: CreateLoadBalancerInput): Promise<LoadBalancer> {
  if ((input.Type ?? 'application') !== 'application') throw unsupported(`The load balancer type '${input.Type}'`);
  if ((input.IpAddressType ?? 'ipv4') !== 'ipv4') throw unsupported(`The IP address type '${input.IpAddressType}'`);
  for (const member of ['CustomerOwnedIpv4Pool', 'IpamPools', 'EnablePrefixForIpv6SourceNat'] as const) if (input[member]) throw unsupported(member);
  const scheme = input.Scheme ?? 'internet-facing';
  if (scheme !== 'internet-facing' && scheme !== 'internal') throw failure('InvalidScheme', `The scheme '${scheme}' is not valid`);
  const name = checkName('load balancer', input.Name ?? '');
  const tags = tagsOf(input.Tags);
  const { vpcId, subnets } = await chosenSubnets(env, scope, input);
  const securityGroupIds = await chosenGroups(env, scope, vpcId, input.SecurityGroups);
  const id = env.randomHex(16);
  const label = `${name}-${parseInt(env.randomHex(8), 16)}`.toLowerCase();
  const balancer: LoadBalancer = {
    arn: arnOf(scope, 'loadbalancer', name, id), name, id: `lb-${id}`, scheme, vpcId, subnets, securityGroupIds, tags,
    dnsName: `${scheme === 'internal' ? 'internal-' : ''}${label}.${scope.region}.elb.${env.installation.domain}`,
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

async function answer(env: Env, scope: Scope, balancer: LoadBalancer): Promise<AwsLoadBalancer> {
  const seen = balancer.hostId ? await observed(env.store, balancer.hostId, 'balancer', balancer.id) : undefined;
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: hostedZone(scope.region),
    CreatedTime: new Date(balancer.createdAt),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: seen?.state ?? 'provisioning', ...(seen?.reason ? { Reason: seen.reason } : {}) },
    Type: 'application',
    AvailabilityZones: balancer.subnets.map(({ id, zone }) => ({ ZoneName: zone, SubnetId: id, LoadBalancerAddresses: [] })),
    SecurityGroups: balancer.securityGroupIds,
    IpAddressType: 'ipv4',
  };
}

/** In one commit: the balancer, its listeners, and what hosts were to run for it. Its interfaces go by the controller. */
async function remove(env: Env, scope: Scope, arn: string | undefined): Promise<void> {
  const everywhere = await hosts(env.store);
  await transact(env, async () => {
    const entry = await balancerByArn(env, scope, arn);
    if (!entry) return { changes: [], result: undefined };
    const { value: balancer, key, revision } = entry;
    if (attributeValue(BALANCER_ATTRIBUTES, balancer.attributes, 'deletion_protection.enabled') === 'true') {
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
    resources: (input, context) => [arnOf(context, 'loadbalancer', input.Name ?? '', '*')],
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
    return { Attributes: attributeList(BALANCER_ATTRIBUTES, value.attributes) };
  },

  ModifyLoadBalancerAttributes: {
    resources: arns,
    run: async (input, context) => {
      const { key } = await requireBalancer(context, context, input.LoadBalancerArn);
      const next = await update(context, key, (balancer) => ({ ...balancer, attributes: changedAttributes('Load balancer', BALANCER_ATTRIBUTES, balancer.attributes, input.Attributes ?? []) }));
      return { Attributes: attributeList(BALANCER_ATTRIBUTES, next?.attributes ?? {}) };
    },
  },

  SetSubnets: {
    resources: arns,
    run: async (input, context) => {
      const { key, value } = await requireBalancer(context, context, input.LoadBalancerArn);
      if ((input.IpAddressType ?? 'ipv4') !== 'ipv4') throw unsupported(`The IP address type '${input.IpAddressType}'`);
      const { vpcId, subnets } = await chosenSubnets(context, context, input);
      if (vpcId !== value.vpcId) throw failure('InvalidSubnet', 'The subnets must be in the VPC of the load balancer');
      await update(context, key, (balancer) => ({ ...balancer, subnets }));
      return { AvailabilityZones: subnets.map(({ id, zone }) => ({ ZoneName: zone, SubnetId: id, LoadBalancerAddresses: [] })), IpAddressType: 'ipv4' };
    },
  },

  SetSecurityGroups: {
    resources: arns,
    run: async (input, context) => {
      const { key, value } = await requireBalancer(context, context, input.LoadBalancerArn);
      const securityGroupIds = await chosenGroups(context, context, value.vpcId, input.SecurityGroups);
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
