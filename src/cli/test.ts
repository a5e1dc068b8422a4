import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureImage } from '../../images/index.ts';
import { engineNames, everydayEngines } from '../engines/index.ts';
import { needRoot, type Command } from './command.ts';
import { ensureEngines } from './engines.ts';
import { ensurePackages, testPackages } from './packages.ts';
import { inTerminal } from './spawn.ts';
import { steps } from './terminal.ts';
import { root } from './version.ts';

/** End-to-end tests: those of a run share an installation, which test/setup.ts brings up before it and takes down after it. */
const isEndToEnd = (file: string) => resolve(file).startsWith(join(root, 'test/'));
/** They share a cluster, break parts of it, and have the machine and an installation for themselves: a run of their own, one file after another. */
const ofClusters = (file: string) => resolve(file).startsWith(join(root, 'test/clusters/'));

const ALL = ['src/**/*.test.ts', 'test/*.test.ts', 'images/**/*.test.ts', 'house/**/*.test.ts', 'test/clusters/*.test.ts'];

export const command: Command = {
  usage: '[FILE…]',
  summary: 'the house rules and the whole test suite, or some of its files; makes real namespaces, containers and packets',
  async run({ positionals }) {
    needRoot();
    // The whole suite walks through EKS too; what needs an engine that is not built says so and is skipped when its file alone is run.
    await ensureEngines(positionals.length ? everydayEngines : engineNames);
    const show = steps();
    await show.run('Debian packages of the tests', (progress) => ensurePackages(progress, testPackages));
    await show.run('machine image', ensureImage);
    let failed = 0;
    if (!positionals.length) {
      process.chdir(root);
      failed = await inTerminal([process.execPath, 'house/check.ts']);
    }
    const files = positionals.length ? positionals : ALL;
    failed = (await runTests(files.filter((file) => !ofClusters(file)), Math.max(2, availableParallelism()))) || failed;
    return (await runTests(files.filter(ofClusters), 1)) || failed;
  },
};

async function runTests(files: readonly string[], concurrency: number): Promise<number> {
  if (!files.length) return 0;
  const setup = files.some(isEndToEnd) ? [`--test-global-setup=${join(root, 'test/setup.ts')}`] : [];
  const ends = `--import=${join(root, 'test/ends.ts')}`;
  return inTerminal([process.execPath, '--disable-warning=ExperimentalWarning', ends, '--test', `--test-concurrency=${concurrency}`, ...setup, ...files]);
}
