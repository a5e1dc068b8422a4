import { readFile } from 'node:fs/promises';
import { setInterval } from 'node:timers/promises';
import type { Installation } from '../../wire/installation.ts';
import { keep, rotate } from './keep.ts';
import { identify } from './process.ts';
import { logFile, programs, supervisor, writeRecord } from './programs.ts';

/**
 * The supervisor: `node main.ts <installation.json>`. Told to end (SIGTERM), it ends alone; the programs are stopped by `gantry
 * down`, which knows them by their records.
 */
const installation = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Installation;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

const log = (message: string) => console.log(`${new Date().toISOString()} ${message}`);
const self = identify(process.pid);
if (!self) throw new Error('/proc does not show this process');
await writeRecord(installation.name, supervisor.name, { ...self, startedAt: new Date().toISOString(), restarts: 0 });

async function rotateLogs() {
  for await (const _ of setInterval(10_000, undefined, { signal: stop.signal })) {
    for (const { name } of [...programs, supervisor]) await rotate(logFile(installation, name));
  }
}

const rotating = rotateLogs().catch((error: unknown) => {
  if (!stop.signal.aborted) log(`logs are not rotated any more: ${String(error)}`);
});
await Promise.all([...programs.map((program) => keep(program, installation, stop.signal, log)), rotating]);
