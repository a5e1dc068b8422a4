import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { recipeOf, type EngineName, type Recipe } from './recipes.ts';

/** What an engine's go.mod says. */
export interface Manifest {
  /** The folder of the go.mod. */
  dir: string;
  /** Without the leading `v`. */
  version: string;
  tools: Tool[];
  /** Of everything that decides what comes out of a build: go.mod, go.sum, the recipe, the processor. */
  key: string;
}

export interface Tool {
  importPath: string;
  /** As `go build` calls it. */
  builtAs: string;
  program: string;
}

function tool(importPath: string, recipe: Recipe): Tool {
  const builtAs = basename(importPath.replace(/\/v\d+$/, ''));
  return { importPath, builtAs, program: recipe.programNames?.[builtAs] ?? builtAs };
}

export async function readManifest(name: EngineName): Promise<Manifest> {
  const dir = join(import.meta.dirname, '../../engines', name);
  const [mod, sum] = await Promise.all([readFile(join(dir, 'go.mod'), 'utf8'), readFile(join(dir, 'go.sum'), 'utf8')]);
  const recipe = recipeOf(name);
  const version = directives(mod, 'require').find((words) => words[0] === recipe.module)?.[1];
  if (!version) throw new Error(`engines/${name}/go.mod does not require ${recipe.module}`);
  const key = createHash('sha256').update(JSON.stringify([mod, sum, recipe, process.arch])).digest('hex').slice(0, 16);
  return { dir, version: version.replace(/^v/, ''), tools: directives(mod, 'tool').map(([path = '']) => tool(path, recipe)), key };
}

/** The words of each line of a directive, written singly or in a block: https://go.dev/ref/mod#go-mod-file */
export function directives(mod: string, directive: string): string[][] {
  const found: string[][] = [];
  let block = '';
  for (const raw of mod.split('\n')) {
    const words = raw.replace(/\/\/.*/, '').trim().split(/\s+/).filter(Boolean);
    if (words.length === 0) continue;
    if (block && words[0] === ')') block = '';
    else if (block) {
      if (block === directive) found.push(words);
    } else if (words[1] === '(') block = words[0] ?? '';
    else if (words[0] === directive) found.push(words.slice(1));
  }
  return found;
}
