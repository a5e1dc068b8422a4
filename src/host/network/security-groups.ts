import type { DesiredSecurityGroup, SecurityGroupRule } from '../../wire/host.ts';
import { everyAddress } from './addresses.ts';
import type { Ruleset } from './nft.ts';

/**
 * Security groups as chains and sets of the router's table. A chain `<group>-in` ends the packet's way with `accept` where one of its
 * rules matches, `<group>-out` sends it on to the receiver's check; where none matches the packet goes back to the interface's chain,
 * which asks its next group and drops at the end. Replies never come here: the base chain accepts what conntrack knows.
 */
export function addGroups(ruleset: Ruleset, groups: ReadonlyMap<string, DesiredSecurityGroup>): void {
  for (const [id, group] of groups) {
    ruleset.sets.set(membersSet(id), { kind: 'set', type: 'ipv4_addr', elements: new Map(group.members.flatMap(everyAddress).map((address) => [address, ''])) });
    ruleset.chains.set(ingressChain(id), { rules: group.ingress.flatMap((rule) => expressions(rule, 'saddr', groups).map((match) => `${match} accept`)) });
    ruleset.chains.set(egressChain(id), { rules: group.egress.flatMap((rule) => expressions(rule, 'daddr', groups).map((match) => `${match} goto to-receiver`)) });
  }
}

export const ingressChain = (id: string) => `${id}-in`;
export const egressChain = (id: string) => `${id}-out`;
const membersSet = (id: string) => `${id}-members`;

/** One nft match, or none: for IPv6, and for a group of which this host knows nothing. */
function expressions(rule: SecurityGroupRule, field: 'saddr' | 'daddr', groups: ReadonlyMap<string, DesiredSecurityGroup>): string[] {
  const who = other(rule.source, field, groups);
  const what = protocol(rule);
  return who === null || what === null ? [] : [[who, what].filter(Boolean).join(' ') || 'meta nfproto ipv4'];
}

function other(source: SecurityGroupRule['source'], field: string, groups: ReadonlyMap<string, unknown>): string | null {
  if ('groupId' in source) return groups.has(source.groupId) ? `ip ${field} @${membersSet(source.groupId)}` : null;
  if (source.cidr.includes(':')) return null;
  return source.cidr === '0.0.0.0/0' ? '' : `ip ${field} ${source.cidr}`;
}

const names: Record<string, string> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };

/** Ports count for TCP and UDP only, type and code for ICMP: any other protocol is let through whole (API reference: IpPermission). */
export function protocol({ protocol: given, fromPort = -1, toPort = -1 }: Omit<SecurityGroupRule, 'source'>): string | null {
  const name = names[given] ?? given;
  if (name === '-1') return '';
  if (name === 'icmpv6' || name === '58') return null;
  if (name === 'tcp' || name === 'udp') {
    if (fromPort === -1 || (fromPort === 0 && toPort === 65535)) return `meta l4proto ${name}`;
    return `${name} dport ${fromPort === toPort ? fromPort : `${fromPort}-${toPort}`}`;
  }
  if (name === 'icmp') {
    if (fromPort === -1) return 'meta l4proto icmp';
    return toPort === -1 ? `icmp type ${fromPort}` : `icmp type ${fromPort} icmp code ${toPort}`;
  }
  return `meta l4proto ${name}`;
}
