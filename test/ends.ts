import { after } from 'node:test';

/**
 * Loaded before each file of tests: one that failed may have left a server or a child behind, for which its process, and with it the whole
 * run, would wait for ever. When all of its tests and hooks are done it has this long to end by itself.
 */
const ENDS_WITHIN_MS = 5 * 60_000;

if (process.env.NODE_TEST_CONTEXT) {
  after(() => {
    const late = setTimeout(() => {
      console.error(`${process.argv[1]} does not end by itself: ${process.getActiveResourcesInfo().join(', ')}`);
      process.exit();
    }, ENDS_WITHIN_MS);
    late.unref();
  });
}
