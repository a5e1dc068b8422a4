import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while holding an exclusive lock on a file, against every process of the machine. It is the kernel's flock(2), held
 * by a child that ends with its standard input: killed at any moment, this process leaves no lock behind.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  holder.stdin.on('error', () => {});
  const ended = once(holder, 'close');
  try {
    const held = Promise.race([once(holder.stdout, 'data'), ended.then(() => Promise.reject(new Error(`cannot lock ${file}`)))]);
    // A lock that nobody holds is ours at once; only a real wait is worth a word.
    const soon = await Promise.race([held.then(() => true), sleep(200, false)]);
    if (!soon) onWait?.();
    await held;
    return await work();
  } finally {
    holder.stdin.end();
    await ended.catch(() => {});
  }
}
