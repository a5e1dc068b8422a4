import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../../engines/command.ts';
import { machineFile } from '../../wire/paths.ts';
import { othersForward } from './firewall.ts';
import { sysctl } from './ip.ts';
import { hostTable } from './names.ts';

/**
 * The host's forwarding of packets: on while an installation is up; off again after the last one where it was off before the first, unless others
 * (Docker, say) came to count on it.
 */

const NAME = 'net.ipv4.ip_forward';
/** Is there while forwarding is on for Gantry alone. */
const mark = machineFile('forwarding');
const TABLES = hostTable({ name: '' });

export async function keepForwarding(): Promise<void> {
  if ((await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim() !== '0') return;
  await mkdir(dirname(mark), { recursive: true });
  await writeFile(mark, '');
  await sysctl(null, { [NAME]: 1 });
}

/** After an installation's table went. An agent that starts just now looks again at its next pass. */
export async function leaveForwarding(): Promise<void> {
  const { stdout } = await run(['nft', '-j', 'list', 'tables']);
  const { nftables } = JSON.parse(stdout) as { nftables: { table?: { name: string } }[] };
  if (nftables.some(({ table }) => table?.name.startsWith(TABLES))) return;
  const ours = await readFile(mark).then(() => true, () => false);
  if (ours && !(await othersForward())) await sysctl(null, { [NAME]: 0 });
  await rm(mark, { force: true });
}
