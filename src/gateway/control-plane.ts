import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { runControllers } from '../control/manager.ts';
import type { Env } from '../control/service.ts';
import { services } from '../services/index.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Installation } from '../wire/installation.ts';
import { makeServer } from './server.ts';

/**
 * The control plane of an installation: the store, what a fresh installation has, the controllers, and at last the gateway on
 * 127.0.0.1. Everything it knows is in `<stateDir>/control`, so it can be killed at any moment and started again.
 */
export async function startControlPlane(installation: Installation): Promise<{ close(): Promise<void> }> {
  const folder = join(installation.stateDir, 'control');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const env: Env = {
    installation,
    store: openSqlite(join(folder, 'store.db')),
    now: () => new Date(),
    randomHex: (n) => randomBytes(Math.ceil(n / 2)).toString('hex').slice(0, n),
    log: (message, fields = {}) => console.log(JSON.stringify({ at: new Date().toISOString(), message, ...fields })),
  };
  for (const service of services) await service.seed?.(env);
  const stop = new AbortController();
  const controllers = runControllers(services.flatMap((service) => service.controllers ?? []), env, stop.signal);
  const { server, close } = makeServer(services, env);
  server.listen(installation.port, '127.0.0.1');
  await once(server, 'listening');
  for (const service of services) await service.serve?.(env, stop.signal);
  return {
    async close() {
      close();
      stop.abort();
      await controllers;
      await env.store.close();
    },
  };
}
