import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, run, spawnDetached } from '../../engines/command.ts';
import { namespaceName, namespacePath, removeNamespace } from '../network/index.ts';
import type { Named } from '../network/names.ts';
import { namespaceInode } from '../network/namespaces.ts';
import { paths, type Rendered } from './config.ts';
import { ask, runningHash } from './runtime.ts';
import { checkedServers } from './targets.ts';

/**
 * One HAProxy: a master that keeps the listening sockets and workers that serve. It is known by what answers on its stats socket, not
 * by a process id; all that runs in a balancer's namespace is its HAProxy. A reload starts a new worker, hands it the sockets, and
 * lets the old one finish its connections.
 */

/** It takes a tenth of a second. What is slow on a busy machine is not killed for it: that would cost its connections. */
const readyWithinMs = 30_000;

/** Makes the configuration run: starts HAProxy when it does not answer, reloads it when it runs another one. Says whether it did. */
export async function keepRunning(installation: Named, id: string, folder: string, rendered: Rendered): Promise<boolean> {
  const at = paths(folder);
  const running = await runningHash(at.stats);
  if (running === rendered.hash) return false;
  if (running !== null) await saveServers(folder, await ask(at.stats, ['show servers state']));
  await writeConfig(folder, rendered);
  if (running !== null) {
    await ask(at.master, ['reload'], readyWithinMs).catch(() => '');
    if (await runs(at.stats, rendered.hash)) return true;
  }
  // Nothing answers, or its master does not obey.
  await killAll(installation, id);
  await spawnDetached(['nsenter', `--net=${namespacePath(installation, id)}`, 'haproxy', '-W', '-S', at.master, '-f', at.config], { logFile: at.log });
  if (!(await runs(at.stats, rendered.hash))) throw new Error(`HAProxy did not come up: ${(await readFile(at.log, 'utf8')).trim().slice(-500)}`);
  return true;
}

async function runs(stats: string, hash: string): Promise<boolean> {
  for (const end = Date.now() + readyWithinMs; Date.now() < end; await sleep(20)) if ((await runningHash(stats)) === hash) return true;
  return false;
}

/** A configuration that HAProxy refuses is not put in place of one that runs. */
async function writeConfig(folder: string, rendered: Rendered): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [file, content] of rendered.files) await writeFile(join(folder, file), content);
  const known = checkedServers(await readFile(paths(folder).state, 'utf8').catch(() => ''));
  const path = paths(folder).config;
  const next = `${path}.next`;
  await writeFile(next, rendered.text(known));
  try {
    await run(['haproxy', '-c', '-q', '-f', next]);
  } catch (error) {
    throw new Error(`HAProxy refuses the configuration: ${error instanceof CommandError ? error.stderr.trim().slice(-500) : String(error)}`, { cause: error });
  }
  await writeFile(path, rendered.text(known));
  await rm(next);
}

/** What is known of the servers' health, for the next start: a restarted HAProxy serves at once what was healthy. */
export async function saveServers(folder: string, state: string): Promise<void> {
  await writeFile(paths(folder).state, state);
}

/** Ends every process in the balancer's namespace. Succeeds where there is none. */
export async function killAll(installation: Named, id: string): Promise<void> {
  if ((await namespaceInode(installation, id)) === null) return;
  const pids = async () => (await run(['ip', 'netns', 'pids', namespaceName(installation, id)])).stdout.split('\n').filter(Boolean).map(Number);
  for (let tries = 0; tries < 100; tries++) {
    const left = await pids();
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await sleep(20);
  }
  throw new Error(`processes in the namespace of ${id} do not end`);
}

export async function removeBalancer(installation: Named, id: string, folder: string): Promise<void> {
  await killAll(installation, id);
  await removeNamespace(installation, id);
  await rm(folder, { recursive: true, force: true });
}
