import { createHash } from 'node:crypto';
import type { Installation } from '../../wire/installation.ts';
import { issuerAddress } from '../../wire/issuer.ts';
import { run } from '../../engines/command.ts';
import { nth } from './addresses.ts';
import { batch, links, sysctl, type Link } from './ip.ts';
import { gatewayAddress, hostLinkName, namespaceName, uplink, type Named } from './names.ts';
import { newRuleset, type Ruleset } from './nft.ts';

/**
 * The host's half: a veth to each router, routes of public addresses to it, and a table that lets VPCs reach the gateway on
 * 127.0.0.1 and the outside, and nothing else of the host. The host speaks to VPCs as the first address of the public CIDR, which is
 * never given out; each router has an address of 169.254.0.0/17 of its own, by which the host tells VPCs with equal addresses apart.
 */

const mark = (installation: Named) => `gantry ${installation.name} `;

/** The VPCs to which a link stands, wholly set up, with the router's address on it. */
export function hostLinks(installation: Named, found: ReadonlyMap<string, Link>): Map<string, { link: string; linkAddress: string }> {
  const prefix = mark(installation);
  return new Map([...found.values()].flatMap(({ ifname, ifalias }) => {
    const [vpcId, linkAddress] = ifalias?.startsWith(prefix) ? ifalias.slice(prefix.length).split(' ') : [];
    return vpcId && linkAddress ? [[vpcId, { link: ifname, linkAddress }] as const] : [];
  }));
}

/** Makes the link of one VPC; its alias is set last, so that a link without it is known as half made. */
export async function addHostLink(installation: Installation, vpcId: string, found: ReadonlyMap<string, Link>): Promise<{ link: string; linkAddress: string }> {
  const link = hostLinkName(installation, vpcId);
  const router = namespaceName(installation, vpcId);
  const base = nth(installation.publicCidr, 0);
  const linkAddress = freeLinkAddress(`${installation.name} ${vpcId}`, found);
  if (found.has(link)) await batch(null, [`link delete ${link}`]);
  await batch(null, [`link add ${link} type veth peer name ${uplink} netns ${router}`]);
  // route_localnet: packets from this one link may be sent on to 127.0.0.1; the table below says which.
  await sysctl(null, { [`net.ipv4.conf.${link}.route_localnet`]: 1, [`net.ipv4.conf.${link}.send_redirects`]: 0, [`net.ipv6.conf.${link}.disable_ipv6`]: 1 });
  await batch(router, [
    `address add ${linkAddress}/32 peer ${base}/32 dev ${uplink}`,
    `link set ${uplink} up`,
    `route replace default via ${base} dev ${uplink} onlink`,
  ]);
  await batch(null, [`address add ${base}/32 peer ${linkAddress}/32 dev ${link}`, `link set ${link} up`]);
  await run(['ip', 'link', 'set', 'dev', link, 'alias', `${mark(installation)}${vpcId} ${linkAddress}`]);
  return { link, linkAddress };
}

/** The same one for a VPC at every time, unless something on this machine has it. */
function freeLinkAddress(of: string, found: ReadonlyMap<string, Link>): string {
  const taken = new Set([...found.values()].flatMap((link) => link.addr_info.flatMap(({ local, address }) => [local, address])));
  const start = createHash('sha256').update(of).digest().readUInt16BE(0) % 32768;
  for (let step = 0; step < 32768; step++) {
    const address = nth('169.254.0.0/17', (start + step) % 32768);
    if (!taken.has(address)) return address;
  }
  throw new Error('no free address in 169.254.0.0/17 for the link of a VPC');
}

/** `routes`: public address → VPC. Adds and takes away what differs on our links. */
export async function routePublic(installation: Installation, routes: ReadonlyMap<string, string>, standing: ReadonlyMap<string, { link: string; linkAddress: string }>): Promise<void> {
  const { stdout } = await run(['ip', '-4', '-j', 'route', 'show']);
  const ours = new Map([...standing.values()].map(({ link, linkAddress }) => [link, linkAddress]));
  const now = new Map((JSON.parse(stdout || '[]') as { dst: string; dev?: string }[]).flatMap(({ dst, dev }) => (dev && ours.has(dev) && dst !== ours.get(dev) ? [[dst, dev] as const] : [])));
  const wanted = new Map([...routes].flatMap(([address, vpcId]) => {
    const link = standing.get(vpcId);
    return link ? [[address, link] as const] : [];
  }));
  await batch(null, [
    ...[...now].filter(([address, link]) => wanted.get(address)?.link !== link).map(([address, link]) => `route delete ${address} dev ${link}`),
    ...[...wanted].filter(([address, { link }]) => now.get(address) !== link)
      .map(([address, { link, linkAddress }]) => `route replace ${address} via ${linkAddress} dev ${link} src ${nth(installation.publicCidr, 0)}`),
  ]);
}

export function hostRuleset(installation: Installation, hostLinkNames: string[]): Ruleset {
  const { port, publicCidr } = installation;
  const issuer = issuerAddress(installation);
  const ruleset = newRuleset();
  ruleset.sets.set('links', { kind: 'set', type: 'ifname', elements: new Map(hostLinkNames.map((link) => [`"${link}"`, ''])) });
  const chain = (name: string, hook: string, ...rules: string[]) => ruleset.chains.set(name, { hook, rules });
  chain('no-loopback', 'type filter hook prerouting priority raw; policy accept;', 'iifname @links ip daddr 127.0.0.0/8 drop');
  chain('to-gateway', 'type nat hook prerouting priority dstnat; policy accept;',
    `iifname @links ip daddr ${gatewayAddress} tcp dport ${port} dnat ip to 127.0.0.1:${port}`,
    `iifname @links ip daddr ${gatewayAddress} tcp dport 443 dnat ip to ${issuer}:${port}`);
  chain('to-issuer', 'type nat hook output priority -100; policy accept;', `ip daddr ${issuer} tcp dport 443 dnat ip to ${issuer}:${port}`);
  chain('to-outside', 'type nat hook postrouting priority srcnat; policy accept;', `oifname != @links ip saddr ${publicCidr} masquerade`);
  chain('input', 'type filter hook input priority filter; policy accept;',
    'iifname @links ct state established,related accept',
    `iifname @links ct status dnat ip daddr { 127.0.0.1, ${issuer} } tcp dport ${port} accept`,
    'iifname @links drop');
  // A public address that nobody has leads nowhere, rather than out of this machine.
  for (const hook of ['output', 'forward']) {
    chain(`nobody-${hook}`, `type filter hook ${hook} priority filter; policy accept;`, `oifname != @links oifname != "lo" ip daddr ${publicCidr} reject with icmp host-unreachable`);
  }
  // The way out may be narrower than a VPC's links: TCP is told, where a router on the way drops ICMP.
  chain('segment-size', 'type filter hook forward priority mangle; policy accept;',
    'oifname @links tcp flags syn tcp option maxseg size set rt mtu', 'iifname @links tcp flags syn tcp option maxseg size set rt mtu');
  return ruleset;
}

export async function removeHostLink(link: string): Promise<void> {
  await batch(null, [`link delete ${link}`]);
}

/** Every link that carries the installation's name. */
export const installationLinks = async (installation: Named) => hostLinks(installation, await links(null));
