import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, normalize } from 'node:path';
import type { DesiredFile } from '../../wire/host.ts';

/**
 * Writes files into an instance's root: that of its overlay before it runs, `/proc/<pid>/root` afterwards. Each comes to be as a
 * whole; one that is as wished is left alone. The root is the instance's to change, so no path is followed over a link: every folder
 * is opened in the one before it (as openat(2) does), and a link in the way is an error.
 */
export async function layFiles(root: string, files: readonly DesiredFile[]): Promise<void> {
  for (const file of files) await layFile(root, file);
}

async function layFile(root: string, { path, content, mode }: DesiredFile): Promise<void> {
  if (!path.startsWith('/') || normalize(path) !== path || path.endsWith('/')) throw new Error(`not an absolute path of a file: ${path}`);
  const folder = await openFolder(root, dirname(path).split('/').filter(Boolean));
  try {
    const inside = (name: string) => `/proc/self/fd/${folder.fd}/${name}`;
    const target = inside(basename(path));
    const bytes = Buffer.from(content, 'base64');
    if (await isAs(target, bytes, mode)) return;
    const fresh = inside(`.${basename(path)}.${randomBytes(4).toString('hex')}`);
    try {
      const handle = await open(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.chmod(mode & 0o7777);
      } finally {
        await handle.close();
      }
      await rename(fresh, target);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  } finally {
    await folder.close();
  }
}

async function openFolder(root: string, names: readonly string[]): Promise<FileHandle> {
  let at = await open(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const name of names) {
    try {
      const path = `/proc/self/fd/${at.fd}/${name}`;
      await mkdir(path, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      const next = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      await at.close();
      at = next;
    } catch (error) {
      await at.close();
      throw error;
    }
  }
  return at;
}

async function isAs(path: string, bytes: Buffer, mode: number): Promise<boolean> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
  if (!handle) return false;
  try {
    const status = await handle.stat();
    return status.isFile() && (status.mode & 0o7777) === (mode & 0o7777) && status.size === bytes.length && (await readFile(handle)).equals(bytes);
  } finally {
    await handle.close();
  }
}
