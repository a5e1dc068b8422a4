import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** The one way to run another program: an argv (never a shell string), both outputs kept, argv and outputs in the error. */
export interface RunOptions {
  input?: string | Uint8Array;
  /** Added to (or with `undefined` taken from) this process's environment. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** The program is killed (SIGKILL) after it. Default: none. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Told each line of stderr as it comes, for progress. */
  onLine?: (line: string) => void;
}

/** A program that did not start (`exitCode` and `killedBy` are null), ended with another code than 0, or was killed. */
export class CommandError extends Error {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(argv: readonly string[], why: string, end: { exitCode: number | null; killedBy: NodeJS.Signals | null; stdout: string; stderr: string }, cause?: unknown) {
    const output = tail(end.stderr) || tail(end.stdout);
    super(`${argv.join(' ')}: ${why}${output ? `: ${output}` : ''}`, { cause });
    this.name = 'CommandError';
    this.argv = argv;
    this.exitCode = end.exitCode;
    this.killedBy = end.killedBy;
    this.stdout = end.stdout;
    this.stderr = end.stderr;
  }
}

/** What is worth reading of an output in a one-line message: its last 2000 characters. */
const tail = (text: string) => text.trim().slice(-2000);

export function run(argv: readonly string[], options: RunOptions = {}): Promise<{ stdout: string; stderr: string }> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      signal: options.signal,
    });
    let stdout = '';
    let stderr = '';
    let line = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      if (!options.onLine) return;
      const lines = (line + chunk).split('\n');
      line = lines.pop() ?? '';
      lines.forEach(options.onLine);
    });
    // A program may end without having read all of its input; its exit code tells whether that was right.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
    child.on('error', (error) => reject(new CommandError(argv, error.message, { exitCode: null, killedBy: null, stdout, stderr }, error)));
    // What a killed program started may live on and hold the pipes open; nobody waits for that.
    child.on('exit', (_code, killedBy) => killedBy && [child.stdout, child.stderr].forEach((stream) => stream?.destroy()));
    child.on('close', (exitCode, killedBy) => {
      if (exitCode === 0) resolve({ stdout, stderr });
      else reject(new CommandError(argv, killedBy ? `killed by ${killedBy}` : `exit code ${exitCode}`, { exitCode, killedBy, stdout, stderr }));
    });
  });
}

/** Starts a program that outlives this one, in a session of its own, its output added to `logFile`. Answers its process id. */
export async function spawnDetached(argv: readonly string[], { logFile, env, cwd = '/' }: { logFile: string; env?: Record<string, string | undefined>; cwd?: string }): Promise<number> {
  const [program = '', ...args] = argv;
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(program, args, { detached: true, cwd, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new CommandError(argv, error.message, { exitCode: null, killedBy: null, stdout: '', stderr: '' }, error)));
    });
    child.unref();
    return child.pid ?? 0;
  } finally {
    closeSync(log);
  }
}
