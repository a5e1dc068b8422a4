import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Env, Service } from '../src/control/service.ts';
import { makeServer } from '../src/gateway/server.ts';
import { openSqlite } from '../src/store/sqlite.ts';

export const REGION = 'eu-central-1';
export const ACCOUNT = '123456789012';

/** Some services behind the real gateway and store, without their controllers: for tests with AWS's own clients. */
export interface Served {
  env: Env;
  /** The clock stands `skewMs` after the true one: for what expires. */
  clock: { skewMs: number };
  /** What an SDK client is made with: the administrator, unless other credentials are given. */
  client(credentials?: object): { region: string; endpoint: string; maxAttempts: number; credentials: { accessKeyId: string; secretAccessKey: string } };
  close(): Promise<void>;
}

const ADMIN = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'secret/with+signs' };

export async function served(services: Service[]): Promise<Served> {
  const stateDir = mkdtempSync(join(tmpdir(), 'gantry-served-'));
  mkdirSync(join(stateDir, 'control'));
  writeFileSync(join(stateDir, 'admin.json'), JSON.stringify(ADMIN));
  const clock = { skewMs: 0 };
  const env: Env = {
    installation: { name: 'test', account: ACCOUNT, region: REGION, zones: ['a', 'b', 'c'].map((zone) => `${REGION}${zone}`), domain: 'test.internal', port: 0, publicCidr: '198.18.0.0/22', stateDir },
    store: openSqlite(join(stateDir, 'control', 'store.db')),
    now: () => new Date(Date.now() + clock.skewMs),
    randomHex: (n) => randomBytes(Math.ceil(n / 2)).toString('hex').slice(0, n),
    log: (message, fields) => console.error(message, fields),
  };
  for (const service of services) await service.seed?.(env);
  const { server } = makeServer(services, env);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    env,
    clock,
    client: (credentials = {}) => ({ region: REGION, endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1, credentials: { ...ADMIN, ...credentials } }),
    async close() {
      server.close();
      server.closeAllConnections();
      await env.store.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

/** `Code: message` of the error with which a call was refused. */
export const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => 'was not refused', (error: Error) => `${error.name.replace(/Exception$/, '')}: ${error.message}`);
