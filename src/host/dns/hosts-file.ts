import { open, readFile } from 'node:fs/promises';
import { withLock } from '../../engines/lock.ts';

const hostsPath = '/etc/hosts';
/** The same for every installation, wherever its own files are. */
const lockPath = '/run/lock/gantry-hosts.lock';

/**
 * Makes the installation's marked block in a hosts file (hosts(5)) hold exactly these names, or takes it away when there are none. All
 * other lines stay byte for byte. The file is written in place, as it may be a mount of its own, and under a lock that all
 * installations of the machine share.
 */
export async function writeHostsBlock(name: string, entries: readonly { address: string; name: string }[], path = hostsPath): Promise<void> {
  const lines = entries.map((entry) => `${entry.address} ${entry.name}`);
  const text = await readFile(path, 'utf8');
  if (withBlock(text, name, lines) === text) return;
  await withLock(lockPath, async () => {
    await using file = await open(path, 'r+');
    const now = Buffer.from(withBlock(await file.readFile('utf8'), name, lines));
    await file.write(now, 0, now.length, 0);
    await file.truncate(now.length);
  });
}

export function withBlock(text: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`# gantry ${name} begin\n`, `# gantry ${name} end\n`];
  const block = lines.length > 0 ? `${begin}${lines.map((line) => `${line}\n`).join('')}${end}` : '';
  const from = text.startsWith(begin) ? 0 : text.indexOf(`\n${begin}`) + 1;
  const to = text.indexOf(end, from);
  if (to !== -1 && text.startsWith(begin, from)) return text.slice(0, from) + block + text.slice(to + end.length);
  return block === '' ? text : `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${block}`;
}
