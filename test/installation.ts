import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startControlPlane } from '../src/gateway/control-plane.ts';
import type { DesiredKinds, DesiredMessage, InstanceCredentials, ObservedChange } from '../src/wire/host.ts';
import { freePort } from './fixtures/free-port.ts';

const KEY = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'a secret of tests' };
const TOKEN = 'host-token';

/** A whole control plane in this process, on a free port and in a temporary folder: what tests of services call through the SDK. */
export async function startInstallation() {
  const stateDir = mkdtempSync(join(tmpdir(), 'gantry-t-'));
  writeFileSync(join(stateDir, 'admin.json'), JSON.stringify(KEY));
  writeFileSync(join(stateDir, 'host.token'), TOKEN);
  const port = await freePort();
  const region = 'us-east-1';
  const zones = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
  const start = () => startControlPlane({ name: 't', account: '123456789012', region, zones, domain: 't.internal', port, publicCidr: '198.18.0.0/22', stateDir });
  let controlPlane = await start();
  return {
    port,
    /** What an SDK client is made with. */
    client: { region, endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1, credentials: KEY },
    /** Ends the control plane and starts it again from what it stored. */
    async restart() {
      await controlPlane.close();
      controlPlane = await start();
    },
    async close() {
      await controlPlane.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

/** An agent that makes nothing and says at once that all is as wished; it speaks the real wire. */
export async function startFakeHost(port: number, status: { memoryMiB: number; zones: string[] }, id = 'host-fake') {
  const url = `http://127.0.0.1:${port}/_gantry/hosts/${id}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  const put = async (path: string, body: unknown) => void (await fetch(`${url}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) }));
  const observe = (changes: ObservedChange[]) => put('/observed', changes);
  await put('', { vcpus: 4, agentVersion: 't', ...status });
  const desired = new Map<string, unknown>();
  const stop = new AbortController();

  async function follow(): Promise<void> {
    const response = await fetch(`${url}/desired`, { headers, signal: stop.signal });
    let rest = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) await take(JSON.parse(line) as DesiredMessage);
    }
  }

  async function take(message: DesiredMessage): Promise<void> {
    for (const { kind, id: thing, value } of 'snapshot' in message ? message.snapshot : message.changes) {
      if (value === null) desired.delete(`${kind}/${thing}`);
      else desired.set(`${kind}/${thing}`, value);
      if (kind === 'instance') await observe([{ kind, id: thing, value: value && { generation: value.generation, state: value.power === 'on' ? 'running' : 'stopped' } }]);
      if (kind === 'volume') await observe([{ kind, id: thing, value: value && { state: value.attachment ? 'attached' : 'available', sizeGiB: value.sizeGiB, ...(value.attachment && { attachedTo: value.attachment }) } }]);
      if (kind === 'snapshot') await observe([{ kind, id: thing, value: value && { state: 'completed' } }]);
    }
  }

  /** Again when the control plane was away. */
  async function followOn(): Promise<void> {
    while (!stop.signal.aborted) await follow().catch(() => sleep(100));
  }

  const following = followOn();
  return {
    observe,
    get: <K extends keyof DesiredKinds>(kind: K, thing: string) => desired.get(`${kind}/${thing}`) as DesiredKinds[K] | undefined,
    ids: (kind: keyof DesiredKinds) => [...desired.keys()].filter((key) => key.startsWith(`${kind}/`)).map((key) => key.slice(kind.length + 1)),
    /** As the metadata service asks for them. */
    async credentials(instanceId: string): Promise<InstanceCredentials | undefined> {
      const response = await fetch(`${url}/credentials`, { method: 'POST', headers, body: JSON.stringify({ instanceId }) });
      return response.ok ? ((await response.json()) as InstanceCredentials) : undefined;
    },
    list: <K extends keyof DesiredKinds>(kind: K) => [...desired].filter(([key]) => key.startsWith(`${kind}/`)).map(([, value]) => value as DesiredKinds[K]),
    async close() {
      stop.abort();
      await following;
    },
  };
}

/** Asks again until it holds, for two minutes. */
export async function eventually<T>(ask: () => T | Promise<T>, holds: (value: T) => boolean = Boolean): Promise<T> {
  for (const end = Date.now() + 120_000; ;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`never held: ${JSON.stringify(value)}`);
    await sleep(25);
  }
}
