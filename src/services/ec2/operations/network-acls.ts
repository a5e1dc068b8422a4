import type * as Sdk from '@aws-sdk/client-ec2';
import { isIPv6 } from 'node:net';
import type { RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { createOnce } from '../client-token.ts';
import { dependencyViolation, invalidParameterValue, missingParameter, notFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { associationOf, entriesOf, isUnder } from '../network/acls.ts';
import type { Peer } from '../network/acls.ts';
import { formatCidr, parseCidr } from '../network/cidr.ts';
import { page } from '../paging.ts';
import { networkAcls, subnets } from '../records.ts';
import type { AclEntry, NetworkAcl, Subnet } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';

const MOST_NUMBER = 32_766;
/** Of the rule that ends every ACL. */
const LAST_NUMBER = 32_767;
const PROTOCOLS: Record<string, string> = { all: '-1', icmp: '1', tcp: '6', udp: '17', icmpv6: '58' };
const [ICMP, TCP, UDP, ICMPV6] = ['1', '6', '17', '58'];

function entryShape({ egress, ruleNumber, allow, protocol, peer, fromPort, toPort }: AclEntry): Sdk.NetworkAclEntry {
  return {
    Egress: egress, RuleNumber: ruleNumber, RuleAction: allow ? 'allow' : 'deny', Protocol: protocol,
    ...('cidr' in peer ? { CidrBlock: peer.cidr } : { Ipv6CidrBlock: peer.cidr6 }),
    ...(fromPort !== undefined && (protocol === TCP || protocol === UDP ? { PortRange: { From: fromPort, To: toPort } } : { IcmpTypeCode: { Type: fromPort, Code: toPort } })),
  };
}

const LAST = [false, true].map((egress): AclEntry => ({ egress, ruleNumber: LAST_NUMBER, allow: false, protocol: '-1', peer: { cidr: '0.0.0.0/0' } }));

const shape = (acl: NetworkAcl, all: Subnet[], account: string): Sdk.NetworkAcl => ({
  NetworkAclId: acl.id, VpcId: acl.vpcId, IsDefault: acl.isDefault, OwnerId: account, Tags: toTags(acl.tags),
  Associations: all.filter((subnet) => isUnder(subnet, acl)).map((subnet) => ({ NetworkAclAssociationId: associationOf(subnet), NetworkAclId: acl.id, SubnetId: subnet.id })),
  Entries: [...entriesOf(acl), ...LAST].map(entryShape),
});

const allSubnets = async (context: RequestContext) => (await subnets.list(context.store, context)).map(({ value }) => value);

type Wish = Sdk.CreateNetworkAclEntryRequest;

function entryOf(input: Wish): AclEntry {
  const protocol = PROTOCOLS[input.Protocol?.toLowerCase() ?? ''] ?? input.Protocol ?? '';
  if (!/^(-1|\d{1,2}|1\d\d|2[0-4]\d|25[0-5])$/.test(protocol)) throw invalidParameterValue(`Invalid value '${input.Protocol}' for protocol. Unknown protocol.`);
  if (input.RuleAction !== 'allow' && input.RuleAction !== 'deny') throw missingParameter('ruleAction');
  const peer = peerOf(input);
  return { egress: input.Egress ?? false, ruleNumber: numberOf(input), allow: input.RuleAction === 'allow', protocol, peer, ...portsOf(input, protocol, peer) };
}

function numberOf({ RuleNumber: number }: Pick<Wish, 'RuleNumber'>): number {
  if (number === undefined) throw missingParameter('ruleNumber');
  if (number < 1 || number > MOST_NUMBER) throw invalidParameterValue(`Value (${number}) for parameter ruleNumber is invalid. Must be between 1 and ${MOST_NUMBER}.`);
  return number;
}

function peerOf({ CidrBlock: cidr, Ipv6CidrBlock: cidr6 }: Wish): Peer {
  if (cidr6 !== undefined && isIPv6(cidr6.split('/')[0] ?? '')) return { cidr6 };
  const parsed = parseCidr(cidr ?? '');
  if (!parsed) throw cidr === undefined ? missingParameter('cidrBlock') : invalidParameterValue(`Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
  return { cidr: formatCidr(parsed) };
}

function portsOf({ PortRange: ports, IcmpTypeCode: icmp }: Wish, protocol: string, peer: Peer): Pick<AclEntry, 'fromPort' | 'toPort'> {
  if (protocol === TCP || protocol === UDP) {
    const { From: fromPort, To: toPort } = ports ?? {};
    if (fromPort === undefined || toPort === undefined) throw missingParameter('portRange');
    if (fromPort < 0 || toPort > 65_535 || fromPort > toPort) throw invalidParameterValue(`Invalid TCP/UDP port range (${fromPort}:${toPort})`);
    return { fromPort, toPort };
  }
  // With an IPv4 block, ICMPv6 means all of ICMP, whatever type is given (API reference: CreateNetworkAclEntry, Protocol).
  if (protocol !== ICMP && !(protocol === ICMPV6 && 'cidr6' in peer)) return {};
  if (icmp?.Type === undefined) throw missingParameter('icmpTypeCode.type');
  return { fromPort: icmp.Type, toPort: icmp.Code ?? -1 };
}

/** Changes the entries of an ACL; `step` may throw. */
async function change(context: RequestContext, id: string | undefined, step: (entries: AclEntry[]) => AclEntry[]): Promise<void> {
  await transact(context, async () => {
    const { key, value, revision } = await find(context, context, kinds.networkAcl, id ?? '');
    return { changes: [networkAcls.put(key, { ...value, entries: step(entriesOf(value)) }, revision)], result: undefined };
  });
}

const same = (one: Pick<AclEntry, 'egress' | 'ruleNumber'>) => (other: AclEntry) => other.egress === one.egress && other.ruleNumber === one.ruleNumber;

/** The entries without this one. */
function without(entries: AclEntry[], one: Pick<AclEntry, 'egress' | 'ruleNumber'>): AclEntry[] {
  const rest = entries.filter((other) => !same(one)(other));
  if (rest.length === entries.length) throw notFound('InvalidNetworkAclEntry.NotFound', `The ${one.egress ? 'egress' : 'ingress'} rule with rule number ${one.ruleNumber} does not exist`);
  return rest;
}

export const networkAclOperations = {
  CreateNetworkAcl: async (input, context) => {
    const made = await createOnce(context, 'CreateNetworkAcl', input, async (id) => (await networkAcls.get(context.store, context, id))?.value, async () => {
      const { value: vpc } = await find(context, context, kinds.vpc, input.VpcId ?? '');
      const record: NetworkAcl = { id: newId(context, 'acl'), vpcId: vpc.id, isDefault: false, entries: [], tags: tagsFor('network-acl', input.TagSpecifications) };
      return { changes: [networkAcls.put(networkAcls.key(context, record.id), record, 0)], result: record };
    });
    return { NetworkAcl: shape(made, await allSubnets(context), context.account), ClientToken: input.ClientToken };
  },

  DescribeNetworkAcls: async (input, context) => {
    const all = await allSubnets(context);
    const under = (acl: NetworkAcl) => all.filter((subnet) => isUnder(subnet, acl));
    const found = applyFilters(await select(context, context, kinds.networkAcl, input.NetworkAclIds), input.Filters, {
      'network-acl-id': ({ id }) => id, 'vpc-id': ({ vpcId }) => vpcId, default: ({ isDefault }) => isDefault, 'owner-id': () => context.account,
      'association.subnet-id': (acl) => under(acl).map(({ id }) => id), 'association.association-id': (acl) => under(acl).map(associationOf), 'association.network-acl-id': (acl) => (under(acl).length ? acl.id : undefined),
      'entry.rule-number': (acl) => entriesOf(acl).map(({ ruleNumber }) => ruleNumber), 'entry.egress': (acl) => entriesOf(acl).map(({ egress }) => egress),
      'entry.cidr': (acl) => entriesOf(acl).map(({ peer }) => ('cidr' in peer ? peer.cidr : undefined)), 'entry.protocol': (acl) => entriesOf(acl).map(({ protocol }) => protocol),
      'entry.rule-action': (acl) => entriesOf(acl).map(({ allow }) => (allow ? 'allow' : 'deny')),
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    return { NetworkAcls: items.map((acl) => shape(acl, all, context.account)), NextToken };
  },

  DeleteNetworkAcl: async ({ NetworkAclId: id = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.networkAcl, id);
      if (value.isDefault) throw invalidParameterValue(`cannot delete default network ACL ${id}`);
      if ((await allSubnets(context)).some((subnet) => isUnder(subnet, value))) throw dependencyViolation(`The networkAcl '${id}' has dependencies and cannot be deleted.`);
      return { changes: [{ delete: key, expect: revision }], result: undefined };
    });
    return {};
  },

  CreateNetworkAclEntry: async (input, context) => {
    const entry = entryOf(input);
    await change(context, input.NetworkAclId, (entries) => {
      if (entries.some(same(entry))) throw notFound('NetworkAclEntryAlreadyExists', `The network acl entry identified by ${entry.ruleNumber} already exists.`);
      return [...entries, entry];
    });
    return {};
  },

  ReplaceNetworkAclEntry: async (input, context) => {
    const entry = entryOf(input);
    await change(context, input.NetworkAclId, (entries) => [...without(entries, entry), entry]);
    return {};
  },

  DeleteNetworkAclEntry: async (input, context) => {
    const one = { egress: input.Egress ?? false, ruleNumber: numberOf(input) };
    await change(context, input.NetworkAclId, (entries) => without(entries, one));
    return {};
  },

  ReplaceNetworkAclAssociation: async ({ AssociationId: id = '', NetworkAclId: to = '' }, context) => {
    const associationId = newId(context, 'aclassoc');
    await transact(context, async () => {
      const entry = (await subnets.list(context.store, context)).find(({ value }) => associationOf(value) === id);
      if (!entry) throw notFound('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
      const { key, value: acl, revision } = await find(context, context, kinds.networkAcl, to);
      if (acl.vpcId !== entry.value.vpcId) throw invalidParameterValue(`network ACL ${to} and subnet ${entry.value.id} belong to different networks`);
      // The ACL is written again so that it cannot go meanwhile.
      return { changes: [subnets.put(entry.key, { ...entry.value, networkAcl: { id: acl.id, associationId } }, entry.revision), networkAcls.put(key, acl, revision)], result: undefined };
    });
    return { NewAssociationId: associationId };
  },
} satisfies Ec2Operations;
