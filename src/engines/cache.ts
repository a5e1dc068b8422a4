import { join } from 'node:path';

/** What all installations of a machine share and what can be made again: `/var/cache/gantry/<kind>`. */
export function cacheDir(kind: 'engines' | 'images' | 'compiled'): string {
  return join(process.env.GANTRY_CACHE || '/var/cache/gantry', kind);
}
