import { chmod, chown, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { withLock } from '../../engines/lock.ts';

const hostsPath = '/etc/hosts';
/** The same for every installation, wherever its own files are. */
const lockPath = '/run/lock/gantry-hosts.lock';

/**
 * Makes the installation's marked block in a hosts file (hosts(5)) hold exactly these names, or takes it away when there are none. All
 * other lines stay byte for byte. It is done under a lock that all installations of the machine share.
 */
export async function writeHostsBlock(name: string, entries: readonly { address: string; name: string }[], path = hostsPath): Promise<void> {
  const lines = entries.map((entry) => `${entry.address} ${entry.name}`);
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    // Minimal systems have none.
    await writeFile(path, '', { flag: 'a' });
    return '';
  });
  if (withBlock(text, name, lines) === text) return;
  await withLock(lockPath, async () => {
    const at = await realpath(path);
    await replace(at, withBlock(await readFile(at, 'utf8'), name, lines));
  });
}

/**
 * As a whole: who reads a file of more than a page while it is written in place sees some of it as it was and the rest as it is, and may
 * miss a line that has moved over the seam. Where the file is a mount of its own, as in a container, there is only that.
 */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.gantry`;
  const { mode, uid, gid } = await stat(path);
  try {
    await writeFile(fresh, text);
    await chmod(fresh, mode & 0o7777);
    await chown(fresh, uid, gid);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    if (!isMount(error)) throw error;
    await using file = await open(path, 'r+');
    const bytes = Buffer.from(text);
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
  }
}

/** Or its folder is not to be written in. */
const isMount = (error: unknown) => error instanceof Error && 'code' in error && ['EBUSY', 'EXDEV', 'EROFS', 'EACCES', 'EPERM'].includes(String(error.code));

export function withBlock(text: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`# gantry ${name} begin\n`, `# gantry ${name} end\n`];
  const block = lines.length > 0 ? `${begin}${lines.map((line) => `${line}\n`).join('')}${end}` : '';
  const from = text.startsWith(begin) ? 0 : text.indexOf(`\n${begin}`) + 1;
  const to = text.indexOf(end, from);
  if (to !== -1 && text.startsWith(begin, from)) return text.slice(0, from) + block + text.slice(to + end.length);
  return block === '' ? text : `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${block}`;
}
