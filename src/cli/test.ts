import { availableParallelism } from 'node:os';
import { ensureImage } from '../../images/index.ts';
import { needRoot, type Command } from './command.ts';
import { ensureEngines } from './engines.ts';
import { inTerminal } from './spawn.ts';
import { steps } from './terminal.ts';
import { root } from './version.ts';

const ALL = ['src', 'test', 'images', 'house'].map((folder) => `${folder}/**/*.test.ts`);

export const command: Command = {
  usage: '[FILE…]',
  summary: 'the whole test suite, or some of its files; makes real namespaces, containers and packets',
  async run({ positionals }) {
    needRoot();
    await ensureEngines();
    await steps().run('machine image', ensureImage);
    const argv = [process.execPath, '--disable-warning=ExperimentalWarning', '--test', `--test-concurrency=${Math.max(2, availableParallelism())}`];
    if (positionals.length) return inTerminal([...argv, ...positionals]);
    process.chdir(root);
    return inTerminal([...argv, ...ALL]);
  },
};
