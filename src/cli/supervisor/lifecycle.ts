import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, spawnDetached } from '../../engines/command.ts';
import { withLock } from '../../engines/lock.ts';
import type { Progress } from '../../engines/progress.ts';
import type { Installation } from '../../wire/installation.ts';
import { runRoot } from '../../wire/paths.ts';
import { health } from '../health.ts';
import { stop } from './process.ts';
import { argvOf, forgetRecord, logFile, programs, running, supervisor, type Program } from './programs.ts';

type Named = Pick<Installation, 'name' | 'stateDir'>;

const READY_WITHIN_MS = 180_000;
/** That often started again without having become ready: it will not. */
const MOST_RESTARTS = 5;
const SHOWN_LINES = 25;

/** One `up` or `down` of an installation at a time. */
export const alone = <T>(name: string, work: () => Promise<T>, onWait?: () => void): Promise<T> => withLock(join(runRoot(), `.${name}.lock`), work, onWait);

/** Starts the supervisor, unless it runs. Programs that outlived an earlier one are adopted. */
export async function startSupervisor(installation: Installation): Promise<void> {
  if (await running(supervisor, installation)) return;
  const file = logFile(installation, supervisor.name);
  await mkdir(dirname(file), { recursive: true });
  const argv = argvOf(supervisor, installation);
  if (!(await startUnit(installation, argv, file))) await spawnDetached(argv, { logFile: file });
}

const withSystemd = () => existsSync('/run/systemd/system');
const unitOf = (name: string) => `gantry-${name}.service`;

/**
 * Where systemd runs (sd_booted(3)), the supervisor is a transient unit, `gantry-<name>.service`: it belongs to no login, and is started
 * again when it dies. The unit's end is no end of what the supervisor kept, and neither is that of one program by the lack of memory.
 */
async function startUnit({ name }: Installation, argv: string[], file: string): Promise<boolean> {
  if (!withSystemd()) return false;
  const properties = ['Restart=on-failure', 'RestartSec=1', 'StartLimitIntervalSec=0', 'KillMode=process', 'OOMPolicy=continue', 'TasksMax=infinity', `StandardOutput=append:${file}`, `StandardError=append:${file}`];
  // As it would be started here: proxies, certificates, Go's settings and our own.
  const environment = Object.keys(process.env).map((variable) => `--setenv=${variable}`);
  const unit = [`--unit=${unitOf(name)}`, `--description=Gantry ${name}`, ...properties.map((property) => `--property=${property}`), ...environment];
  return run(['systemd-run', '--quiet', '--collect', ...unit, '--', ...argv], { timeoutMs: 30_000 }).then(() => true, () => false);
}

/** Ends the supervisor, then what it kept. Succeeds where nothing runs. */
export async function stopPrograms(installation: Named): Promise<void> {
  // Also one that has just died, and would be started again. There may be no such unit.
  if (withSystemd()) await run(['systemctl', 'stop', unitOf(installation.name)]).catch(() => {});
  for (const program of [supervisor, ...programs.toReversed()]) {
    for (let found; (found = await running(program, installation)); ) await stop(found);
    await forgetRecord(installation.name, program.name);
  }
}

/** Resolves once the gateway answers and this machine's agent has spoken; fails with the end of the log of the program that is to blame. */
export async function waitReady(installation: Installation, progress: Progress): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  const restarts = async () => Promise.all(programs.map(async (program) => (await running(program, installation))?.restarts));
  const first = await restarts();
  for (;;) {
    const answer = await health(installation);
    const now = await restarts();
    if (answer && answer.hosts > 0 && now.every((count) => count !== undefined)) return;
    const waitingFor: Program = programs[answer ? 1 : 0]!;
    progress({ what: `waiting for the ${waitingFor.name.replace('-', ' ')}` });
    const dying = programs.find((_, i) => (now[i] ?? 0) - (first[i] ?? 0) >= MOST_RESTARTS);
    if (dying) throw new Error(await withLog(`the ${dying.name.replace('-', ' ')} dies as soon as it is started`, dying, installation));
    if (Date.now() > deadline) {
      throw new Error(await withLog(`the ${waitingFor.name.replace('-', ' ')} was not ready within ${READY_WITHIN_MS / 1000} s`, waitingFor, installation));
    }
    await sleep(100);
  }
}

async function withLog(what: string, program: Program, installation: Installation): Promise<string> {
  const file = logFile(installation, program.name);
  const log = await readFile(file, 'utf8').catch(() => '');
  const end = log.trimEnd().split('\n').slice(-SHOWN_LINES).map((line) => `  ${line}`);
  return [`${what}. The end of ${file}:`, ...end].join('\n');
}
