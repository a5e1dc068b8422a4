import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { cacheDir } from '../src/engines/cache.ts';
import { withLock } from '../src/engines/lock.ts';
import type { Progress } from '../src/engines/progress.ts';
import { prune, touch } from '../src/engines/prune.ts';
import { imageId, imageNames, type ImageName } from '../src/wire/images.ts';
import { buildImage, files, suite } from './instance/build.ts';
import { excluded, name, packages } from './instance/recipe.ts';

/**
 * Machine images, made once from Debian packages:
 *
 *   /var/cache/gantry/images/<name>.lock            held while building
 *   /var/cache/gantry/images/<name>-<key>/rootfs    a root file system; never written to again
 *
 * The key is of all that goes into it (but Debian's package versions: an image is as old as its cache). A folder that is there is whole.
 * A build takes away the images of versions that nobody uses any more, and what a killed one left.
 */

/** Makes sure that the image is there; quick if it is. Answers the folder of its root file system. */
export async function ensureImage(progress: Progress = () => {}): Promise<string> {
  const folder = await imageFolder();
  if (existsSync(folder)) await touch(folder);
  else {
    const build = async () => {
      if (existsSync(folder)) return;
      for (const left of await readdir(cacheDir('images'))) if (left.startsWith(`${name}-`) && left.endsWith('.partial')) await rm(join(cacheDir('images'), left), { recursive: true });
      await buildImage(folder, progress);
      await prune(cacheDir('images'), new RegExp(`^${name}-[0-9a-f]{16}$`));
    };
    await withLock(join(cacheDir('images'), `${name}.lock`), build, () => progress({ what: 'waiting for another build' }));
  }
  return join(folder, 'rootfs');
}

/** The name behind an AMI id; undefined for ids that are not of Gantry's images. */
export const amiName = (id: string): ImageName | undefined => imageNames.find((image) => imageId(image) === id);

export { enginesOf } from './instance/recipe.ts';

async function imageFolder(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([await suite(), process.arch, packages, excluded]));
  for (const program of ['build.ts', 'pause.ts']) hash.update(await readFile(new URL(`instance/${program}`, import.meta.url)));
  const entries = await readdir(files, { recursive: true, withFileTypes: true });
  for (const path of entries.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    const status = await lstat(path);
    hash.update(`${relative(files, path)} ${(status.mode & 0o111).toString(8)}\n`);
    if (status.isFile()) hash.update(await readFile(path));
    if (status.isSymbolicLink()) hash.update(await readlink(path));
  }
  return join(cacheDir('images'), `${name}-${hash.digest('hex').slice(0, 16)}`);
}
