import { readFile, writeFile } from 'node:fs/promises';

/**
 * Everything on all instances is one user to the kernel (root), which by default gives a user 128 inotify instances: containerd, kubelets
 * and their pods of some ten nodes use them up, and then containerd serves no CRI and says so in its log alone. A higher limit takes
 * nothing from anybody, so it stays.
 */
const LIMITS = { '/proc/sys/fs/inotify/max_user_instances': 8192, '/proc/sys/fs/inotify/max_user_watches': 524_288 };

/** Answers what could not be raised. */
export async function raiseInotifyLimits(limits: Record<string, number> = LIMITS): Promise<string[]> {
  const failures: string[] = [];
  for (const [path, least] of Object.entries(limits)) {
    try {
      if (Number(await readFile(path, 'utf8')) < least) await writeFile(path, `${least}`);
    } catch (error) {
      failures.push(`${path}: ${String(error)}`);
    }
  }
  return failures;
}
