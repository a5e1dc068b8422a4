import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { binDir } from '../../engines/index.ts';
import type { Connection, TestCluster } from './cluster.ts';
import { keepKubeconfig } from './kubeconfig.ts';
import { watch, type Counts } from './progress.ts';
import { readReport, type TestResult } from './report.ts';

/** One run of upstream's suite by ginkgo. */
export interface Part {
  /** `parallel`, `slow`, `serial`: the folder of its report. */
  name: string;
  /** ginkgo's filter by labels: https://onsi.github.io/ginkgo/#spec-labels */
  labels: string;
  procs: number;
  /** How often a test may be tried until it passes; once if not said. */
  attempts?: number;
}

export interface Suite {
  /** Programs of the engines. */
  ginkgo: string;
  tests: string;
  kubectl: string;
  kubeconfig: string;
  /** The file that tells the suite its registries. */
  registries: string;
  /** Where each part has its folder. */
  results: string;
}

/** Regular expressions on the names of tests. */
export interface Choice {
  focus?: string | undefined;
  skip?: string | undefined;
}

/** Every registry that the suite knows but the one that must not answer: test/utils/image/manifest.go of Kubernetes. */
const REGISTRIES = ['promoterE2eRegistry', 'buildImageRegistry', 'gcEtcdRegistry', 'gcRegistry', 'sigStorageRegistry', 'dockerLibraryRegistry'];

/** What a cluster's tests need in the folder of their results; `stop` ends what keeps their token fresh. */
export async function prepareSuite(connection: Connection, cluster: TestCluster, imagePrefix: string, results: string): Promise<{ suite: Suite; stop(): void }> {
  await mkdir(results, { recursive: true });
  const registries = join(results, 'registries.yaml');
  await writeFile(registries, REGISTRIES.map((registry) => `${registry}: ${imagePrefix}\n`).join(''));
  const [conformance, kubernetes] = [await binDir('conformance'), await binDir('kubernetes-1.36')];
  const { kubeconfig, stop } = await keepKubeconfig(connection, cluster, results);
  const suite = { ginkgo: join(conformance, 'ginkgo'), tests: join(conformance, 'e2e.test'), kubectl: join(kubernetes, 'kubectl'), kubeconfig, registries, results };
  return { suite, stop };
}

/** Three hours: upstream's whole list takes half an hour to two. */
const TIMEOUT = '3h';

/**
 * Runs a part and answers what came of each of its tests, read from ginkgo's own report. An abort interrupts ginkgo, which then takes
 * away what its tests made and reports as far as it came.
 */
export async function runPart(suite: Suite, part: Part, { focus, skip }: Choice, onProgress: (counts: Counts) => void, signal: AbortSignal): Promise<TestResult[]> {
  const folder = join(suite.results, part.name);
  await mkdir(folder, { recursive: true });
  // Its tests leave files, and have sockets, whose paths must be short.
  const temporary = await mkdtemp(join(tmpdir(), 'gantry-e2e-'));
  const log = createWriteStream(join(folder, 'output.log'));
  const argv = [
    '--no-color', '--silence-skips', `--procs=${part.procs}`, `--timeout=${TIMEOUT}`, `--flake-attempts=${part.attempts ?? 1}`, `--label-filter=${part.labels}`,
    ...(focus ? [`--focus=${focus}`] : []), ...(skip ? [`--skip=${skip}`] : []),
    `--output-dir=${folder}`, '--json-report=report.json', '--junit-report=junit.xml', suite.tests, '--',
    '--provider=skeleton', `--kubeconfig=${suite.kubeconfig}`, `--kubectl-path=${suite.kubectl}`,
  ];
  // In a session of its own: an interrupt of the terminal is for us, who pass it on once.
  const child = spawn(suite.ginkgo, argv, { detached: true, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, KUBE_TEST_REPO_LIST: suite.registries, TMPDIR: temporary } });
  child.stdout.setEncoding('utf8').on('data', watch(onProgress));
  for (const output of [child.stdout, child.stderr]) output.pipe(log, { end: false });
  // As a terminal would, to ginkgo and its processes: it does not pass an interrupt on.
  const interrupt = () => child.pid !== undefined && process.kill(-child.pid, 'SIGINT');
  signal.addEventListener('abort', interrupt);
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', interrupt);
    log.end();
    await rm(temporary, { recursive: true, force: true });
  }
  await finished(log);
  return readReport(folder);
}
