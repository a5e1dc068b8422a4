import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from './build.ts';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { readManifest, type Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { prune, touch } from './prune.ts';
import { checkVersion, readyMade } from './ready-made.ts';
import { engineNames, everydayEngines, recipeOf, type EngineName } from './recipes.ts';

/**
 * The borrowed engines: upstream's programs, unmodified, built from `engines/<name>/go.mod` with verified checksums.
 *
 *   /var/cache/gantry/engines/<name>.lock               held while building
 *   /var/cache/gantry/engines/<name>/<key>/bin/…        the programs (and the files that go with them)
 *   /var/cache/gantry/engines/<name>/<key>/build.json   module, version, the Go that built it
 *
 * The key is of the content, so two clones of different versions share the cache; a folder that is there is whole. A build takes away
 * the folders of versions that nobody uses any more.
 */
export interface Engine {
  name: EngineName;
  summary: string;
  version: string;
  programs: string[];
  state: 'built' | 'ready-made' | 'missing';
  /** Where its programs are, or will be. */
  binDir: string;
}

export { engineNames, everydayEngines, type EngineName };

export async function list(): Promise<Engine[]> {
  return Promise.all(engineNames.map(async (name) => describe(name, await readManifest(name))));
}

/** Makes sure that an engine is there; quick if it is. Answers the folder of its programs. */
export async function ensure(name: EngineName, progress: Progress = () => {}): Promise<string> {
  const manifest = await readManifest(name);
  const engine = describe(name, manifest);
  if (engine.state === 'ready-made') await checkVersion(engine.binDir, manifest, recipeOf(name));
  if (engine.state === 'built') await touch(dirname(engine.binDir));
  if (engine.state !== 'missing') return engine.binDir;
  const root = cacheDir('engines');
  await withLock(
    join(root, `${name}.lock`),
    async () => {
      if (describe(name, manifest).state !== 'missing') return;
      await build(join(root, name), manifest, recipeOf(name), progress);
      await prune(join(root, name), /^[0-9a-f]{16}$/);
    },
    () => progress({ what: 'waiting for another build' }),
  );
  return engine.binDir;
}

/** The folder of an engine's programs. Fails if it was not built: `ensure` is for the command line, this for what runs. */
export async function binDir(name: EngineName): Promise<string> {
  const engine = describe(name, await readManifest(name));
  if (engine.state === 'missing') throw new Error(`the engine ${name} ${engine.version} is not built: gantry engines build ${name}`);
  return engine.binDir;
}

function describe(name: EngineName, manifest: Manifest): Engine {
  const given = readyMade(name, manifest);
  const built = join(cacheDir('engines'), name, manifest.key, 'bin');
  return {
    name,
    summary: recipeOf(name).summary,
    version: manifest.version,
    programs: manifest.tools.map(({ program }) => program),
    state: given ? 'ready-made' : existsSync(built) ? 'built' : 'missing',
    binDir: given ?? built,
  };
}
