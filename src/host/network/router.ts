import type { DesiredNetwork } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';
import { nth } from './addresses.ts';
import { addHostLink, hostLinks } from './host-side.ts';
import { batch, links, sysctl, type Link } from './ip.ts';
import { metadataAddress, namespaceName, namespacePath, resolverAddress } from './names.ts';
import { ensureNamespace } from './namespaces.ts';

export interface Router {
  /** The host's end of its link, and the router's address on it. */
  link: string;
  linkAddress: string;
  /** All that is in its namespace, by name. */
  links: Map<string, Link>;
}

/** A VPC's router stands, with its link to the host, its own addresses and its routes; `onHost` are the host's links. */
export async function ensureRouter(installation: Installation, vpcId: string, network: DesiredNetwork, onHost: ReadonlyMap<string, Link>): Promise<Router> {
  let toHost = hostLinks(installation, onHost).get(vpcId);
  if (!toHost) {
    await ensureNamespace(installation, vpcId);
    await settings(installation, vpcId);
    toHost = await addHostLink(installation, vpcId, onHost);
  }
  const router = namespaceName(installation, vpcId);
  const found = await links(router);
  await keepAddresses(router, network, found.get('lo'));
  return { ...toHost, links: found };
}

/** Before the first link, which takes them over: no IPv6, and the router answers ARP for every address behind another of its links. */
const settings = (installation: Installation, vpcId: string) => sysctl(namespacePath(installation, vpcId), {
  'net.ipv4.ip_forward': 1,
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.default.rp_filter': 0,
  'net.ipv4.conf.all.send_redirects': 0,
  'net.ipv4.conf.default.send_redirects': 0,
  'net.ipv4.conf.default.accept_redirects': 0,
  'net.ipv4.conf.default.proxy_arp': 1,
  'net.ipv6.conf.all.disable_ipv6': 1,
  'net.ipv6.conf.default.disable_ipv6': 1,
});

/** On its loopback: the VPC's services and each subnet's gateway. What nobody has in the VPC is unreachable, never sent outside. */
async function keepAddresses(router: string, { cidrBlocks, subnets }: DesiredNetwork, loopback: Link | undefined): Promise<void> {
  const wanted = new Set([
    metadataAddress, resolverAddress, ...cidrBlocks.map((cidr) => nth(cidr, 2)), ...subnets.map(({ cidrBlock }) => nth(cidrBlock, 1)),
  ]);
  const standing = new Set(loopback?.addr_info.map(({ local }) => local).filter((address) => address !== '127.0.0.1'));
  const missing = [...wanted].filter((address) => !standing.has(address));
  await batch(router, [
    ...[...standing].filter((address) => !wanted.has(address)).map((address) => `address delete ${address}/32 dev lo`),
    // Before the addresses: they are what tells that all of this was done.
    ...(missing.length > 0 ? cidrBlocks.map((cidr) => `route replace unreachable ${cidr} metric 4096`) : []),
    ...missing.map((address) => `address add ${address}/32 dev lo`),
  ]);
}
