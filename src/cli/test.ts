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

const ALL = ['src', 'test', 'images', 'house'].map((folder) => `${folder}/**/*.test.ts`);
/** End-to-end tests: they share an installation, which test/setup.ts brings up before the run and takes down after it. */
const isEndToEnd = (file: string) => resolve(file).startsWith(join(root, 'test/'));

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
    const files = positionals.length ? positionals : ALL;
    const setup = files.some(isEndToEnd) ? [`--test-global-setup=${join(root, 'test/setup.ts')}`] : [];
    const options = ['--disable-warning=ExperimentalWarning', '--test', `--test-concurrency=${Math.max(2, availableParallelism())}`, ...setup];
    if (files !== ALL) return inTerminal([process.execPath, ...options, ...files]);
    process.chdir(root);
    const kept = await inTerminal([process.execPath, 'house/check.ts']);
    return (await inTerminal([process.execPath, ...options, ...files])) || kept;
  },
};
