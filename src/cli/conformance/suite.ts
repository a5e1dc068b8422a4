import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listenForProgress, type Counts } from './progress.ts';
import { readReport, type TestResult } from './report.ts';

/** One run of upstream's suite by ginkgo. */
export interface Part {
  /** `parallel`, `serial`: the folder of its report. */
  name: string;
  /** ginkgo's filter by labels: https://onsi.github.io/ginkgo/#spec-labels */
  labels: string;
  procs: number;
}

export interface Suite {
  /** Programs of the engines. */
  ginkgo: string;
  tests: string;
  kubectl: string;
  kubeconfig: string;
  /** The file that tells the suite its registries. */
  registries: string;
  /** Regular expressions on the names of tests. */
  focus: string | undefined;
  skip: string | undefined;
  /** Where each part has its folder. */
  results: string;
}

/** Three hours: upstream's whole list takes half an hour to two. */
const TIMEOUT = '3h';

/**
 * Runs a part and answers what came of each of its tests, read from ginkgo's own report. An abort interrupts ginkgo, which then takes
 * away what its tests made and reports as far as it came.
 */
export async function runPart(suite: Suite, part: Part, onProgress: (counts: Counts) => void, signal: AbortSignal): Promise<TestResult[]> {
  const folder = join(suite.results, part.name);
  await mkdir(folder, { recursive: true });
  const progress = await listenForProgress(onProgress);
  const log = openSync(join(folder, 'output.log'), 'w');
  try {
    const argv = [
      '--no-color', `--procs=${part.procs}`, `--timeout=${TIMEOUT}`, `--label-filter=${part.labels}`,
      ...(suite.focus ? [`--focus=${suite.focus}`] : []), ...(suite.skip ? [`--skip=${suite.skip}`] : []),
      `--output-dir=${folder}`, '--json-report=report.json', '--junit-report=junit.xml', suite.tests, '--',
      '--provider=skeleton', `--kubeconfig=${suite.kubeconfig}`, `--kubectl-path=${suite.kubectl}`, `--progress-report-url=${progress.url}`,
    ];
    // In a session of its own: an interrupt of the terminal is for us, who pass it on once.
    const child = spawn(suite.ginkgo, argv, { detached: true, cwd: folder, stdio: ['ignore', log, log], env: { ...process.env, KUBE_TEST_REPO_LIST: suite.registries } });
    const interrupt = () => child.kill('SIGINT');
    signal.addEventListener('abort', interrupt);
    await once(child, 'exit');
    signal.removeEventListener('abort', interrupt);
  } finally {
    closeSync(log);
    progress.close();
  }
  return readReport(folder);
}
