import { readFileSync, globSync } from 'node:fs';

export interface Source {
  path: string;
  text: string;
}

/** Every TypeScript file of ours, by its path from the root of the repository. */
export function sources(): Source[] {
  return globSync('{src,test,bench,images,examples,house}/**/*.ts').sort().map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
