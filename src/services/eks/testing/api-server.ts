import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeClient } from '../../../kube/client.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { makePki, sign } from '../pki.ts';

/** A real kube-apiserver on a real etcd, on loopback and in a folder of its own, for tests. */
export interface TestApiServer {
  client: KubeClient;
  /** Stops the API server and starts it again on the same etcd. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** It takes five seconds; twenty tests at once make it more. */
const READY_WITHIN_MS = 240_000;
const CACHE = process.env['GANTRY_CACHE'] ?? '/var/cache/gantry';

/** The program of an engine that was built already; tests build none. */
export function builtEngine(engine: string, program: string): string | undefined {
  const root = join(CACHE, 'engines', engine);
  if (!existsSync(root)) return undefined;
  return readdirSync(root).map((key) => join(root, key, 'bin', program)).find((path) => existsSync(path));
}

/** Why such a test must be skipped on this machine; undefined if it need not. */
export const whyNotHere = (): string | undefined =>
  builtEngine('kubernetes-1.36', 'kube-apiserver') && builtEngine('etcd', 'etcd') ? undefined : 'the engines kubernetes-1.36 and etcd are not built: gantry engines build';

/** Below those that the kernel gives to connections: there, another may have it before we listen. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(24_100, 30_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

export async function startApiServer(): Promise<TestApiServer> {
  const folder = mkdtempSync('/tmp/gantry-kube-');
  const [etcdPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const now = new Date();
  const pki = await makePki(now, 'token');
  const serving = await sign(pki.clusterCa, { commonName: 'kube-apiserver', uses: ['server'], names: ['localhost'], addresses: ['127.0.0.1'] }, now);
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const [ca, crt, key] = [file('ca.crt', pki.clusterCa.certificate), file('tls.crt', serving.certificate), file('tls.key', serving.privateKey)];
  const [saPub, saKey] = [file('sa.pub', pki.serviceAccount.publicKey), file('sa.key', pki.serviceAccount.privateKey)];
  const log = openSync(join(folder, 'log'), 'a');
  const etcd = spawn(builtEngine('etcd', 'etcd') ?? '', [
    `--data-dir=${folder}/etcd`, `--listen-client-urls=http://127.0.0.1:${etcdPort}`, `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`, '--unsafe-no-fsync', '--log-level=error',
  ], { stdio: ['ignore', log, log] });
  const startServer = () => spawn(builtEngine('kubernetes-1.36', 'kube-apiserver') ?? '', [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', '--endpoint-reconciler-type=none', '--authorization-mode=RBAC',
    `--client-ca-file=${ca}`, `--tls-cert-file=${crt}`, `--tls-private-key-file=${key}`, `--service-account-key-file=${saPub}`, `--service-account-signing-key-file=${saKey}`,
    '--service-account-issuer=https://kubernetes.default.svc', '--service-cluster-ip-range=10.100.0.0/16', '--disable-admission-plugins=ServiceAccount', '--profiling=false',
  ], { stdio: ['ignore', log, log] });
  let server = startServer();
  const client = kubeClient({ server: `https://localhost:${port}`, address: '127.0.0.1', certificateAuthority: pki.clusterCa.certificate, clientCertificate: pki.admin.certificate, clientKey: pki.admin.privateKey });
  const close = async () => {
    client.close();
    await Promise.all([stop(server), stop(etcd)]);
    closeSync(log);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(client, server);
  } catch (error) {
    console.error(readFileSync(join(folder, 'log'), 'utf8').slice(-5000));
    await close();
    throw error;
  }
  return {
    client,
    close,
    async restart() {
      await stop(server);
      server = startServer();
      await ready(client, server);
    },
  };
}

async function ready(client: KubeClient, server: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(200)) {
    if (await client.raw({ method: 'GET', path: '/readyz' }).then(() => true, () => false)) return;
    if (server.exitCode !== null) throw new Error(`kube-apiserver ended with ${server.exitCode}`);
    if (Date.now() > deadline) throw new Error(`kube-apiserver is not ready after ${READY_WITHIN_MS} ms`);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
