import type { AclRule, DesiredNetwork } from '../../wire/host.ts';
import { gatewayAddress } from './names.ts';
import type { Ruleset } from './nft.ts';
import { protocol } from './security-groups.ts';

/**
 * Network ACLs: what crosses the edge of a subnet, replies too, so before anything asks whether a connection is known. Within a subnet,
 * and between it and the VPC's own services, there is none.
 */
export function addAcls(ruleset: Ruleset, { subnets }: DesiredNetwork): void {
  const crossing: string[] = [];
  for (const { id, cidrBlock, acl } of subnets) {
    if (!acl) continue;
    const [into, outOf] = [`${id}-acl-in`, `${id}-acl-out`];
    ruleset.chains.set(into, { rules: [...acl.ingress.flatMap((rule) => expression(rule, 'saddr')), 'drop'] });
    ruleset.chains.set(outOf, { rules: [...acl.egress.flatMap((rule) => expression(rule, 'daddr')), 'drop'] });
    crossing.push(`ip saddr ${cidrBlock} ip daddr != ${cidrBlock} jump ${outOf}`, `ip daddr ${cidrBlock} ip saddr != ${cidrBlock} jump ${into}`);
  }
  ruleset.chains.set('acls', {
    hook: 'type filter hook forward priority filter - 10; policy accept;',
    rules: crossing.length ? [`ip daddr ${gatewayAddress} accept`, `ip saddr ${gatewayAddress} accept`, ...crossing] : [],
  });
}

/** Back to the other subnet's check where it is let through; nothing for what nft has no words for here (ICMPv6). */
function expression(rule: AclRule, field: 'saddr' | 'daddr'): string[] {
  const what = protocol(rule);
  const who = rule.cidr === '0.0.0.0/0' ? '' : `ip ${field} ${rule.cidr}`;
  return what === null ? [] : [[who, what, rule.allow ? 'return' : 'drop'].filter(Boolean).join(' ')];
}
