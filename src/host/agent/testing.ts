/** A control plane for tests of the whole agent: it holds a wish that can be changed and keeps what was reported. */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DesiredChange, DesiredKind, DesiredMessage, HostStatus, InstanceCredentials, ObservedChange, ObservedKind, ObservedKinds } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';

/** `surface` answers what is not the host wire's, by its path. */
export async function fakeControlPlane(installation: Installation, surface?: (path: string, body: unknown) => unknown) {
  const wishes = new Map<string, DesiredChange>();
  const observed = new Map<string, unknown>();
  const listeners = new Set<ServerResponse>();
  const status: HostStatus[] = [];
  const requests: string[] = [];
  await mkdir(installation.stateDir, { recursive: true });
  await writeFile(join(installation.stateDir, 'host.token'), 'secret\n');
  const write = (response: ServerResponse, message: DesiredMessage) => response.write(`${JSON.stringify(message)}\n`);
  let server = makeServer();

  function makeServer() {
    return createServer((request, response) => void answer(request, response)).listen(installation.port, '127.0.0.1');
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const what = `${request.method} ${request.url?.split('/')[4] ?? ''}`;
    requests.push(what);
    const ours = request.url?.startsWith('/_gantry/hosts/');
    if (ours && request.headers.authorization !== 'Bearer secret') return void response.writeHead(401).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: unknown = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
    if (!ours) return void response.setHeader('content-type', 'application/json').end(JSON.stringify(surface?.(request.url ?? '', body) ?? {}));
    if (what === 'PUT ') status.push(body as HostStatus);
    if (what === 'PUT observed') {
      for (const { kind, id, value } of body as ObservedChange[]) {
        if (value === null) observed.delete(`${kind}/${id}`);
        else observed.set(`${kind}/${id}`, value);
      }
    }
    if (what === 'GET desired') {
      response.writeHead(200);
      listeners.add(response.on('close', () => listeners.delete(response)));
      return void write(response, { snapshot: [...wishes.values()], revision: 1 });
    }
    const credentials: InstanceCredentials = {
      Code: 'Success', LastUpdated: new Date().toISOString(), Type: 'AWS-HMAC', AccessKeyId: 'ASIATEST', SecretAccessKey: 's', Token: 't',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    };
    response.end(what === 'POST credentials' ? JSON.stringify(credentials) : '{}');
  }

  return {
    status,
    /** `PUT observed` and the like, in order. */
    requests,
    wish(...changes: DesiredChange[]): void {
      for (const change of changes) {
        if (change.value === null) wishes.delete(`${change.kind}/${change.id}`);
        else wishes.set(`${change.kind}/${change.id}`, change);
      }
      for (const response of listeners) write(response, { changes, revision: 2 });
    },
    wished: (kind: DesiredKind, id: string) => wishes.get(`${kind}/${id}`)?.value,
    seen: <K extends ObservedKind>(kind: K, id: string) => observed.get(`${kind}/${id}`) as ObservedKinds[K] | undefined,
    /** Waits for a report that fits. */
    async until<K extends ObservedKind>(kind: K, id: string, fits: (value: ObservedKinds[K] | undefined) => unknown, withinMs = 240_000): Promise<ObservedKinds[K]> {
      const end = Date.now() + withinMs;
      for (;;) {
        const value = observed.get(`${kind}/${id}`) as ObservedKinds[K] | undefined;
        if (fits(value)) return value as ObservedKinds[K];
        if (Date.now() > end) throw new Error(`${kind} ${id} stayed ${JSON.stringify(value)?.slice(0, 500)}; the agent's log ends with:\n${await agentLog(installation)}`);
        await sleep(20);
      }
    },
    async stop(): Promise<void> {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    start(): void {
      server = makeServer();
    },
  };
}

const agentLog = async ({ stateDir }: Installation) => (await readFile(join(stateDir, 'agent.log'), 'utf8').catch(() => '')).slice(-5000);

/** The agent as a program of its own; its log is `<stateDir>/agent.log`. */
export async function startAgent(installation: Installation, env: Record<string, string> = {}) {
  const file = join(installation.stateDir, 'installation.json');
  await writeFile(file, JSON.stringify(installation));
  const log = openSync(join(installation.stateDir, 'agent.log'), 'a');
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, file], { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  return {
    pid: child.pid ?? 0,
    async kill(signal: NodeJS.Signals): Promise<number | null> {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
