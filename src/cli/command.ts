import type { ParseArgsConfig } from 'node:util';

/** One thing that a person can type after `gantry`; each has a file of its own and is named in `main.ts`. */
export interface Command {
  /** What follows the command's name: `[program] [-f]`. */
  usage: string;
  summary: string;
  options?: NonNullable<ParseArgsConfig['options']>;
  /** Everything after the command's name is passed on unread. */
  raw?: boolean;
  /** Answers the exit code, 0 if nothing. */
  run(input: CommandInput): Promise<number | void>;
}

export interface CommandInput {
  /** The installation, by `--name` or GANTRY_NAME. */
  name: string;
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  positionals: string[];
}

/** A failure that the user can mend: its message is all that they are shown. */
export class UserError extends Error {}

export function needRoot(): void {
  if (process.getuid?.() !== 0) throw new UserError('this makes network namespaces, mounts and cgroups: run it as root (sudo ./gantry …)');
}
