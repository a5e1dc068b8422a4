import { createHash, createPublicKey } from 'node:crypto';
import type { Env } from '../../../control/service.ts';
import { clusters, pkis } from '../records.ts';
import type { Cluster, Pki } from '../records.ts';
import { issuerOf } from '../shapes.ts';

/** A public key of RFC 7517, with which tokens of service accounts are verified. */
export interface SigningKey {
  kty: string;
  kid: string;
  use: 'sig';
  alg: 'RS256';
  n: string;
  e: string;
}

/** The documents of an issuer by their paths, as EKS has them; undefined where there is none. */
export async function issuerDocument(env: Env, path: string): Promise<object | undefined> {
  const [, id, document] = /^\/id\/([0-9A-F]{32})(\/.*)$/.exec(path) ?? [];
  const found = id === undefined ? undefined : await clusterWith(env, id);
  if (!found) return undefined;
  if (document === '/keys') return { keys: [keyOf(found.pki)] };
  return document === '/.well-known/openid-configuration' ? configuration(issuerOf(found.cluster, env.installation)) : undefined;
}

/** The keys of an issuer that is one of this installation's clusters. */
export async function issuerKeys(env: Env, issuer: string): Promise<SigningKey[] | undefined> {
  const found = await clusterWith(env, issuer.slice(issuer.lastIndexOf('/') + 1));
  return found && issuerOf(found.cluster, env.installation) === issuer ? [keyOf(found.pki)] : undefined;
}

async function clusterWith(env: Env, id: string): Promise<{ cluster: Cluster; pki: Pki } | undefined> {
  const cluster = (await clusters.list(env.store, env.installation)).find(({ value }) => value.id.toUpperCase() === id)?.value;
  const pki = cluster && (await pkis.get(env.store, env.installation, cluster.name))?.value;
  return pki && { cluster, pki };
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html */
const configuration = (issuer: string) => ({
  issuer, jwks_uri: `${issuer}/keys`, authorization_endpoint: 'urn:kubernetes:programmatic_authorization', response_types_supported: ['id_token'],
  subject_types_supported: ['public'], claims_supported: ['sub', 'iss'], id_token_signing_alg_values_supported: ['RS256'],
});

/** The key's id is the one that the API server writes into tokens: a digest of the public key. */
function keyOf({ serviceAccount }: Pki): SigningKey {
  const key = createPublicKey(serviceAccount.publicKey);
  const { kty = '', n = '', e = '' } = key.export({ format: 'jwk' });
  const kid = createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64url');
  return { kty, kid, use: 'sig', alg: 'RS256', n, e };
}
