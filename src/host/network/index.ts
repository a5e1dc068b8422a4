/**
 * The network of one machine. A VPC is a router (a network namespace); an ENI is a routed veth from it into the namespace of its
 * instance or balancer; security groups and public addresses are the router's nftables rules; the outside and the gateway are reached
 * by a link to the host. All of it is found again by names and by links' aliases: no file is kept, and it lives on without the agent.
 *
 * Not here yet: IPv6, route tables other than "to the internet gateway, a NAT gateway, or neither", peering, other hosts.
 */
import type { DesiredInterface } from '../../wire/host.ts';
import type { Desired, MakePart } from '../part.ts';
import { passFirewall } from './firewall.ts';
import { hostLinks, hostRuleset, routePublic } from './host-side.ts';
import type { Attached } from './interfaces.ts';
import { keepForwarding } from './forwarding.ts';
import { links } from './ip.ts';
import { hostTable, linkName, namespaceName, routerTable, type Named } from './names.ts';
import { namespaceIds, namespaceInode } from './namespaces.ts';
import { keepTable, type TableKeeper } from './nft.ts';
import { keepVpc, removeVpc, type VpcWish } from './vpc.ts';

export { namespaceName, namespacePath } from './names.ts';
export { ensureNamespace, removeNamespace } from './namespaces.ts';
export { teardownNetwork } from './teardown.ts';

/** How often tables are compared with what they were left as. */
const verifyEveryMs = 30_000;

/** Was the interface put into its owner's namespace, as that stands now, with its rules in force? It may have been moved on since. */
export async function interfaceReady(installation: Named, id: string, { networkId, attachment }: DesiredInterface): Promise<boolean> {
  if (!attachment) return false;
  const inode = await namespaceInode(installation, attachment.owner);
  if (inode === null || (await namespaceInode(installation, networkId)) === null) return false;
  const alias = (await links(namespaceName(installation, networkId))).get(linkName(id))?.ifalias;
  return alias?.startsWith(`${id} ${attachment.owner}:${attachment.device}:${inode} `) ?? false;
}

export const makeNetworkPart: MakePart = (host) => {
  const { installation } = host;
  const hostRules = keepTable(hostTable(installation));
  const routerRules = new Map<string, TableKeeper>();
  /** What was last reported: interface → its VPC. */
  let reported = new Map<string, string>();
  let verifiedAt = Date.now();

  async function removeUnwished(desired: Desired): Promise<void> {
    for (const id of await namespaceIds(installation)) {
      if (!id.startsWith('vpc-') || desired.network.has(id)) continue;
      await removeVpc(installation, id);
      routerRules.delete(id);
      host.report('network', id, null);
    }
  }

  function rulesOf(vpcId: string): TableKeeper {
    const table = routerRules.get(vpcId) ?? keepTable(routerTable);
    routerRules.set(vpcId, table);
    return table;
  }

  async function verify(): Promise<void> {
    if (Date.now() - verifiedAt < verifyEveryMs) return;
    for (const table of [hostRules, ...routerRules.values()]) await table.verify();
    verifiedAt = Date.now();
  }

  return {
    name: 'network',
    async reconcile(desired) {
      const failures: { id: string; error: unknown }[] = [];
      await keepForwarding();
      await passFirewall(installation);
      await verify();
      await removeUnwished(desired);

      const onHost = await links(null);
      const routers = hostLinks(installation, onHost);
      const applied = new Map<string, string>();
      // One by one: two VPCs must not choose the same address for their links.
      for (const wish of vpcs(desired)) {
        try {
          const state = await keepVpc(installation, wish, onHost, rulesOf(wish.id));
          routers.set(wish.id, state.router);
          for (const id of state.applied) applied.set(id, wish.id);
          failures.push(...state.failures);
          host.report('network', wish.id, { applied: true });
        } catch (error) {
          failures.push({ id: wish.id, error });
          for (const [id, vpcId] of reported) if (vpcId === wish.id) applied.set(id, vpcId);
        }
      }
      await hostRules.apply(hostRuleset(installation, [...routers.values()].map(({ link }) => link)), null, null);
      await routePublic(installation, publicRoutes(desired), routers);

      for (const id of applied.keys()) if (!reported.has(id)) host.report('interface', id, { applied: true });
      for (const id of reported.keys()) if (!applied.has(id)) host.report('interface', id, null);
      reported = applied;
      if (failures.length > 0) throw new AggregateError(failures.map(({ error }) => error), failures.map(({ id, error }) => `${id}: ${String(error)}`).join('; '));
    },
  };
};

function vpcs(desired: Desired): VpcWish[] {
  return [...desired.network].map(([id, network]) => ({
    id,
    network,
    interfaces: new Map([...attached(desired)].filter(([, { networkId }]) => networkId === id)),
    groups: new Map([...desired.securityGroup].filter(([, { networkId }]) => networkId === id)),
  }));
}

/** Those with a wished owner: nothing is made for one that is going away. */
const attached = (desired: Desired): Map<string, Attached> => new Map([...desired.interface].flatMap(([id, wish]) => {
  const { attachment } = wish;
  const wished = attachment && (desired.instance.has(attachment.owner) || desired.balancer.has(attachment.owner));
  return wished ? [[id, { ...wish, attachment }] as const] : [];
}));

/** Public address → the VPC whose router it leads to; none without an internet gateway, unless it is the provider's edge. */
const publicRoutes = (desired: Desired): Map<string, string> => new Map([...interfaceRoutes(desired), ...natRoutes(desired)]);

const natRoutes = (desired: Desired) => [...desired.network].flatMap(([id, { subnets }]) => subnets.flatMap(({ natAddress }) => (natAddress === undefined ? [] : [[natAddress, id] as const])));

const interfaceRoutes = (desired: Desired) => [...attached(desired).values()].flatMap(({ publicAddress, atEdge, networkId, subnetId }) => {
  const internet = atEdge ?? desired.network.get(networkId)?.subnets.some(({ id, internet }) => id === subnetId && internet);
  return publicAddress && internet ? [[publicAddress, networkId] as const] : [];
});

