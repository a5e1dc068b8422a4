/**
 * Names. In every VPC a resolver at 169.254.169.253 and at the VPC's base + 2, as AWS's: it knows what Gantry gave out, the gateway's
 * names, and the private names of addresses; the rest of the world it asks the host's resolvers. On the host the same names (without
 * those of one VPC only) are a marked block of /etc/hosts. The resolver ends with the agent and is back with it; the block stays.
 *
 * Not here yet: AAAA, Route 53's private hosted zones, DNS firewall, the VPC attributes enableDnsSupport and enableDnsHostnames.
 */
import type dgram from 'node:dgram';
import type net from 'node:net';
import type { DesiredNetwork } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';
import { issuerAddress, issuerName } from '../../wire/issuer.ts';
import type { Desired, MakePart, Teardown } from '../part.ts';
import { nth } from '../network/addresses.ts';
import { namespacePath, resolverAddress } from '../network/names.ts';
import { namespaceInode } from '../network/namespaces.ts';
import { closeAll, openIn } from '../network/listen.ts';
import { hostResolvers } from './forward.ts';
import { writeHostsBlock } from './hosts-file.ts';
import { serveTcp, serveUdp, type Resolver } from './server.ts';
import { gatewayNames } from './zone.ts';

/** The pause before a VPC without its router is looked at again. */
const retryMs = 200;

const resolverAddresses = ({ cidrBlocks }: DesiredNetwork) => [resolverAddress, ...cidrBlocks.map((cidr) => nth(cidr, 2))];

export const makeDnsPart: MakePart = (host, wake) => {
  const { installation } = host;
  /** What is open, by VPC; `key` tells the namespace and the addresses that it is open on. */
  const open = new Map<string, { key: string; sockets: (net.Server | dgram.Socket)[] }>();
  let latest: Desired | null = null;

  const close = async (vpcId: string) => {
    const { sockets } = open.get(vpcId) ?? { sockets: [] };
    open.delete(vpcId);
    await closeAll(sockets);
  };

  async function serve(vpcId: string, network: DesiredNetwork): Promise<void> {
    const addresses = resolverAddresses(network);
    const key = [await namespaceInode(installation, vpcId), ...addresses].join(' ');
    if (open.get(vpcId)?.key === key) return;
    await close(vpcId);
    const resolver: Resolver = {
      zone: () => {
        const wished = latest?.network.get(vpcId);
        return latest && wished ? { installation, vpcId, cidrBlocks: wished.cidrBlocks, names: latest.name } : null;
      },
      upstream: () => hostResolvers(),
    };
    const endpoints = addresses.flatMap((address) => (['udp', 'tcp'] as const).map((protocol) => ({ protocol, address, port: 53 })));
    const sockets = await openIn(namespacePath(installation, vpcId), endpoints, (socket) => {
      if ('listen' in socket) serveTcp(socket, resolver);
      else serveUdp(socket, resolver);
    });
    open.set(vpcId, { key, sockets });
  }

  return {
    name: 'dns',
    async reconcile(desired) {
      latest = desired;
      await writeHostsBlock(installation.name, hostEntries(desired, installation));
      for (const vpcId of open.keys()) if (!desired.network.has(vpcId)) await close(vpcId);
      const failures: unknown[] = [];
      for (const [vpcId, network] of desired.network) {
        // The router comes from the network's part: until then there is nothing to serve.
        if ((await namespaceInode(installation, vpcId)) === null) setTimeout(wake, retryMs).unref();
        else await serve(vpcId, network).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
    },
  };
};

const hostEntries = (desired: Desired, installation: Installation) => [
  ...gatewayNames(installation).map((name) => ({ address: name === issuerName(installation) ? issuerAddress(installation) : '127.0.0.1', name })),
  ...[...desired.name].filter(([, { networkId }]) => networkId === undefined).flatMap(([name, { addresses }]) => addresses.map((address) => ({ address, name }))),
];

export const teardownDns: Teardown = ({ name }) => writeHostsBlock(name, []);
