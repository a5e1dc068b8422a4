import type { AclRule, DesiredNetwork } from '../../../wire/host.ts';
import type { AclEntry, NetworkAcl, Subnet } from '../records.ts';

/** Network ACLs: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html */
export type Peer = AclEntry['peer'];

const EVERYTHING: AclEntry[] = [false, true].map((egress) => ({ egress, ruleNumber: 100, allow: true, protocol: '-1', peer: { cidr: '0.0.0.0/0' } }));

/** In order of direction and number. */
export const entriesOf = ({ entries = EVERYTHING }: NetworkAcl): AclEntry[] => entries.toSorted((a, b) => Number(a.egress) - Number(b.egress) || a.ruleNumber - b.ruleNumber);

export const associationOf = ({ id, networkAcl }: Subnet): string => networkAcl?.associationId ?? `aclassoc-${id.slice('subnet-'.length)}`;

/** Whether the subnet, of whichever VPC, is one of the ACL's. */
export const isUnder = (subnet: Subnet, acl: NetworkAcl): boolean => (subnet.networkAcl ? subnet.networkAcl.id === acl.id : acl.isDefault && acl.vpcId === subnet.vpcId);

/** What a host is to check; nothing where everything passes. */
export function enforcedAcl(acl: NetworkAcl): DesiredNetwork['subnets'][number]['acl'] {
  const [ingress, egress] = [false, true].map((direction) => entriesOf(acl).filter(({ egress: is }) => is === direction).flatMap(ruleOf));
  const open = ([first]: AclRule[] = []) => first?.allow === true && first.protocol === '-1' && first.cidr === '0.0.0.0/0';
  return open(ingress) && open(egress) ? undefined : { ingress: ingress ?? [], egress: egress ?? [] };
}

/** None for IPv6, which no VPC here has. ICMPv6 of an IPv4 block is all of ICMP there. */
function ruleOf({ allow, protocol, peer, fromPort, toPort }: AclEntry): AclRule[] {
  if (!('cidr' in peer)) return [];
  return [{ allow, protocol: protocol === '58' ? '1' : protocol, cidr: peer.cidr, ...(fromPort !== undefined && { fromPort }), ...(toPort !== undefined && { toPort }) }];
}
