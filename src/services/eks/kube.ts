import type { Env, Scope } from '../../control/service.ts';
import { kubeClient } from '../../kube/client.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Connection } from '../../kube/transport.ts';
import { GANTRY_PORT } from './control-plane/endpoint.ts';
import { pkis } from './records.ts';
import type { Cluster, Pki } from './records.ts';

/** Where Gantry itself reaches a cluster's API, and as whom: at an address, so that no name has to resolve. */
export function connectionOf(cluster: Cluster, pki: Pki): Connection {
  const [address] = cluster.endpointAddresses ?? [];
  return {
    server: `https://${cluster.endpointName}:${GANTRY_PORT}`, ...(address === undefined ? {} : { address }),
    certificateAuthority: pki.clusterCa.certificate, clientCertificate: pki.admin.certificate, clientKey: pki.admin.privateKey,
  };
}

const clients = new Map<string, { address: string | undefined; client: KubeClient }>();

/** A client of the cluster as its administrator, kept while the endpoint is where it was. */
export async function kubeOf(env: Env, scope: Scope, cluster: Cluster): Promise<KubeClient> {
  const [address] = cluster.endpointAddresses ?? [];
  const known = clients.get(cluster.id);
  if (known?.address === address && known) return known.client;
  const pki = (await pkis.get(env.store, scope, cluster.name))?.value;
  if (!pki || address === undefined) throw new Error(`the endpoint of ${cluster.name} has no address yet`);
  known?.client.close();
  const client = kubeClient(connectionOf(cluster, pki));
  clients.set(cluster.id, { address, client });
  return client;
}

export function forgetKube(cluster: Cluster): void {
  clients.get(cluster.id)?.client.close();
  clients.delete(cluster.id);
}
