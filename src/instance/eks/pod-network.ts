import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../../engines/command.ts';
import type { NodeFacts } from './facts.ts';

/**
 * Pods have addresses of the VPC out of the prefixes of the node's interface, as with the VPC CNI in prefix delegation. Here the
 * standard plugins do it: a link a pod (ptp), addresses by host-local, host ports by portmap. The node's own address is the pods'
 * gateway, so that every address of a prefix is a pod's.
 */
export const cniConfiguration = ({ address, subnetCidr }: NodeFacts, prefixes: readonly string[]) => ({
  cniVersion: '1.0.0', name: 'aws-cni',
  plugins: [
    {
      type: 'ptp', ipMasq: false,
      ipam: {
        type: 'host-local', dataDir: '/run/cni-ipam-state', routes: [{ dst: '0.0.0.0/0' }],
        ranges: [prefixes.map((prefix) => ({ subnet: subnetCidr, ...ends(prefix), gateway: address }))],
      },
    },
    // Not told which, it runs iptables for each pod to find out whether it is there.
    { type: 'portmap', backend: 'iptables', capabilities: { portMappings: true }, snat: true },
  ],
});

function ends(prefix: string): { rangeStart: string; rangeEnd: string } {
  const [start = '', length = '28'] = prefix.split('/');
  const bytes = start.split('.').map(Number);
  return { rangeStart: start, rangeEnd: [...bytes.slice(0, 3), bytes[3]! + 2 ** (32 - Number(length)) - 1].join('.') };
}

export async function writeCni(facts: NodeFacts, prefixes: readonly string[]): Promise<void> {
  const path = '/etc/cni/net.d/10-aws.conflist';
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(cniConfiguration(facts, prefixes), null, 2));
  await rename(`${path}.new`, path);
}

/** What pods send out of the VPC bears the node's address (AWS_VPC_K8S_CNI_EXTERNALSNAT=false): only that has a public one. */
export async function masquerade({ address, vpcCidrs }: NodeFacts): Promise<void> {
  const chain = 'AWS-SNAT-CHAIN-0';
  const nat = ['iptables', '--wait', '-t', 'nat'];
  await run([...nat, '-N', chain]).catch(() => {});
  await run([...nat, '-F', chain]);
  for (const cidr of vpcCidrs) await run([...nat, '-A', chain, '-d', cidr, '-j', 'RETURN']);
  await run([...nat, '-A', chain, '-m', 'addrtype', '!', '--dst-type', 'LOCAL', '-j', 'SNAT', '--to-source', address, '--random-fully']);
  const jump = ['POSTROUTING', '-m', 'comment', '--comment', 'AWS SNAT CHAIN', '-j', chain];
  await run([...nat, '-C', ...jump]).catch(() => run([...nat, '-A', ...jump]));
}

/**
 * An address of the service range that no Service has (or not on that port) leads nowhere, as in a VPC, which has no route to it. Here it
 * would leave by the machine's own network, where somebody may answer. kube-proxy's translation comes first: what it knows never gets here.
 */
export async function dropUnknownServices(serviceCidr: string): Promise<void> {
  for (const chain of ['FORWARD', 'OUTPUT']) {
    const rule = [chain, '-d', serviceCidr, '-m', 'comment', '--comment', 'no such service', '-j', 'DROP'];
    await run(['iptables', '--wait', '-C', ...rule]).catch(() => run(['iptables', '--wait', '-A', ...rule]));
  }
}
