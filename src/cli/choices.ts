import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../engines/lock.ts';
import type { Installation } from '../wire/installation.ts';
import { machineFile } from '../wire/paths.ts';

/**
 * Which ports and public addresses the installations of this machine have chosen, whatever their homes, from the choice on: before
 * anything listens on the one or routes the others. A file each, named after the port, gone with the installation or a reboot.
 */
export type Choice = Pick<Installation, 'port' | 'publicCidr' | 'stateDir'>;

const folder = machineFile('choices');
const fileOf = ({ port }: Choice) => join(folder, String(port));

/** One choice at a time on this machine; `choose` is given those that stand. */
export function choosing<T>(choose: (others: Choice[]) => Promise<T>): Promise<T> {
  return withLock(machineFile('lock'), async () => choose(await standing()));
}

export async function reserve({ port, publicCidr, stateDir }: Choice): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(fileOf({ port, publicCidr, stateDir }), `${JSON.stringify({ port, publicCidr, stateDir })}\n`);
}

/** The choice of an installation that is gone. */
export async function forgetChoice(stateDir: string): Promise<void> {
  for (const choice of await all()) if (choice.stateDir === stateDir) await rm(fileOf(choice), { force: true });
}

/** Without those whose installation was deleted, or never came to be written. */
async function standing(): Promise<Choice[]> {
  const found = await all();
  const stands = (choice: Choice) => existsSync(join(choice.stateDir, 'installation.json'));
  for (const choice of found) if (!stands(choice)) await rm(fileOf(choice), { force: true });
  return found.filter(stands);
}

async function all(): Promise<Choice[]> {
  const names = await readdir(folder).catch(() => []);
  const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Choice;
  // One that went just now, or was cut short, is none.
  return (await Promise.all(names.map((name) => read(name).catch(() => undefined)))).filter((choice) => choice !== undefined);
}
