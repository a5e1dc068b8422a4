import type { IpPermission, IpRange, UserIdGroupPair } from '@aws-sdk/client-ec2';
import type { SecurityGroupRule } from '../../../wire/host.ts';
import { invalidParameterValue } from '../errors.ts';
import type { GroupRule } from '../records.ts';
import { formatCidr, parseCidr } from './cidr.ts';

/** What identifies a rule within its group: id, description and tags aside. */
export type RuleCore = Pick<GroupRule, 'egress' | 'protocol' | 'fromPort' | 'toPort' | 'peer' | 'description'>;

const NUMBERS: Record<string, string> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6', all: '-1' };
const PORTS = new Set(['tcp', 'udp', 'icmp', 'icmpv6']);

/** One rule a peer, as EC2 counts them. Groups are by id here; names were resolved before. */
export function rulesOf(permissions: IpPermission[], egress: boolean): RuleCore[] {
  return permissions.flatMap((permission) => {
    const base = { egress, ...protocolAndPorts(permission) };
    const peers: [GroupRule['peer'], string | undefined][] = [
      ...(permission.IpRanges ?? []).map(({ CidrIp, Description }): [GroupRule['peer'], string | undefined] => [{ cidr: canonical(CidrIp ?? '') }, Description]),
      ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 = '', Description }): [GroupRule['peer'], string | undefined] => [{ cidr6: CidrIpv6 }, Description]),
      ...(permission.PrefixListIds ?? []).map(({ PrefixListId = '', Description }): [GroupRule['peer'], string | undefined] => [{ prefixListId: PrefixListId }, Description]),
      ...(permission.UserIdGroupPairs ?? []).map(({ GroupId = '', Description }): [GroupRule['peer'], string | undefined] => [{ groupId: GroupId }, Description]),
    ];
    return peers.map(([peer, description]) => ({ ...base, peer, ...(description !== undefined && { description }) }));
  });
}

function protocolAndPorts({ IpProtocol: given, FromPort: from, ToPort: to }: IpPermission): Pick<GroupRule, 'protocol' | 'fromPort' | 'toPort'> {
  const lower = (given ?? '').toLowerCase();
  const protocol = NUMBERS[lower] ?? lower;
  if (!/^(-1|tcp|udp|icmp|icmpv6|\d{1,3})$/.test(protocol)) throw invalidParameterValue(`Invalid value '${given}' for IP protocol. Unknown protocol.`);
  if (!PORTS.has(protocol)) return { protocol };
  if (protocol.startsWith('icmp')) return { protocol, fromPort: from ?? -1, toPort: to ?? -1 };
  if (from === undefined || to === undefined) throw invalidParameterValue("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
  if (from === -1 && to === -1) return { protocol, fromPort: 0, toPort: 65535 };
  if (from < 0 || to > 65535 || from > to) throw invalidParameterValue(`Invalid value 'Invalid TCP/UDP port range (${from}:${to})' for portRange.`);
  return { protocol, fromPort: from, toPort: to };
}

/** EC2 clears host bits. */
function canonical(cidr: string): string {
  const parsed = parseCidr(cidr);
  if (!parsed) throw invalidParameterValue(`CIDR block ${cidr} is malformed`);
  return formatCidr(parsed);
}

const identity = (rule: RuleCore) => JSON.stringify([rule.egress, rule.protocol, rule.fromPort ?? null, rule.toPort ?? null, rule.peer]);
export const sameRule = (a: RuleCore, b: RuleCore) => identity(a) === identity(b);

/** As the error of a duplicate puts it: `peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW`. */
export function inWords({ protocol, fromPort, toPort, peer }: RuleCore): string {
  const ports = fromPort === undefined || protocol.startsWith('icmp') ? '' : `, from port: ${fromPort}, to port: ${toPort}`;
  return `peer: ${Object.values(peer)[0]}, ${protocol === '-1' ? 'ALL' : protocol.toUpperCase()}${ports}, ALLOW`;
}

/** Rules of one direction, gathered by protocol and ports as DescribeSecurityGroups shows them. */
export function permissionsOf(rules: GroupRule[], egress: boolean, account: string): IpPermission[] {
  const byPorts = new Map<string, GroupRule[]>();
  for (const rule of rules.filter((one) => one.egress === egress)) {
    const key = `${rule.protocol}/${rule.fromPort}/${rule.toPort}`;
    byPorts.set(key, [...(byPorts.get(key) ?? []), rule]);
  }
  return [...byPorts.values()].map((together) => {
    const { protocol, fromPort, toPort } = together[0] as GroupRule;
    return {
      IpProtocol: protocol,
      ...(fromPort !== undefined && { FromPort: fromPort, ToPort: toPort }),
      IpRanges: together.flatMap(({ peer, description }): IpRange[] => ('cidr' in peer ? [{ CidrIp: peer.cidr, Description: description }] : [])),
      Ipv6Ranges: together.flatMap(({ peer, description }) => ('cidr6' in peer ? [{ CidrIpv6: peer.cidr6, Description: description }] : [])),
      PrefixListIds: together.flatMap(({ peer, description }) => ('prefixListId' in peer ? [{ PrefixListId: peer.prefixListId, Description: description }] : [])),
      UserIdGroupPairs: together.flatMap(({ peer, description }): UserIdGroupPair[] => ('groupId' in peer ? [{ GroupId: peer.groupId, UserId: account, Description: description }] : [])),
    };
  });
}

/** What the host enforces. The network is IPv4: rules of IPv6 peers and prefix lists match nothing there. */
export function enforced(rules: GroupRule[], egress: boolean): SecurityGroupRule[] {
  return rules.filter((rule) => rule.egress === egress).flatMap(({ protocol, fromPort, toPort, peer }) => {
    const source = 'cidr' in peer || 'groupId' in peer ? peer : undefined;
    return source ? [{ protocol, source, ...(fromPort !== undefined && { fromPort, toPort }) }] : [];
  });
}
