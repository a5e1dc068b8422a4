import { run } from '../../engines/command.ts';

export interface Link {
  name: string;
  mac: string;
  mtu: number;
}

/** Links of this instance, or of the namespace named so (`ip netns`). */
export async function links(namespace?: string): Promise<Link[]> {
  const { stdout } = await run(['ip', ...within(namespace), '-j', 'link', 'show']);
  return (JSON.parse(stdout) as { ifname: string; address?: string; mtu: number }[]).map(({ ifname, address, mtu }) => ({ name: ifname, mac: address ?? '', mtu }));
}

export async function linkByMac(mac: string, namespace?: string): Promise<Link | undefined> {
  return (await links(namespace)).find((link) => link.mac === mac.toLowerCase());
}

export async function deleteLink(name: string, namespace?: string): Promise<void> {
  if ((await links(namespace)).some((link) => link.name === name)) await run(['ip', ...within(namespace), 'link', 'delete', name]);
}

/** Gives a link of this instance one more address, if it has not got it. */
export async function addAddress(address: string, device: string): Promise<void> {
  await run(['ip', 'address', 'replace', address, 'dev', device]);
}

/** What is sent there is refused. */
export async function blackhole(destination: string, namespace: string): Promise<void> {
  await run(['ip', ...within(namespace), 'route', 'replace', 'blackhole', destination]);
}

const within = (namespace?: string) => (namespace ? ['-n', namespace] : []);

/** `/var/run/netns/cni-1` → `cni-1` */
export const namespaceName = (path: string) => path.slice(path.lastIndexOf('/') + 1);
