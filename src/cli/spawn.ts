import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { UserError } from './command.ts';

/** Runs a program in the user's terminal, as if they had typed it. Answers its exit code, a shell's 128 + n for a signal. */
export async function inTerminal(argv: string[], env: Record<string, string | undefined> = {}): Promise<number> {
  const [program = '', ...args] = argv;
  // The terminal sends an interrupt to both; which of them ends the command is the program's business.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal ? constants.signals[signal] : 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UserError(`\`${program}\` is not on the PATH`);
    throw error;
  } finally {
    process.off('SIGINT', ignore);
  }
}
