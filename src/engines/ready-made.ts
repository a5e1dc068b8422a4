import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import type { Manifest } from './manifest.ts';
import type { EngineName, Recipe } from './recipes.ts';

/**
 * The folder of ready-made programs that the user names by GANTRY_ENGINES_DIR: `<dir>/<engine>/bin`, `<dir>/<engine>` or `<dir>`.
 * Taken only if all of an engine's programs are in it.
 */
export function readyMade(name: EngineName, manifest: Manifest): string | undefined {
  const root = process.env.GANTRY_ENGINES_DIR;
  if (!root || manifest.tools.length === 0) return undefined;
  return [join(root, name, 'bin'), join(root, name), root].find((dir) => manifest.tools.every(({ program }) => existsSync(join(dir, program))));
}

/** Fails unless each program, asked for its version, names the one that go.mod asks for. (The shim and CNI plugins print it on `-v` and on nothing.) */
export async function checkVersion(dir: string, manifest: Manifest, recipe: Recipe): Promise<void> {
  for (const tool of manifest.tools) {
    const program = join(dir, tool.program);
    const { stdout, stderr } = await run([program, ...(recipe.versionArguments?.[tool.program] ?? ['-v'])], { input: '', timeoutMs: 10_000, env: { CNI_COMMAND: undefined } });
    const said = `${stdout}${stderr}`;
    if (!new RegExp(`(^|[^\\d.])${manifest.version.replaceAll('.', '\\.')}(?![\\d])`).test(said)) {
      throw new Error(`${program} is not version ${manifest.version}: ${said.trim().split('\n')[0] ?? ''}`);
    }
  }
}
