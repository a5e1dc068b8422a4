import { sign } from '../pki.ts';
import type { Cluster, MemberPki, Pki } from '../records.ts';
import { apiServiceAddress } from './arguments.ts';

/** A member's certificates, by https://kubernetes.io/docs/setup/best-practices/certificates/. */
export async function memberCertificates(cluster: Cluster, address: string, pki: Pki, now: Date): Promise<MemberPki> {
  const api = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', cluster.endpointName];
  // etcd's JSON gateway calls etcd itself with the server's certificate: it is a client's too.
  const etcd = { names: ['localhost', cluster.endpointName], addresses: ['127.0.0.1', address], uses: ['server' as const, 'client' as const] };
  const client = (commonName: string, organization?: string) => ({ commonName, ...(organization ? { organization } : {}), uses: ['client' as const] });
  const [apiserver, kubeletClient, etcdClient, frontProxyClient, etcdServer, etcdPeer, controllerManager, scheduler] = await Promise.all([
    sign(pki.clusterCa, { commonName: 'kube-apiserver', uses: ['server'], names: api, addresses: [apiServiceAddress(cluster), address, '127.0.0.1'] }, now),
    sign(pki.clusterCa, client('kube-apiserver-kubelet-client', 'system:masters'), now),
    sign(pki.etcdCa, client('kube-apiserver-etcd-client'), now),
    sign(pki.frontProxyCa, client('front-proxy-client'), now),
    sign(pki.etcdCa, { commonName: 'etcd-server', ...etcd }, now),
    sign(pki.etcdCa, { commonName: 'etcd-peer', ...etcd }, now),
    sign(pki.clusterCa, client('system:kube-controller-manager'), now),
    sign(pki.clusterCa, client('system:kube-scheduler'), now),
  ]);
  return { apiserver, kubeletClient, etcdClient, frontProxyClient, etcdServer, etcdPeer, controllerManager, scheduler };
}
