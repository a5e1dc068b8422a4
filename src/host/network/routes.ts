import { run } from '../../engines/command.ts';
import { batch } from './ip.ts';
import { linkName } from './names.ts';
import type { Attached } from './interfaces.ts';

/**
 * A router's routes to what an interface has beside its primary address: by that address as a gateway, so that the owner is handed the
 * packets of its pods without answering ARP for them. The route to the primary address is made, and goes, with the link.
 */
export async function keepRoutes(router: string, interfaces: ReadonlyMap<string, Attached>, standing: ReadonlySet<string>): Promise<void> {
  const wanted = new Map([...interfaces].filter(([id]) => standing.has(linkName(id))).flatMap(([id, { address, secondaryAddresses = [], prefixes = [] }]) =>
    [...secondaryAddresses, ...prefixes].map((one) => [one, { gateway: address, dev: linkName(id) }] as const)));
  const { stdout } = await run(['ip', '-n', router, '-4', '-j', 'route', 'show']);
  const found = (JSON.parse(stdout || '[]') as { dst: string; gateway?: string; dev?: string }[]).filter(({ gateway, dev }) => gateway !== undefined && dev?.startsWith('g'));
  const right = new Set(found.filter(({ dst, gateway, dev }) => wanted.get(dst)?.gateway === gateway && wanted.get(dst)?.dev === dev).map(({ dst }) => dst));
  await batch(router, [
    ...found.filter(({ dst }) => !right.has(dst)).map(({ dst, gateway, dev }) => `route delete ${dst} via ${gateway} dev ${dev}`),
    ...[...wanted].filter(([dst]) => !right.has(dst)).map(([dst, { gateway, dev }]) => `route replace ${dst} via ${gateway} dev ${dev} onlink`),
  ]);
}
