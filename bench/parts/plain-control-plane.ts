import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/engines/command.ts';
import { binDir, type EngineName } from '../../src/engines/index.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { makePki, sign } from '../../src/services/eks/pki.ts';
import { freePort } from '../../test/fixtures/free-port.ts';

/** A control plane without Gantry: upstream's four programs as processes of this machine, with upstream's defaults. */
export interface ControlPlane {
  /** Of its certificates, in PEM. */
  authority: string;
  /** The file of a kubeconfig for who has this name and group: JSON, which is YAML. */
  kubeconfig(commonName: string, organization?: string): Promise<string>;
  /** As an administrator; answers what it prints. */
  kubectl(...words: string[]): Promise<string>;
  stop(): Promise<void>;
}

const SERVICES = '10.96.0.0/16';
const READY_MS = 60_000;

/** Resolves once it answers /readyz. Its files are in `folder`, which is there; it listens at `address`. */
export async function startControlPlane(folder: string, address: string): Promise<ControlPlane> {
  const now = new Date();
  const [pki, [client, peer, port]] = await Promise.all([makePki(now, 'none'), Promise.all([freePort(), freePort(), freePort()])]);
  const serving = await sign(pki.clusterCa, { commonName: 'kube-apiserver', uses: ['server'], addresses: [address, '127.0.0.1', '10.96.0.1'] }, now);
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const server = `https://${address}:${port}`;
  const kubeconfig = async (commonName: string, organization?: string) =>
    kubeconfigOf(server, pki.clusterCa.certificate, await sign(pki.clusterCa, { commonName, ...(organization !== undefined && { organization }), uses: ['client'] }, now));
  const [admin, manager, scheduler] = await Promise.all([
    kubeconfig('admin', 'system:masters').then((text) => file('admin.conf', text)),
    kubeconfig('system:kube-controller-manager').then((text) => file('controller-manager.conf', text)),
    kubeconfig('system:kube-scheduler').then((text) => file('scheduler.conf', text)),
  ]);
  const [ca, caKey, crt, key, saPub, saKey] = await Promise.all([
    file('ca.crt', pki.clusterCa.certificate), file('ca.key', pki.clusterCa.privateKey), file('tls.crt', serving.certificate), file('tls.key', serving.privateKey),
    file('sa.pub', pki.serviceAccount.publicKey), file('sa.key', pki.serviceAccount.privateKey),
  ]);

  const running: ChildProcess[] = [];
  const start = async (engine: EngineName, program: string, args: string[]) => {
    const log = openSync(join(folder, `${program}.log`), 'a');
    running.push(spawn(join(await binDir(engine), program), args, { stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  await start('etcd', 'etcd', [
    `--data-dir=${folder}/etcd`, `--listen-client-urls=http://127.0.0.1:${client}`, `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`, `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`, `--initial-cluster=default=http://127.0.0.1:${peer}`,
  ]);
  await start('kubernetes-1.36', 'kube-apiserver', [
    `--etcd-servers=http://127.0.0.1:${client}`, `--secure-port=${port}`, `--advertise-address=${address}`, '--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${ca}`, `--tls-cert-file=${crt}`, `--tls-private-key-file=${key}`, `--service-account-key-file=${saPub}`, `--service-account-signing-key-file=${saKey}`,
    '--service-account-issuer=https://kubernetes.default.svc', `--service-cluster-ip-range=${SERVICES}`,
  ]);
  await start('kubernetes-1.36', 'kube-controller-manager', [
    `--kubeconfig=${manager}`, '--bind-address=127.0.0.1', `--secure-port=${await freePort()}`, '--use-service-account-credentials=true', `--service-account-private-key-file=${saKey}`,
    `--root-ca-file=${ca}`, `--cluster-signing-cert-file=${ca}`, `--cluster-signing-key-file=${caKey}`,
  ]);
  await start('kubernetes-1.36', 'kube-scheduler', [`--kubeconfig=${scheduler}`, '--bind-address=127.0.0.1', `--secure-port=${await freePort()}`]);

  const stop = async () => void (await Promise.all(running.map(end)));
  const api = kubeClient({ server, certificateAuthority: pki.clusterCa.certificate, clientCertificate: pki.admin.certificate, clientKey: pki.admin.privateKey });
  try {
    const until = performance.now() + READY_MS;
    while (!(await api.raw({ method: 'GET', path: '/readyz' }).then(() => true, () => false))) {
      if (performance.now() > until) throw new Error(`the plain control plane does not answer; its logs are in ${folder}`);
      await sleep(50);
    }
  } catch (error) {
    await stop();
    throw error;
  } finally {
    api.close();
  }
  const program = join(await binDir('kubernetes-1.36'), 'kubectl');
  return {
    authority: pki.clusterCa.certificate,
    kubeconfig,
    kubectl: async (...words) => (await run([program, `--kubeconfig=${admin}`, ...words])).stdout.trim(),
    stop,
  };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

const kubeconfigOf = (server: string, authority: string, { certificate, privateKey }: { certificate: string; privateKey: string }) => JSON.stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'plain', contexts: [{ name: 'plain', context: { cluster: 'plain', user: 'plain' } }],
  clusters: [{ name: 'plain', cluster: { server, 'certificate-authority-data': base64(authority) } }],
  users: [{ name: 'plain', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(privateKey) } }],
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
