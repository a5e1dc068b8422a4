import { readFile } from 'node:fs/promises';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { cacheDir } from '../../engines/cache.ts';
import type { Installation } from '../../wire/installation.ts';

/**
 * The control plane as a program: `node control-plane.ts <installation.json>`. Code that was compiled before is taken from the cache: while
 * it starts again after a death, clusters cannot ask it who holds a token.
 */
enableCompileCache(cacheDir('compiled'));
const { startControlPlane } = await import('../../gateway/control-plane.ts');
const installation = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Installation;
const controlPlane = await startControlPlane(installation);
// Who is killed writes nothing.
flushCompileCache();

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void controlPlane.close().then(() => process.exit(0), (error: unknown) => {
    console.error(error);
    process.exit(1);
  }));
}
