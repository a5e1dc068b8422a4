import type { DesiredInterface, DesiredNetwork, DesiredSecurityGroup } from '../../wire/host.ts';
import { addAcls } from './acls.ts';
import { everyAddress, nth } from './addresses.ts';
import { gatewayAddress, linkName, metadataAddress, resolverAddress, uplink } from './names.ts';
import { newRuleset, type Ruleset } from './nft.ts';
import { addGroups, egressChain, ingressChain } from './security-groups.ts';

/** All that a router filters and translates, from the wish alone. */
export interface RouterWish {
  network: DesiredNetwork;
  /** Those of this network that are attached to an owner on this host. */
  interfaces: ReadonlyMap<string, DesiredInterface>;
  groups: ReadonlyMap<string, DesiredSecurityGroup>;
  /** The gateway's, beside 443. */
  port: number;
  /** The router's own address on the link to the host. */
  linkAddress: string;
}

/**
 *   from an ENI ── raw: is it its address? ── forward: established? its egress chain ──┐
 *                                                                                      ├─ to-receiver: the ingress chain, or out
 *   from the host ── dnat: public → private ── forward: established? ──────────────────┘      └─ snat: private → public, or NAT
 *
 * An ENI is known by its link. A VPC's own services are reached without a check by security groups, as in AWS.
 */
export function routerRuleset(wish: RouterWish): Ruleset {
  const ruleset = newRuleset();
  const set = (name: string, type: string, kind: 'set' | 'map' = 'set') => {
    const elements = new Map<string, string>();
    ruleset.sets.set(name, { kind, type, elements });
    return elements;
  };
  const sources = set('sources', 'ifname . ipv4_addr');
  const unchecked = set('unchecked', 'ifname');
  const privateOf = set('private-of', 'ipv4_addr : ipv4_addr', 'map');
  const publicOf = set('public-of', 'ipv4_addr : ipv4_addr', 'map');
  const withPublic = set('with-public', 'ipv4_addr');
  addGroups(ruleset, wish.groups);
  for (const [name, chain] of baseChains(wish)) ruleset.chains.set(name, chain);
  addAcls(ruleset, wish.network);
  const egress = set('egress', 'ifname : verdict', 'map');
  const ingress = set('ingress', 'ifname : verdict', 'map');

  const internet = new Set(wish.network.subnets.filter((subnet) => subnet.internet).map((subnet) => subnet.id));
  for (const [id, { address, secondaryAddresses = [], prefixes = [], publicAddress, atEdge, subnetId, securityGroupIds, unfiltered, sourceDestCheck }] of wish.interfaces) {
    const link = `"${linkName(id)}"`;
    const groups = securityGroupIds.filter((group) => wish.groups.has(group));
    ruleset.chains.set(`${id}-in`, { rules: unfiltered ? ['accept'] : [...groups.map((group) => `jump ${ingressChain(group)}`), 'drop'] });
    ruleset.chains.set(`${id}-out`, { rules: unfiltered ? ['goto to-receiver'] : [...groups.map((group) => `jump ${egressChain(group)}`), 'drop'] });
    ingress.set(link, `goto ${id}-in`);
    egress.set(link, `goto ${id}-out`);
    for (const own of [address, ...secondaryAddresses, ...prefixes.flatMap(everyAddress)]) sources.set(`${link} . ${own}`, '');
    if (!sourceDestCheck) unchecked.set(link, '');
    if (publicAddress && (atEdge || internet.has(subnetId))) {
      privateOf.set(publicAddress, address);
      publicOf.set(address, publicAddress);
      withPublic.set(address, '');
    }
  }
  return ruleset;
}

function baseChains({ network, port, linkAddress }: RouterWish): [string, { hook?: string; rules: string[] }][] {
  const translated = network.subnets.filter(({ natAddress }) => natAddress !== undefined);
  const resolvers = [resolverAddress, ...network.cidrBlocks.map((cidr) => nth(cidr, 2))].join(', ');
  const toGateway = `oifname "${uplink}" ip daddr ${gatewayAddress}`;
  return [
    ['to-receiver', { rules: ['oifname vmap @ingress', ...['@with-public', ...translated.map(({ cidrBlock }) => cidrBlock)].map((from) => `oifname "${uplink}" ip saddr ${from} accept`), 'drop'] }],
    ['source-check', {
      hook: 'type filter hook prerouting priority raw; policy drop;',
      rules: [`iifname { "lo", "${uplink}" } accept`, 'iifname . ip saddr @sources accept', 'iifname @unchecked accept'],
    }],
    ['to-private', { hook: 'type nat hook prerouting priority dstnat; policy accept;', rules: [`iifname "${uplink}" dnat ip to ip daddr map @private-of`] }],
    ['to-public', {
      hook: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        `${toGateway} snat ip to ${linkAddress}`, `oifname "${uplink}" snat ip to ip saddr map @public-of`,
        ...translated.map(({ cidrBlock, natAddress }) => `oifname "${uplink}" ip saddr ${cidrBlock} snat ip to ${natAddress}`),
      ],
    }],
    ['input', {
      hook: 'type filter hook input priority filter; policy drop;',
      rules: [
        'ct state established,related accept',
        'iifname "lo" accept',
        `iifname "${uplink}" drop`,
        `ip daddr ${metadataAddress} tcp dport 80 accept`,
        `ip daddr { ${resolvers} } meta l4proto { tcp, udp } th dport 53 accept`,
        'icmp type echo-request accept',
      ],
    }],
    ['filter', {
      hook: 'type filter hook forward priority filter; policy drop;',
      rules: [
        'ct state established,related accept',
        'ct state invalid drop',
        `${toGateway} tcp dport { 443, ${port} } accept`,
        `ip daddr ${gatewayAddress} drop`,
        `iifname "${uplink}" goto to-receiver`,
        'iifname vmap @egress',
      ],
    }],
  ];
}
