import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Connection, TestCluster } from './cluster.ts';

/** A token is good for 15 minutes. */
const REFRESH_MS = 8 * 60_000;

/**
 * Writes a kubeconfig whose token lies in a file beside it, and keeps that fresh until `stop` is called: with the plugin that `aws eks
 * update-kubeconfig` names, each of the many kubectl calls of the tests would start an AWS CLI, which takes a second.
 */
export async function keepKubeconfig(connection: Connection, cluster: TestCluster, folder: string): Promise<{ kubeconfig: string; stop(): void }> {
  const tokenFile = join(folder, 'token');
  const refresh = async () => {
    await writeFile(`${tokenFile}.new`, await tokenOf(connection, cluster.name), { mode: 0o600 });
    await rename(`${tokenFile}.new`, tokenFile);
  };
  await refresh();
  const kubeconfig = join(folder, 'kubeconfig');
  const { name } = cluster;
  await writeFile(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': name,
    clusters: [{ name, cluster: { server: cluster.endpoint, 'certificate-authority-data': cluster.authority } }],
    users: [{ name, user: { tokenFile } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  }), { mode: 0o600 });
  const timer = setInterval(() => void refresh().catch((error: unknown) => console.error(`the cluster's token could not be renewed: ${String(error)}`)), REFRESH_MS);
  return { kubeconfig, stop: () => clearInterval(timer) };
}

/** What `aws eks get-token` prints: a presigned sts:GetCallerIdentity with the cluster's name under the signature. */
async function tokenOf({ endpoint, region, credentials }: Connection, cluster: string): Promise<string> {
  const { protocol, host, hostname, origin } = new URL(endpoint);
  const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 });
  const { query = {} } = await signer.presign({
    method: 'GET', protocol, hostname, path: '/', query: { Action: 'GetCallerIdentity', Version: '2011-06-15' }, headers: { host, 'x-k8s-aws-id': cluster },
  }, { expiresIn: 60 });
  const text = Object.entries(query).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`).join('&');
  return `k8s-aws-v1.${Buffer.from(`${origin}/?${text}`).toString('base64url')}`;
}
