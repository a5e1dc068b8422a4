/**
 * The node's credential for its cluster, as a client-go exec plugin: `token.ts <cluster>`, with AWS_ENDPOINT_URL and AWS_REGION. It
 * is aws-iam-authenticator's token: a presigned sts:GetCallerIdentity with the cluster's name under the signature.
 */
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { roleCredentials } from './credentials.ts';

/** The authenticator takes a token for 15 minutes, whatever the signature says. */
const validMs = 14 * 60_000;

const [, , cluster = ''] = process.argv;
const region = process.env.AWS_REGION ?? '';
const endpoint = new URL(process.env.AWS_ENDPOINT_URL ?? `https://sts.${region}.amazonaws.com`);
const now = new Date();

const signer = new SignatureV4({ service: 'sts', region, credentials: await roleCredentials(), sha256: Sha256 });
const signed = await signer.presign({
  method: 'GET', protocol: endpoint.protocol, hostname: endpoint.hostname, path: '/',
  query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
  headers: { host: endpoint.host, 'x-k8s-aws-id': cluster },
}, { expiresIn: 60, signingDate: now });
const query = Object.entries(signed.query ?? {}).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`).join('&');

console.log(JSON.stringify({
  apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', spec: { interactive: false },
  status: { expirationTimestamp: new Date(now.getTime() + validMs).toISOString(), token: `k8s-aws-v1.${Buffer.from(`${endpoint.origin}/?${query}`).toString('base64url')}` },
}));
