import type { AcsNetworkInterface } from '../../wire/acs.ts';
import { LEASES } from './bridge.ts';
import { cniAdd, cniDel, type CniCall, type CniConfig } from './cni.ts';
import { deleteLink, linkByMac, namespaceName } from './links.ts';

/**
 * The network of a task in awsvpc mode, laid out as AWS's agent does it: the task's ENI is `eth0` and has the default route; a link to
 * the bridge `ecs-bridge` (169.254.172.0/22) leads to the task metadata endpoint at 169.254.170.2 and nowhere else.
 *
 * The runtime can make a sandbox of one kind only, so that it has made one on Docker's bridge first: that link is taken out again.
 * Its plugins' DEL, when the sandbox stops, finds no such link and frees the address. The ENI must be out before: a namespace that
 * goes takes its veths with it.
 */
const ENI = 'eth0';
const ENDPOINT = 'ecs-eth0';

export interface AwsvpcSandbox {
  id: string;
  /** `/var/run/netns/cni-…` */
  netns: string;
  binDir: string;
}

const endpointNetwork: CniConfig = {
  name: 'ecs-bridge',
  type: 'bridge',
  bridge: 'ecs-bridge',
  isGateway: true,
  portIsolation: true,
  ipam: { type: 'host-local', dataDir: LEASES, ranges: [[{ subnet: '169.254.172.0/22' }]], routes: [{ dst: '169.254.170.2/32' }] },
};

function eniNetwork(eni: AcsNetworkInterface): CniConfig {
  const [gateway, prefix] = eni.subnetGatewayIpv4Address.split('/');
  return {
    name: 'ecs-eni',
    type: 'host-device',
    hwaddr: eni.macAddress.toLowerCase(),
    ipam: {
      type: 'static',
      addresses: eni.ipv4Addresses.map(({ privateAddress, primary }) => ({ address: `${privateAddress}/${prefix}`, ...(primary ? { gateway } : {}) })),
      routes: [{ dst: '0.0.0.0/0', gw: gateway }],
    },
  };
}

/** Does nothing where it was done. */
export async function moveInterfaceIn(sandbox: AwsvpcSandbox, eni: AcsNetworkInterface): Promise<void> {
  const namespace = namespaceName(sandbox.netns);
  if (await linkByMac(eni.macAddress, namespace)) return;
  await deleteLink(ENI, namespace);
  await cniDel(call(sandbox, ENDPOINT), endpointNetwork);
  await cniAdd(call(sandbox, ENDPOINT), endpointNetwork);
  await cniAdd(call(sandbox, ENI), eniNetwork(eni));
}

export async function moveInterfaceOut(sandbox: AwsvpcSandbox, eni: AcsNetworkInterface): Promise<void> {
  const namespace = namespaceName(sandbox.netns);
  if (await linkByMac(eni.macAddress, namespace).catch(() => undefined)) await cniDel(call(sandbox, ENI), eniNetwork(eni));
  await cniDel(call(sandbox, ENDPOINT), endpointNetwork);
}

/** Network mode `none`: loopback alone. */
export const isolate = (netns: string) => deleteLink(ENI, namespaceName(netns));

const call = (sandbox: AwsvpcSandbox, interfaceName: string): CniCall => ({
  binDir: sandbox.binDir,
  // The runtime's own network has the sandbox's id at host-local already; ours are other networks, so that the id may serve again.
  containerId: sandbox.id,
  netns: sandbox.netns,
  interfaceName,
});
