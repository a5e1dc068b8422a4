import type { Installation } from '../../../wire/installation.ts';
import { nth } from '../net.ts';
import type { Cluster, Member } from '../records.ts';
import { issuerOf } from '../shapes.ts';

/** Arguments of a member's four processes: upstream's, unmodified. Paths are those of `files.ts`. */

export const PKI = '/etc/kubernetes/pki';
export const AUDIT_LOG = '/var/log/kube-apiserver-audit/audit.log';
export const API_PORT = 443;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;

type Settled = Member & { network: NonNullable<Member['network']>; etcd: NonNullable<Member['etcd']> };

/** The API server's own Service: the first address of the service range. */
export const apiServiceAddress = (cluster: Pick<Cluster, 'serviceCidr'>) => nth(cluster.serviceCidr, 1);
export const dnsServiceAddress = (cluster: Pick<Cluster, 'serviceCidr'>) => nth(cluster.serviceCidr, 10);

export const peerUrl = (address: string) => `https://${address}:${ETCD_PEER_PORT}`;

const LEAST_TLS = 'VersionTLS12';
/** How long the API server goes on with what it was told of a token: nodes and users outlive a pause of Gantry's control plane. */
const WEBHOOK_CACHE = '7m';
/**
 * Writes on their way to a leader that dies are lost to its followers for as long as these wait for it, and answered only after etcd's own
 * patience. Members are a fraction of a millisecond apart, so half of etcd's own second is still a hundred round trips.
 */
const ELECTION = ['--heartbeat-interval=100', '--election-timeout=500'];

export function argumentsOf(cluster: Cluster, member: Settled, installation: Installation): Record<'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler', string[]> {
  return {
    etcd: etcd(cluster, member),
    'kube-apiserver': apiServer(cluster, member, installation),
    'kube-controller-manager': controllerManager(cluster),
    'kube-scheduler': scheduler(),
  };
}

function etcd(cluster: Cluster, { id, network: { address }, etcd: { state, initialCluster } }: Settled): string[] {
  return [
    `--name=${id}`, '--data-dir=/var/lib/etcd',
    `--listen-peer-urls=${peerUrl(address)}`, `--initial-advertise-peer-urls=${peerUrl(address)}`,
    `--listen-client-urls=https://127.0.0.1:${ETCD_CLIENT_PORT},https://${address}:${ETCD_CLIENT_PORT}`, `--advertise-client-urls=https://${address}:${ETCD_CLIENT_PORT}`,
    `--initial-cluster=${initialCluster}`, `--initial-cluster-state=${state}`, `--initial-cluster-token=${cluster.id}`,
    '--client-cert-auth=true', `--trusted-ca-file=${PKI}/etcd/ca.crt`, `--cert-file=${PKI}/etcd/server.crt`, `--key-file=${PKI}/etcd/server.key`,
    '--peer-client-cert-auth=true', `--peer-trusted-ca-file=${PKI}/etcd/ca.crt`, `--peer-cert-file=${PKI}/etcd/peer.crt`, `--peer-key-file=${PKI}/etcd/peer.key`,
    '--auto-compaction-mode=periodic', '--auto-compaction-retention=5m', '--quota-backend-bytes=8589934592', '--snapshot-count=10000', ...ELECTION,
  ];
}

function apiServer(cluster: Cluster, { network: { address } }: Settled, installation: Installation): string[] {
  const issuer = issuerOf(cluster, installation);
  return [
    `--advertise-address=${address}`, `--secure-port=${API_PORT}`, '--allow-privileged=true', '--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${PKI}/ca.crt`, `--tls-cert-file=${PKI}/apiserver.crt`, `--tls-private-key-file=${PKI}/apiserver.key`, `--tls-min-version=${LEAST_TLS}`,
    `--etcd-servers=https://127.0.0.1:${ETCD_CLIENT_PORT}`, `--etcd-cafile=${PKI}/etcd/ca.crt`, `--etcd-certfile=${PKI}/apiserver-etcd-client.crt`, `--etcd-keyfile=${PKI}/apiserver-etcd-client.key`,
    `--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt`, `--kubelet-client-key=${PKI}/apiserver-kubelet-client.key`, '--kubelet-preferred-address-types=InternalIP',
    // No kube-proxy runs here: extension API servers are reached by their pods' addresses.
    '--enable-aggregator-routing=true',
    `--proxy-client-cert-file=${PKI}/front-proxy-client.crt`, `--proxy-client-key-file=${PKI}/front-proxy-client.key`, `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
    '--requestheader-allowed-names=front-proxy-client', '--requestheader-extra-headers-prefix=X-Remote-Extra-', '--requestheader-group-headers=X-Remote-Group', '--requestheader-username-headers=X-Remote-User',
    `--service-cluster-ip-range=${cluster.serviceCidr}`, `--service-account-issuer=${issuer}`, `--service-account-jwks-uri=${issuer}/keys`, `--api-audiences=https://kubernetes.default.svc,${issuer}`,
    `--service-account-key-file=${PKI}/sa.pub`, `--service-account-signing-key-file=${PKI}/sa.key`,
    '--authentication-token-webhook-config-file=/etc/kubernetes/authenticator.conf', '--authentication-token-webhook-version=v1', `--authentication-token-webhook-cache-ttl=${WEBHOOK_CACHE}`,
    '--audit-policy-file=/etc/kubernetes/audit-policy.yaml', `--audit-log-path=${AUDIT_LOG}`, '--audit-log-maxsize=20', '--audit-log-maxbackup=2',
    '--profiling=false',
  ];
}

function controllerManager(cluster: Cluster): string[] {
  const config = '/etc/kubernetes/controller-manager.conf';
  return [
    `--kubeconfig=${config}`, `--authentication-kubeconfig=${config}`, `--authorization-kubeconfig=${config}`, '--bind-address=127.0.0.1', '--leader-elect=true',
    '--leader-elect-lease-duration=10s', '--leader-elect-renew-deadline=7s', '--leader-elect-retry-period=2s',
    // Pods get addresses of their nodes' interfaces, and routes and balancers are Gantry's: there is no cloud in it, and nothing to allocate.
    '--allocate-node-cidrs=false', `--cluster-name=${cluster.name}`, `--service-cluster-ip-range=${cluster.serviceCidr}`, '--use-service-account-credentials=true',
    `--root-ca-file=${PKI}/root-ca.crt`, `--service-account-private-key-file=${PKI}/sa.key`, `--cluster-signing-cert-file=${PKI}/ca.crt`, `--cluster-signing-key-file=${PKI}/ca.key`,
    `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`, '--profiling=false',
    // With a client for each of its controllers, the default throttle alone makes its start last six seconds.
    '--kube-api-qps=200', '--kube-api-burst=400',
  ];
}

function scheduler(): string[] {
  const config = '/etc/kubernetes/scheduler.conf';
  return [
    `--kubeconfig=${config}`, `--authentication-kubeconfig=${config}`, `--authorization-kubeconfig=${config}`, '--bind-address=127.0.0.1', '--leader-elect=true',
    '--leader-elect-lease-duration=10s', '--leader-elect-renew-deadline=7s', '--leader-elect-retry-period=2s', '--profiling=false',
  ];
}
