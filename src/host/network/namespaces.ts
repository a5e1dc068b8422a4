import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, run } from '../../engines/command.ts';
import { namespaceName, namespacePath, type Named } from './names.ts';

/** NSFS_MAGIC of linux/magic.h: what is mounted on a namespace's file. A file without it was left by a crash or a reboot. */
const nsfs = 0x6e736673;

export async function isNamespace(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === nsfs;
  } catch {
    return false;
  }
}

/** Creates the network namespace, with its loopback up, unless it stands. Safe when called twice at once. */
export async function ensureNamespace(installation: Named, id: string): Promise<void> {
  const name = namespaceName(installation, id);
  const path = namespacePath(installation, id);
  if (await isNamespace(path)) return;
  try {
    await run(['ip', 'netns', 'add', name]);
  } catch (error) {
    if (!(error instanceof CommandError && error.stderr.includes('File exists'))) throw error;
    // `ip netns add` makes the file first and mounts on it then: another call may be between the two.
    for (let tries = 0; tries < 50 && !(await isNamespace(path)); tries++) await sleep(10);
    if (!(await isNamespace(path))) {
      await rm(path, { force: true });
      await run(['ip', 'netns', 'add', name]);
    }
  }
  await run(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
}

/** Succeeds on a namespace that is not there. Its links go with it, once the last process in it has gone. */
export async function removeNamespace(installation: Named, id: string): Promise<void> {
  const path = namespacePath(installation, id);
  if (await isNamespace(path)) await run(['ip', 'netns', 'del', namespaceName(installation, id)]);
  else await rm(path, { force: true });
}

/** Tells two namespaces of one name apart; null where there is none. The kernel gives the number on only after its links are gone. */
export async function namespaceInode(installation: Named, id: string): Promise<number | null> {
  const path = namespacePath(installation, id);
  return (await isNamespace(path)) ? (await stat(path)).ino : null;
}

/**
 * Ids of the namespaces that carry the installation's name. Ids are AWS's (`vpc-0ab…`): `a-b`'s namespaces are
 * not taken for `a`'s.
 */
export async function namespaceIds(installation: Named): Promise<string[]> {
  const prefix = `${installation.name}-`;
  const names = await readdir('/run/netns').catch(() => [] as string[]);
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)).filter((id) => /^[a-z]+-[0-9a-f]{8,}$/.test(id));
}
