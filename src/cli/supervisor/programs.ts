import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runDirOf } from '../../wire/paths.ts';
import type { Installation } from '../../wire/installation.ts';
import { identify, isAlive, type ProcessIdentity } from './process.ts';

/** A program of an installation that is kept running, started as `node … <script> <stateDir>/installation.json`. */
export interface Program {
  name: ProgramName;
  /** Absolute. Another clone's, which may have started it, ends alike from `/src/` on. */
  script: string;
}

const source = (path: string) => join(import.meta.dirname, '../..', path);

/** In the order in which they are started; stopped in the reverse one. */
export const programs: readonly Program[] = [
  { name: 'control-plane', script: source('cli/programs/control-plane.ts') },
  { name: 'host-agent', script: source('host/main.ts') },
];
export const supervisor: Program = { name: 'supervisor', script: source('cli/supervisor/main.ts') };

export type ProgramName = 'control-plane' | 'host-agent' | 'supervisor';

const installationFile = (installation: Pick<Installation, 'stateDir'>) => join(installation.stateDir, 'installation.json');

export function argvOf(program: Program, installation: Pick<Installation, 'stateDir'>): string[] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', program.script, installationFile(installation)];
}

/** What is kept of a program that was started, in `<runDir>/<name>.json`. */
export interface ProgramRecord extends ProcessIdentity {
  /** ISO 8601. */
  startedAt: string;
  /** How often it was started again since `gantry up`. */
  restarts: number;
}

const recordFile = (name: string, program: ProgramName) => join(runDirOf(name), `${program}.json`);

export const logFile = (installation: Pick<Installation, 'stateDir'>, program: ProgramName) => join(installation.stateDir, 'logs', `${program}.log`);

export async function readRecord(name: string, program: ProgramName): Promise<ProgramRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(name, program), 'utf8')) as ProgramRecord;
  } catch {
    return undefined;
  }
}

/**
 * The program, if it runs now: by its record, or, where whoever started it has not written that yet or died before it did, by its
 * command line. Then a record that is there is its predecessor's, so it was started once more.
 */
export async function running(program: Program, installation: Pick<Installation, 'name' | 'stateDir'>): Promise<ProgramRecord | undefined> {
  const record = await readRecord(installation.name, program.name);
  if (record && isAlive(record)) return record;
  const found = find(program, installation);
  return found && { ...found, startedAt: new Date().toISOString(), restarts: record ? record.restarts + 1 : 0 };
}

/** From whichever clone of Gantry it was started. */
function find(program: Program, installation: Pick<Installation, 'stateDir'>): ProcessIdentity | undefined {
  const file = installationFile(installation);
  const script = program.script.slice(program.script.lastIndexOf('/src/'));
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const argv = commandLine(pid);
    if (argv.at(-1) === file && argv.at(-2)?.endsWith(script)) return identify(Number(pid));
  }
  return undefined;
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export async function writeRecord(name: string, program: ProgramName, record: ProgramRecord): Promise<void> {
  const file = recordFile(name, program);
  await mkdir(runDirOf(name), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
}

export const forgetRecord = (name: string, program: ProgramName) => rm(recordFile(name, program), { force: true });
