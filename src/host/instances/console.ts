import { open, stat, truncate, writeFile } from 'node:fs/promises';
import type { ObservedKinds } from '../../wire/host.ts';
import type { Folder } from './folder.ts';

/** As much as GetConsoleOutput answers: the latest 64 KB. */
const reportedBytes = 64 * 1024;
const mostBytes = 1024 * 1024;
const reportEveryMs = 3_000;

/** Answers the end of an instance's console if it changed since it last did, at most every few seconds; keeps the file small. */
export function watchConsoles(): (id: string, folder: Folder) => Promise<ObservedKinds['console'] | undefined> {
  const reported = new Map<string, { size: number; at: number }>();
  return async function look(id, folder) {
    const status = await stat(folder.console).catch(() => undefined);
    if (!status) {
      reported.delete(id);
      return undefined;
    }
    const last = reported.get(id);
    if (last?.size === status.size || (last && Date.now() - last.at < reportEveryMs)) return undefined;
    const tail = await readTail(folder.console, status.size);
    if (status.size > mostBytes) await shorten(folder.console, tail);
    reported.set(id, { size: status.size > mostBytes ? tail.length : status.size, at: Date.now() });
    return { output: tail.toString('base64'), at: status.mtime.toISOString() };
  };
}

async function readTail(path: string, size: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const start = Math.max(0, size - reportedBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Those who write have it open for appending, so they go on behind the new end. */
async function shorten(path: string, tail: Buffer): Promise<void> {
  await truncate(path, 0);
  await writeFile(path, tail, { flag: 'a' });
}
