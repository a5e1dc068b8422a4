import type { DesiredInterface, DesiredNetwork } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';
import { CommandError, run } from '../../engines/command.ts';
import { nth, parseCidr } from './addresses.ts';
import { batch, type Link } from './ip.ts';
import { linkName, namespaceName, type Named } from './names.ts';
import { namespaceInode } from './namespaces.ts';

/**
 * An ENI is a veth: the router's end is named after the ENI, the owner's end is `eth0` and on. The router's end lives exactly as long
 * as the other one, wherever that has been moved (the ECS agent puts a task's interface into the task's own namespace): while it
 * stands with the right alias, the owner's end is left alone. The alias is set last, when the rules are in force too.
 */
export interface Attached extends DesiredInterface {
  attachment: { owner: string; device: string };
}

/** `inode`: of the owner's namespace; another one means that the owner was made anew and the old link is of no use. */
export const aliasOf = (id: string, { attachment, address, mac }: Attached, prefix: number, inode: number) =>
  `${id} ${attachment.owner}:${attachment.device}:${inode} ${address}/${prefix} ${mac}`;

const prefixOf = (network: DesiredNetwork, subnetId: string): { cidr: string; prefix: number } => {
  const subnet = network.subnets.find(({ id }) => id === subnetId);
  if (!subnet) throw new Error(`its subnet ${subnetId} is not one of its network's`);
  return { cidr: subnet.cidrBlock, prefix: parseCidr(subnet.cidrBlock).prefix };
};

export async function wantedAlias(installation: Named, id: string, wish: Attached, network: DesiredNetwork): Promise<string> {
  const inode = await namespaceInode(installation, wish.attachment.owner);
  return aliasOf(id, wish, prefixOf(network, wish.subnetId).prefix, inode ?? 0);
}

/** Makes both ends; until the router's rules know the link, nothing passes it. */
export async function addInterface(installation: Installation, id: string, wish: Attached, network: DesiredNetwork): Promise<void> {
  const { cidr, prefix } = prefixOf(network, wish.subnetId);
  const { owner, device } = wish.attachment;
  const link = linkName(id);
  const ownerNamespace = namespaceName(installation, owner);
  await batch(namespaceName(installation, wish.networkId), [
    `link add ${link} type veth peer name ${device} address ${wish.mac} netns ${ownerNamespace}`,
    // ARP by proxy would wait up to 0.8 s (proxy_delay): for who asks, the router is the only one who could answer.
    `ntable change name arp_cache dev ${link} proxy_delay 0`,
    `link set ${link} up`,
    `route replace ${wish.address}/32 dev ${link}`,
  ]);
  await removeRule(ownerNamespace, device);
  await batch(ownerNamespace, ownerCommands(wish.address, prefix, nth(cidr, 1), device));
}

const deviceIndex = (device: string) => Number(/\d+$/.exec(device)?.[0] ?? 0);
const ruleOf = (index: number) => ({ table: 100 + index, priority: 1000 + index });

/** The first device has the default route; what has a further one's address as its source goes out by that device. */
function ownerCommands(address: string, prefix: number, gateway: string, device: string): string[] {
  const index = deviceIndex(device);
  if (index === 0) {
    return [`address add ${address}/${prefix} broadcast + dev ${device}`, `link set ${device} up`, `route replace default via ${gateway} dev ${device}`];
  }
  const { table, priority } = ruleOf(index);
  return [
    // Without a route to its subnet: the first device's way, through the router, leads there too.
    `address add ${address}/${prefix} broadcast + dev ${device} noprefixroute`,
    `link set ${device} up`,
    `route replace default via ${gateway} dev ${device} onlink table ${table}`,
    `rule add from ${address} lookup ${table} priority ${priority}`,
  ];
}

export async function markInterface(installation: Named, vpcId: string, id: string, alias: string): Promise<void> {
  await run(['ip', '-n', namespaceName(installation, vpcId), 'link', 'set', 'dev', linkName(id), 'alias', alias]);
}

/** Deletes a link by the router's end, and with it the other one wherever it is; then the owner's rule for it. */
export async function removeInterface(installation: Named, vpcId: string, { ifname, ifalias }: Link): Promise<void> {
  await batch(namespaceName(installation, vpcId), [`link delete ${ifname}`]).catch((error: unknown) => {
    // It went with its owner's namespace, which the kernel takes apart in its own time.
    if (!(error instanceof CommandError && error.stderr.includes('Cannot find device'))) throw error;
  });
  const [owner, device] = ifalias?.split(' ')[1]?.split(':') ?? [];
  if (owner && device && (await namespaceInode(installation, owner)) !== null) await removeRule(namespaceName(installation, owner), device);
}

/** A rule outlives its device; there may be none. */
async function removeRule(namespace: string, device: string): Promise<void> {
  const index = deviceIndex(device);
  if (index > 0) await batch(namespace, [`rule delete priority ${ruleOf(index).priority}`]).catch(() => {});
}
