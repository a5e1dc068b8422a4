import { copyFile, stat, truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../control/backoff.ts';
import { spawnDetached } from '../../engines/command.ts';
import type { Installation } from '../../wire/installation.ts';
import { gone, identify } from './process.ts';
import { argvOf, logFile, readRecord, running, writeRecord, type Program } from './programs.ts';

/** A crash loop still starts the program every 2 s: something outside may have been mended. */
const MOST_PAUSE_MS = 2_000;
/** A program that lived this long was well; its next death starts the pauses from the shortest. */
const WELL_AFTER_MS = 10_000;
const LOG_BYTES = 16 * 1024 * 1024;

/**
 * Keeps one program running until the signal. What it starts is in a session of its own and writes to the log file itself, so that
 * it lives on when this process dies; the next supervisor adopts it by its record.
 */
export async function keep(program: Program, installation: Installation, signal: AbortSignal, log: (message: string) => void): Promise<void> {
  const pause = backoff({ minMs: 100, maxMs: MOST_PAUSE_MS });
  while (!signal.aborted) {
    const adopted = await running(program, installation);
    if (adopted) {
      log(`${program.name}: goes on as process ${adopted.pid}`);
      await writeRecord(installation.name, program.name, adopted);
    }
    const started = Date.now();
    const record = adopted ?? (await start(program, installation, log));
    if (record) await gone(record, signal).catch(() => {});
    if (signal.aborted) return;
    if (Date.now() - started > WELL_AFTER_MS) pause.reset();
    const ms = pause.next();
    log(`${program.name}: ended, starts again in ${ms} ms`);
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}

async function start(program: Program, installation: Installation, log: (message: string) => void) {
  const before = await readRecord(installation.name, program.name);
  try {
    const pid = await spawnDetached(argvOf(program, installation), { logFile: logFile(installation, program.name) });
    const identity = identify(pid);
    if (!identity) return undefined;
    const record = { ...identity, startedAt: new Date().toISOString(), restarts: before ? before.restarts + 1 : 0 };
    await writeRecord(installation.name, program.name, record);
    log(`${program.name}: started as process ${pid}`);
    return record;
  } catch (error) {
    log(`${program.name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** One old log is kept. Programs append, so a truncated file goes on from its start. */
export async function rotate(file: string, limit = LOG_BYTES): Promise<void> {
  const size = await stat(file).then((found) => found.size, () => 0);
  if (size < limit) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
}
