import { run } from '../../engines/command.ts';
import type { Installation } from '../../wire/installation.ts';
import type { Named } from './names.ts';

/**
 * The host's own firewall, where something on it keeps one by iptables: Docker's and ufw's drop what is forwarded unless a rule accepts it, so that
 * VPCs were cut from the outside, and ufw's from the gateway. Nothing is written where nobody filters. What comes in is as filtered as before:
 * our own table says what VPCs may reach on the host.
 * https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-on-a-router
 */

const comment = ({ name }: Named) => `-m comment --comment "gantry ${name}"`;
const iptables = (...argv: string[]) => run(['iptables', '--wait', ...argv]);

/** As `iptables --list-rules` writes them. What a VPC sends has a public address by the time that the host sees it. */
const wishes = (installation: Installation) => [
  { chain: 'INPUT', rule: `-d 127.0.0.1/32 -p tcp -m tcp --dport ${installation.port} -m conntrack --ctstate DNAT ${comment(installation)} -j ACCEPT` },
  { chain: 'FORWARD', rule: `-d ${installation.publicCidr} -m conntrack --ctstate RELATED,ESTABLISHED ${comment(installation)} -j ACCEPT` },
  { chain: 'FORWARD', rule: `-s ${installation.publicCidr} ${comment(installation)} -j ACCEPT` },
];

/** Lets VPCs through the chains in which someone else filters. */
export async function passFirewall(installation: Installation): Promise<void> {
  const listed = await rules();
  for (const { chain, rule } of wishes(installation)) {
    if (filters(listed, chain) && !listed.includes(`-A ${chain} ${rule}`)) await iptables('--insert', chain, ...words(rule));
  }
}

export async function leaveFirewall(installation: Named): Promise<void> {
  const ours = (await rules()).filter((line) => line.includes(` ${comment(installation)} `));
  for (const line of ours) await iptables('--delete', ...words(line.replace(/^-A /, '')));
}

/** Does someone who is not Gantry have a say in what this machine forwards? */
export const othersForward = async (): Promise<boolean> => filters(await rules(), 'FORWARD');

const rules = async () => (await iptables('--list-rules')).stdout.split('\n');

const filters = (listed: string[], chain: string) => listed.some((line) => {
  const policy = line.startsWith(`-P ${chain} `) && line !== `-P ${chain} ACCEPT`;
  return policy || (line.startsWith(`-A ${chain} `) && !line.includes(' --comment "gantry '));
});

const words = (rule: string) => [...rule.matchAll(/"([^"]*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
