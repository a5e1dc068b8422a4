import { request } from 'node:https';
import type { Cluster, Pki } from '../records.ts';
import { ETCD_CLIENT_PORT } from './arguments.ts';

/**
 * etcd's members by its JSON gateway (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/), over the cluster's balancer, which
 * leads to a member that is up.
 */
export interface EtcdMember {
  ID: string;
  /** Empty until it has started. */
  name?: string;
  peerURLs: string[];
}

export interface Etcd {
  list(): Promise<EtcdMember[]>;
  add(peerUrl: string): Promise<EtcdMember[]>;
  remove(id: string): Promise<void>;
}

const TIMEOUT_MS = 3000;

export function etcdOf(cluster: Cluster, pki: Pki): Etcd {
  const call = async <T>(path: string, body: object): Promise<T> => {
    const [host] = cluster.endpointAddresses ?? [];
    if (host === undefined) throw new Error(`the endpoint of ${cluster.name} has no address yet`);
    return post<T>(host, cluster, pki, path, body);
  };
  return {
    list: async () => (await call<{ members: EtcdMember[] }>('/v3/cluster/member/list', { linearizable: true })).members,
    add: async (peerUrl) => (await call<{ members: EtcdMember[] }>('/v3/cluster/member/add', { peerURLs: [peerUrl] })).members,
    remove: async (ID) => void (await call('/v3/cluster/member/remove', { ID })),
  };
}

function post<T>(host: string, cluster: Cluster, pki: Pki, path: string, body: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const tls = { ca: pki.etcdCa.certificate, cert: pki.etcdClient.certificate, key: pki.etcdClient.privateKey, servername: cluster.endpointName };
    const outgoing = request({ host, port: ETCD_CLIENT_PORT, path, method: 'POST', agent: false, ...tls }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as T);
        else reject(new Error(`etcd of ${cluster.name}: ${path}: ${response.statusCode} ${text}`));
      });
    });
    outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy(new Error(`etcd of ${cluster.name}: no answer within ${TIMEOUT_MS} ms`)));
    outgoing.on('error', reject).end(JSON.stringify(body));
  });
}
