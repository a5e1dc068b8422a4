import type { DesiredFile } from '../../../wire/host.ts';
import type { Installation } from '../../../wire/installation.ts';
import { AUTHENTICATE_PATH, LOGS_PATH } from '../paths.ts';
import type { Cluster, KeyPair, Member, MemberPki, Pki } from '../records.ts';
import { API_PORT, PKI, argumentsOf } from './arguments.ts';
import { AUDIT_POLICY } from './audit-policy.ts';
import { SERVICES } from './services.ts';

/** Everything of a member that is the cluster's own; pure, so that equal records are equal files. `issuerAuthority`: a certificate. */
export function memberFiles(cluster: Cluster, member: Member, pki: Pki, own: MemberPki, issuerAuthority: string, installation: Installation): DesiredFile[] {
  const { network, etcd } = member;
  if (!network || !etcd) throw new Error(`${member.id} has no address or no etcd cluster yet`);
  const gateway = `http://api.${installation.domain}:${installation.port}`;
  const started = argumentsOf(cluster, { ...member, network, etcd }, installation);
  return [
    ...Object.entries(started).map(([process, list]) => file(`/etc/kubernetes/${process}.args`, `${list.join('\n')}\n`, 0o644)),
    ...pair('ca', pki.clusterCa), ...pair('etcd/ca', { ...pki.etcdCa, privateKey: '' }), ...pair('front-proxy-ca', { ...pki.frontProxyCa, privateKey: '' }),
    // What pods are given to trust (kube-root-ca.crt): the API server, and the issuer of their tokens.
    file(`${PKI}/root-ca.crt`, pki.clusterCa.certificate + issuerAuthority, 0o644),
    file(`${PKI}/sa.pub`, pki.serviceAccount.publicKey, 0o644), file(`${PKI}/sa.key`, pki.serviceAccount.privateKey, 0o600),
    ...pair('apiserver', own.apiserver), ...pair('apiserver-kubelet-client', own.kubeletClient), ...pair('apiserver-etcd-client', own.etcdClient),
    ...pair('front-proxy-client', own.frontProxyClient), ...pair('etcd/server', own.etcdServer), ...pair('etcd/peer', own.etcdPeer),
    file('/etc/kubernetes/controller-manager.conf', kubeconfig(pki, own.controllerManager), 0o600),
    file('/etc/kubernetes/scheduler.conf', kubeconfig(pki, own.scheduler), 0o600),
    file('/etc/kubernetes/authenticator.conf', webhook(`${gateway}${AUTHENTICATE_PATH(cluster.name)}`), 0o644),
    file('/etc/kubernetes/audit-policy.yaml', AUDIT_POLICY, 0o644),
    file('/etc/kubernetes/logs.json', JSON.stringify({ url: `${gateway}${LOGS_PATH(cluster.name)}`, member: member.id, token: pki.token, types: cluster.logging }), 0o600),
    ...Object.entries(SERVICES).map(([path, script]) => file(path, script, 0o755)),
  ];
}

const file = (path: string, text: string, mode: number): DesiredFile => ({ path, content: Buffer.from(text).toString('base64'), mode });

/** Without a private key only the certificate. */
function pair(name: string, { certificate, privateKey }: KeyPair): DesiredFile[] {
  return [file(`${PKI}/${name}.crt`, certificate, 0o644), ...(privateKey ? [file(`${PKI}/${name}.key`, privateKey, 0o600)] : [])];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** JSON is YAML. Each process talks to the API server beside it. */
const kubeconfig = (pki: Pki, client: KeyPair) => JSON.stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'default',
  clusters: [{ name: 'default', cluster: { server: `https://127.0.0.1:${API_PORT}`, 'certificate-authority-data': base64(pki.clusterCa.certificate) } }],
  contexts: [{ name: 'default', context: { cluster: 'default', user: 'default' } }],
  users: [{ name: 'default', user: { 'client-certificate-data': base64(client.certificate), 'client-key-data': base64(client.privateKey) } }],
});

const webhook = (server: string) => JSON.stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'default',
  clusters: [{ name: 'default', cluster: { server } }],
  contexts: [{ name: 'default', context: { cluster: 'default', user: 'default' } }],
  users: [{ name: 'default', user: {} }],
});
