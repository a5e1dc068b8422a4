import type { DesiredNetwork, DesiredSecurityGroup } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';
import { hostLinks, removeHostLink } from './host-side.ts';
import { addInterface, markInterface, removeInterface, wantedAlias, type Attached } from './interfaces.ts';
import { links, type Link } from './ip.ts';
import { linkName, namespaceName, namespacePath, type Named } from './names.ts';
import { ensureNamespace, namespaceInode, removeNamespace } from './namespaces.ts';
import type { TableKeeper } from './nft.ts';
import { ensureRouter, type Router } from './router.ts';
import { keepRoutes } from './routes.ts';
import { routerRuleset } from './ruleset.ts';

/** What is wished of one VPC on this machine. */
export interface VpcWish {
  id: string;
  network: DesiredNetwork;
  /** Those whose owner is wished too. */
  interfaces: ReadonlyMap<string, Attached>;
  groups: ReadonlyMap<string, DesiredSecurityGroup>;
}

export interface VpcState {
  router: Router;
  /** Interfaces that stand with their rules in force. */
  applied: string[];
  /** What failed, by interface; the others do not wait for it. */
  failures: { id: string; error: unknown }[];
}

/** One pass over a VPC: takes away links that are not wished, makes those that are missing, then the rules, then says so in aliases. */
export async function keepVpc(installation: Installation, wish: VpcWish, onHost: ReadonlyMap<string, Link>, table: TableKeeper): Promise<VpcState> {
  const { id: vpcId, network, interfaces, groups } = wish;
  const failures: VpcState['failures'] = [];
  const attempt = async (id: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failures.push({ id, error });
    }
  };

  // Owners before the links are looked at: one made anew may have the inode of the last one, but not before that one's links are gone.
  const aliases = new Map<string, string>();
  await eachOf(interfaces, 4, ([id, one]) => attempt(id, async () => {
    await ensureNamespace(installation, one.attachment.owner);
    aliases.set(id, await wantedAlias(installation, id, one, network));
  }));
  const router = await ensureRouter(installation, vpcId, network, onHost);

  const kept = new Set([...aliases].filter(([id, alias]) => router.links.get(linkName(id))?.ifalias === alias).map(([id]) => linkName(id)));
  for (const link of interfaceLinks(router.links)) {
    if (!kept.has(link.ifname)) await removeInterface(installation, vpcId, link);
  }
  const made = new Map<string, string>();
  await eachOf(interfaces, 4, ([id, one]) => attempt(id, async () => {
    const alias = aliases.get(id);
    if (!alias || kept.has(linkName(id))) return;
    await addInterface(installation, id, one, network);
    made.set(id, alias);
  }));

  await keepRoutes(namespaceName(installation, vpcId), interfaces, new Set([...kept, ...[...made.keys()].map((id) => linkName(id))]));
  const ruleset = routerRuleset({ network, interfaces, groups, port: installation.port, linkAddress: router.linkAddress });
  await table.apply(ruleset, namespacePath(installation, vpcId), await namespaceInode(installation, vpcId));
  await eachOf(made, 4, ([id, alias]) => markInterface(installation, vpcId, id, alias));
  const applied = [...interfaces.keys()].filter((id) => made.has(id) || kept.has(linkName(id)));
  return { router, applied, failures };
}

const interfaceLinks = (all: ReadonlyMap<string, Link>) => [...all.values()].filter(({ ifname }) => /^g[0-9a-f]{14}$/.test(ifname));

/** Takes away the router and every interface of it. Succeeds on what is not there. */
export async function removeVpc(installation: Named, vpcId: string): Promise<void> {
  const router = namespaceName(installation, vpcId);
  if ((await namespaceInode(installation, vpcId)) !== null) {
    // Links first: a namespace lives on for as long as a socket is open in it.
    for (const link of interfaceLinks(await links(router))) await removeInterface(installation, vpcId, link);
  }
  const toHost = hostLinks(installation, await links(null)).get(vpcId);
  if (toHost) await removeHostLink(toHost.link);
  await removeNamespace(installation, vpcId);
}

async function eachOf<T>(items: Iterable<T>, atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
