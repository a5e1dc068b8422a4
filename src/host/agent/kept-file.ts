import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file for root alone that is always whole and holds the latest of what was written, one write at a time. */
export interface KeptFile {
  write(text: string): void;
  /** Settles once the latest is on disk, or could not be written. */
  settled(): Promise<void>;
}

export function keptFile(path: string, onError: (error: unknown) => void): KeptFile {
  let latest: string | undefined;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    for (let text = latest; text !== undefined; text = latest) {
      latest = undefined;
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(`${path}.new`, text, { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch (error) {
        onError(error);
      }
    }
    writing = undefined;
  }

  return {
    write(text) {
      latest = text;
      writing ??= write();
    },
    settled: async () => writing,
  };
}
