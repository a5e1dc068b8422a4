import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { Installation } from '../wire/installation.ts';
import { runAgent } from './agent/agent.ts';

/**
 * The host agent as a program: `node main.ts <installation.json>`. SIGTERM ends it and leaves everything that it made running (a
 * service manager must not kill its children: `KillMode=process`).
 */
const installation = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Installation;
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
const log = (message: string, fields: Record<string, unknown> = {}) => console.log(JSON.stringify({ at: new Date().toISOString(), message, ...fields }));

await beAlone(installation.name);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
log('host agent started', { installation: installation.name, pid: process.pid });
await runAgent(installation, { version, log, signal: stop.signal });
process.exit(0);

/** Two agents would undo each other's work. The name is taken in the kernel (an abstract Unix socket), which frees it when this process ends. */
async function beAlone(name: string): Promise<void> {
  const lock = createServer((socket) => socket.destroy());
  lock.listen(`\0gantry/${name}/host`);
  await once(lock, 'listening').catch((error: NodeJS.ErrnoException) => {
    console.error(error.code === 'EADDRINUSE' ? `another host agent of ${name} is running` : error);
    process.exit(1);
  });
  lock.unref();
}
