import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../engines/command.ts';

/**
 * `<stateDir>/host/volumes/<id>.img` is a volume, beside it `<id>.json` says to what it is attached;
 * `<stateDir>/host/snapshots/<id>.img` is a snapshot. A file is made under another name first: one that is there is whole.
 */
export const volumesDir = (stateDir: string) => join(stateDir, 'volumes');
export const snapshotsDir = (stateDir: string) => join(stateDir, 'snapshots');
export const imageIn = (dir: string, id: string) => join(dir, `${id}.img`);
export const attachmentIn = (dir: string, id: string) => join(dir, `${id}.json`);

const bytesOf = (sizeGiB: number) => sizeGiB * 2 ** 30;

export async function imagesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => [] as string[]);
  return [...new Set(names.filter((name) => /\.(img|json|new)$/.test(name)).map((name) => name.slice(0, name.indexOf('.'))))];
}

/** Undefined where there is none. */
export async function sizeInGiB(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found && Math.ceil(found.size / 2 ** 30);
}

/** A sparse file takes what was written to it, not its size. */
export async function makeImage(file: string, sizeGiB: number | undefined, from: string | undefined): Promise<void> {
  const next = `${file}.new`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await rm(next, { force: true });
  if (from) await run(['cp', '--sparse=always', '--reflink=auto', from, next], { timeoutMs: 3_600_000 });
  const handle = await open(next, 'a', 0o600);
  if (sizeGiB !== undefined) await handle.truncate(bytesOf(sizeGiB));
  await handle.sync();
  await handle.close();
  await rename(next, file);
}

export async function growImage(file: string, sizeGiB: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.truncate(bytesOf(sizeGiB));
  await handle.sync();
  await handle.close();
}

export async function removeImage(dir: string, id: string): Promise<void> {
  for (const ending of ['img', 'img.new', 'json', 'json.new']) await rm(join(dir, `${id}.${ending}`), { force: true });
}
