import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of this clone. */
export const root = join(import.meta.dirname, '../..');

export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
