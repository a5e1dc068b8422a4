import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { goEnvironment, goVersion } from './go.ts';
import type { Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import type { Recipe } from './recipes.ts';

const UNFINISHED = '.building-';

/**
 * Builds an engine into `<parent>/<key>/bin`. The folder comes to be by a rename once all of it is on disk, so that it is whole
 * whenever it is there; what a killed build left is taken away by the next one. The caller holds the engine's lock.
 */
export async function build(parent: string, manifest: Manifest, recipe: Recipe, progress: Progress): Promise<void> {
  await mkdir(parent, { recursive: true });
  for (const left of await readdir(parent)) if (left.startsWith(UNFINISHED)) await rm(join(parent, left), { recursive: true });
  const folder = await mkdtemp(join(parent, UNFINISHED));
  try {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    if (manifest.tools.length > 0) await compile(folder, manifest, recipe, progress);
    for (const file of recipe.files ?? []) await copyFile(join(await moduleFolder(manifest, file.module), file.path), join(bin, file.as));
    await writeFile(join(folder, 'build.json'), `${JSON.stringify({ module: recipe.module, version: manifest.version, go: await goVersion() }, null, 2)}\n`);
    await run(['chmod', '-R', 'a+rX', folder]);
    await run(['sync', '--file-system', folder]);
    await rename(folder, join(parent, manifest.key));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function compile(folder: string, manifest: Manifest, recipe: Recipe, progress: Progress): Promise<void> {
  const bin = join(folder, 'bin');
  // Not /tmp, which may be small (a tmpfs), and where a killed build would leave some GB.
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const special = Object.keys(recipe.tagsOf ?? {});
  const groups: { tools: { importPath: string }[]; tags: readonly string[]; test?: string }[] = [
    { tools: manifest.tools.filter(({ program }) => !special.includes(program)), tags: recipe.tags },
    ...special.map((name) => ({ tools: manifest.tools.filter(({ program }) => program === name), tags: [...recipe.tags, ...(recipe.tagsOf?.[name] ?? [])] })),
    ...Object.entries(recipe.tests ?? {}).map(([test, importPath]) => ({ tools: [{ importPath }], tags: recipe.tags, test })),
  ];
  const go = (argv: string[], onLine: (line: string) => void) =>
    run(['go', ...argv], { cwd: manifest.dir, env: { ...goEnvironment(Boolean(recipe.cgo)), GOTMPDIR: temporary }, onLine });

  const plans = [];
  let downloaded = 0;
  progress({ what: 'resolving modules' });
  for (const group of groups) {
    const { tags, test } = group;
    const tools = group.tools.map(({ importPath }) => importPath);
    const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-tags', tags.join(','), '-ldflags', linkerFlags(manifest, recipe)];
    const { stdout } = await go(['list', ...flags, '-deps', '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', ...tools], (line) => {
      if (line.startsWith('go: downloading')) progress({ what: 'downloading modules', done: ++downloaded });
    });
    plans.push({ test, tools, flags, stale: stdout.split('\n').filter(Boolean).length });
  }

  // `go test -c` does not tell what it compiles.
  const total = plans.reduce((sum, { test, stale }) => sum + (test ? 0 : stale), 0);
  let done = 0;
  progress({ what: 'compiling', done, total });
  for (const { test, tools, flags } of plans) {
    if (test) progress({ what: `compiling ${test}` });
    await go([...(test ? ['test', '-c', '-vet=off'] : ['build', '-v']), ...flags, '-o', join(bin, test ?? '/'), ...tools], (line) => {
      if (!/^[\w.]+(\/|$)/.test(line)) return;
      done = Math.min(done + 1, total);
      progress({ what: done < total ? 'compiling' : 'linking', done, total });
    });
  }
  for (const { builtAs, program } of manifest.tools) if (builtAs !== program) await rename(join(bin, builtAs), join(bin, program));
  await rm(temporary, { recursive: true });
}

function linkerFlags(manifest: Manifest, recipe: Recipe): string {
  const flags = ['-s', '-w'];
  if (recipe.versionVariable) flags.push('-X', `${recipe.versionVariable}=v${manifest.version}`);
  for (const [variable, value] of Object.entries(recipe.variables ?? {})) flags.push('-X', `${variable}=${value.replace('{version}', manifest.version)}`);
  if (recipe.cgo) flags.push('-extldflags', '-static');
  return flags.join(' ');
}

/** Where a module that the engine was built of lies on disk; its checksum is in go.sum. */
async function moduleFolder(manifest: Manifest, module: string): Promise<string> {
  const argv = ['go', 'mod', 'download', '-json', module];
  const { stdout } = await run(argv, { cwd: manifest.dir, env: goEnvironment(false) });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
