import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../../src/engines/cache.ts';
import { run } from '../../src/engines/command.ts';
import { ensure } from '../../src/engines/index.ts';
import { withLock } from '../../src/engines/lock.ts';
import type { Progress } from '../../src/engines/progress.ts';
import { suite } from '../instance/build.ts';
import { buildTestImages, type EngineFolders } from './build.ts';
import { hooks, packages, testImages } from './recipe.ts';

/** An OCI image layout (image-spec 1.1, image-layout.md), what tells it from one made otherwise, and the images in it: `agnhost:2.63.0`. */
export interface TestImages {
  layout: string;
  key: string;
  names: string[];
}

/** Makes the images of upstream's conformance tests, `/var/cache/gantry/images/conformance-<key>`; quick if they are there. */
export async function ensureTestImages(progress: Progress = () => {}): Promise<TestImages> {
  const engines: EngineFolders = { conformance: await ensure('conformance', progress), coredns: await ensure('coredns', progress), etcd: await ensure('etcd', progress) };
  const listed = (await run([join(engines.conformance, 'e2e.test'), '--list-images'])).stdout.split('\n').map((line) => line.trim().replace(/.*\//, ''));
  const names = [...new Set(listed)].filter((name) => Object.keys(testImages).includes(name.split(':')[0] ?? '')).sort();
  const hash = createHash('sha256').update(JSON.stringify([await suite(), process.arch, packages, hooks, testImages, names, engines]));
  hash.update(await readFile(new URL('build.ts', import.meta.url)));
  const key = hash.digest('hex').slice(0, 12);
  const layout = join(cacheDir('images'), `conformance-${key}`);
  if (!existsSync(layout)) {
    const build = async () => {
      if (!existsSync(layout)) await buildTestImages(layout, names, engines, progress);
    };
    await withLock(join(cacheDir('images'), 'conformance.lock'), build, () => progress({ what: 'waiting for another build' }));
  }
  return { layout, key, names };
}
