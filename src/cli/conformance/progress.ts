/** How far a run is, as somebody who watches likes to know it. What came of each test is read from ginkgo's report at the end. */
export interface Counts {
  passed: number;
  failed: number;
  total: number;
  /** The test that ended just now, if it failed. */
  failure: string | undefined;
}

/**
 * Reads along what ginkgo prints while it runs (its report is written at the end alone, and upstream's own `--progress-report-url`
 * tells nothing of single tests in 1.36): a `•` for each test that passed, and for others a block of lines:
 *
 *     • [FAILED] [2.836 seconds]
 *     [sig-node] Sysctls [It] should support sysctls [sig-node, Conformance]
 *
 * Answers what takes the next piece of that text.
 */
export function watch(onProgress: (counts: Counts) => void): (text: string) => void {
  let [passed, failed, total] = [0, 0, 0];
  let unfinished = '';
  let named = true;
  return (text) => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    let failure: string | undefined;
    for (const line of lines) {
      total ||= Number(/^Will run (\d+) of /.exec(line)?.[1] ?? 0);
      passed += bullets(line);
      if (line.startsWith('• [')) {
        failed++;
        named = false;
      } else if (!named) {
        named = true;
        failure = line.replace(' [It]', '').replace(/ \[[^\]]*\]$/, '');
      }
    }
    onProgress({ passed: passed + bullets(unfinished), failed, total, failure });
  };
}

const bullets = (line: string) => (/^•+$/.test(line) ? line.length : 0);
