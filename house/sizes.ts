import type { Source } from './sources.ts';

/** A file is read in one sitting. */
const MOST_LINES = 400;

export function sizes(files: Source[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MOST_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, ${MOST_LINES} at most`);
}
