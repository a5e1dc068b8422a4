/**
 * The instance metadata service: a listener at 169.254.169.254:80 in each VPC's router. Who asks is known by the VPC and the address
 * from which the question comes; the network's part lets nobody send from an address that is not his. The
 * listeners end with the agent and are back with it; nothing is left to be torn down.
 */
import { createServer, type Server } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredInterface } from '../../wire/host.ts';
import { contains } from '../network/addresses.ts';
import { listenIn } from '../network/listen.ts';
import { metadataAddress, namespacePath } from '../network/names.ts';
import { namespaceInode } from '../network/namespaces.ts';
import type { Desired, Part } from '../part.ts';
import type { MetadataHost } from '../parts.ts';
import { credentialsCache } from './credentials.ts';
import { fail, serve } from './serve.ts';
import { openTokens } from './tokens.ts';
import type { Subject } from './tree.ts';

/** A pod's address is its node's. */
const owns = ({ address: own, secondaryAddresses = [], prefixes = [] }: DesiredInterface, address: string) =>
  own === address || secondaryAddresses.includes(address) || prefixes.some((prefix) => contains(prefix, address));

/** The pause before a VPC without its router is looked at again. */
const retryMs = 200;

export function makeMetadataPart(host: MetadataHost, wake: () => void): Part {
  const { installation } = host;
  const dir = join(host.stateDir, 'metadata');
  const cache = credentialsCache(join(dir, 'credentials'), host.credentials);
  const tokens = mkdir(dir, { recursive: true, mode: 0o700 }).then(() => openTokens(join(dir, 'token.key')));
  tokens.catch(() => {});
  /** By VPC, with the namespace in which it is open. */
  const servers = new Map<string, { inode: number; server: Server }>();
  let latest: Desired | undefined;

  function open(networkId: string): Server {
    return createServer((request, response) => {
      const subject = latest && subjectAt(latest, networkId, request.socket.remoteAddress ?? '');
      tokens.then((known) => serve(request, response, subject, known)).catch((error: unknown) => {
        host.log('metadata: a request failed', { instance: subject?.id, path: request.url, error: String(error) });
        if (!response.headersSent) fail(response, 500);
      });
    });
  }

  function subjectAt(desired: Desired, networkId: string, address: string): Subject | undefined {
    const owner = [...desired.interface.values()].find((one) => one.networkId === networkId && owns(one, address))?.attachment?.owner ?? '';
    const instance = desired.instance.get(owner);
    if (!instance) return undefined;
    const interfaces = instance.interfaceIds.flatMap((id) => (desired.interface.has(id) ? [{ ...desired.interface.get(id)!, id }] : []));
    const role = instance.metadata.instanceProfile?.roleName;
    const credentials = async () => {
      const found = role === undefined ? undefined : await cache.get(owner, role);
      return found && JSON.stringify(found, null, 2);
    };
    return { installation, id: owner, instance, interfaces, networks: desired.network, credentials };
  }

  function close(networkId: string): void {
    const { server } = servers.get(networkId) ?? {};
    servers.delete(networkId);
    server?.close();
    server?.closeAllConnections();
  }

  async function keep(networkId: string): Promise<void> {
    const inode = await namespaceInode(installation, networkId);
    if (inode === null) return void setTimeout(wake, retryMs).unref();
    if (servers.get(networkId)?.inode === inode) return;
    close(networkId);
    servers.set(networkId, { inode, server: await listenIn(namespacePath(installation, networkId), metadataAddress, 80, open(networkId)) });
  }

  return {
    name: 'metadata',
    async reconcile(desired) {
      latest = desired;
      for (const networkId of servers.keys()) if (!desired.network.has(networkId)) close(networkId);
      const results = await Promise.allSettled([...desired.network.keys()].map(keep));
      const roles = [...desired.instance].flatMap(([id, { metadata }]) => (metadata.instanceProfile ? [[id, metadata.instanceProfile.roleName] as const] : []));
      await cache.upkeep(new Map(roles));
      const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
      if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join('; '));
    },
  };
}
