import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file for root alone that is always whole and holds the latest of what was written, one write at a time. */
export interface KeptFile {
  write(value: unknown): void;
  /** Settles once the latest is on disk, or could not be written. */
  settled(): Promise<void>;
}

export function keptFile(path: string, onError: (error: unknown) => void): KeptFile {
  let value: { latest: unknown } | undefined;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    for (let next = value; next; next = value) {
      value = undefined;
      try {
        await writeJson(path, next.latest);
      } catch (error) {
        onError(error);
      }
    }
    writing = undefined;
  }

  return {
    write(latest) {
      value = { latest };
      writing ??= write();
    },
    settled: async () => writing,
  };
}

/** What a file holds; undefined where there is none, or (after a power cut) none that can be read. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Writes a file for root alone, as a whole or not at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
