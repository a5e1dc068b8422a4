import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** Tells `prune` that a folder is still asked for. */
export async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
}

/**
 * Takes away what was made for other versions of Gantry: folders of this pattern that nobody has touched in a month and that no process
 * has mounted. The caller holds the lock of what is made in `parent`.
 */
export async function prune(parent: string, pattern: RegExp): Promise<void> {
  const before = Date.now() - UNUSED_MS;
  const names = (await readdir(parent)).filter((name) => pattern.test(name));
  const times = await Promise.all(names.map(async (name) => (await stat(join(parent, name))).mtimeMs));
  const old = names.filter((_, i) => (times[i] ?? before) < before);
  const mounts = old.length > 0 ? await allMounts() : '';
  for (const name of old) if (!mounts.includes(name)) await rm(join(parent, name), { recursive: true });
}

/** Of every process, so that of instances too. What is looked for in them is a key, which nothing else is called by. */
async function allMounts(): Promise<string> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')))).join('');
}
