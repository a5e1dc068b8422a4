/** A control plane of one member, written by hand: what the eks service sends to its own, by openssl and as short as it can be. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../engines/command.ts';
import type { DesiredFile } from '../../wire/host.ts';

export interface HandMade {
  /** PEM. */
  authority: string;
  files: DesiredFile[];
}

const pki = '/etc/kubernetes/pki';
const certificates = {
  server: { subject: '/CN=kube-apiserver', usage: 'serverAuth,clientAuth' },
  admin: { subject: '/O=system:masters/CN=admin', usage: 'clientAuth' },
} as const;

/** `webhook`: where the API server asks who a token's bearer is. */
export async function handMadeControlPlane({ address, serviceCidr, webhook }: { address: string; serviceCidr: string; webhook: string }): Promise<HandMade> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-pki-'));
  try {
    const at = (name: string) => join(folder, name);
    await run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=kubernetes', '-days', '2', '-keyout', at('ca.key'), '-out', at('ca.crt')]);
    for (const [name, { subject, usage }] of Object.entries(certificates)) {
      await writeFile(at('extensions'), `extendedKeyUsage=${usage}\nsubjectAltName=IP:127.0.0.1,IP:${address},IP:${serviceCidr.replace(/0\/\d+$/, '1')},DNS:kubernetes.default.svc\n`);
      await run(['openssl', 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)]);
      await run(['openssl', 'x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', at('extensions'), '-out', at(`${name}.crt`)]);
    }
    await run(['openssl', 'genrsa', '-out', at('sa.key'), '2048']);
    await run(['openssl', 'rsa', '-in', at('sa.key'), '-pubout', '-out', at('sa.pub')]);
    const names = ['ca.crt', 'ca.key', 'sa.key', 'sa.pub', ...Object.keys(certificates).flatMap((name) => [`${name}.crt`, `${name}.key`])];
    const secrets = await Promise.all(names.map(async (name) => file(`${pki}/${name}`, await readFile(at(name), 'utf8'), 0o600)));
    return { authority: await readFile(at('ca.crt'), 'utf8'), files: [...secrets, ...configuration(webhook), ...Object.entries(processes(address, serviceCidr)).map(([name, args]) => file(`/etc/kubernetes/${name}.args`, `${args.join('\n')}\n`, 0o644))] };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const file = (path: string, content: string, mode: number): DesiredFile => ({ path, content: Buffer.from(content).toString('base64'), mode });

const kubeconfig = (cluster: object, user: object) => JSON.stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'it', contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }], clusters: [{ name: 'it', cluster }], users: [{ name: 'it', user }],
});

const configuration = (webhook: string) => [
  file('/etc/kubernetes/admin.conf', kubeconfig({ server: 'https://127.0.0.1:443', 'certificate-authority': `${pki}/ca.crt` }, { 'client-certificate': `${pki}/admin.crt`, 'client-key': `${pki}/admin.key` }), 0o600),
  file('/etc/kubernetes/authenticator.conf', kubeconfig({ server: webhook }, {}), 0o600),
];

const processes = (address: string, serviceCidr: string) => ({
  etcd: [
    '--name=only', '--data-dir=/var/lib/etcd', `--initial-cluster=only=https://${address}:2380`,
    `--listen-peer-urls=https://${address}:2380`, `--initial-advertise-peer-urls=https://${address}:2380`, '--listen-client-urls=https://127.0.0.1:2379', '--advertise-client-urls=https://127.0.0.1:2379',
    ...['', 'peer-'].flatMap((kind) => [`--${kind}client-cert-auth=true`, `--${kind}trusted-ca-file=${pki}/ca.crt`, `--${kind}cert-file=${pki}/server.crt`, `--${kind}key-file=${pki}/server.key`]),
  ],
  'kube-apiserver': [
    `--advertise-address=${address}`, '--secure-port=443', '--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', '--allow-privileged=true',
    `--client-ca-file=${pki}/ca.crt`, `--tls-cert-file=${pki}/server.crt`, `--tls-private-key-file=${pki}/server.key`, `--service-cluster-ip-range=${serviceCidr}`,
    '--etcd-servers=https://127.0.0.1:2379', `--etcd-cafile=${pki}/ca.crt`, `--etcd-certfile=${pki}/admin.crt`, `--etcd-keyfile=${pki}/admin.key`,
    `--kubelet-client-certificate=${pki}/admin.crt`, `--kubelet-client-key=${pki}/admin.key`, '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${pki}/sa.pub`, `--service-account-signing-key-file=${pki}/sa.key`,
    '--authentication-token-webhook-config-file=/etc/kubernetes/authenticator.conf', '--authentication-token-webhook-version=v1',
  ],
  'kube-controller-manager': [
    '--kubeconfig=/etc/kubernetes/admin.conf', '--bind-address=127.0.0.1', '--use-service-account-credentials=true', `--service-account-private-key-file=${pki}/sa.key`, `--root-ca-file=${pki}/ca.crt`,
    `--cluster-signing-cert-file=${pki}/ca.crt`, `--cluster-signing-key-file=${pki}/ca.key`,
    // Its start is a request or two a controller: the default of 20 a second makes it 8 s.
    '--kube-api-qps=200', '--kube-api-burst=400',
  ],
  'kube-scheduler': ['--kubeconfig=/etc/kubernetes/admin.conf', '--bind-address=127.0.0.1'],
});
