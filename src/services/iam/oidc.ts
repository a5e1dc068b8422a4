import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import type { Env, Scope } from '../../control/service.ts';
import { providerArn } from './arns.ts';
import { globally, type OpenIdConnectProvider, openIdConnectProviders } from './records.ts';

/** OpenID Connect providers beside their operations: looked up by issuer, and asked over TLS. */

export const withoutScheme = (url: string) => url.replace(/^https:\/\//, '').replace(/\/$/, '');

/** The account's provider of an issuer. */
export async function openIdConnectProvider(env: Env, scope: Scope, issuer: string): Promise<(OpenIdConnectProvider & { arn: string }) | undefined> {
  const found = (await openIdConnectProviders.get(env.store, globally(scope), withoutScheme(issuer)))?.value;
  return found && { ...found, arn: providerArn(scope.account, found) };
}

const PATIENCE_MS = 5000;
const MOST_BYTES = 256 * 1024;

/**
 * The keys that an issuer tells (RFC 7517) in the place that its discovery document names. It must be served with a certificate that
 * this machine trusts, or with one of these thumbprints in its chain. Throws if it cannot be asked.
 */
export async function signingKeysOf(issuer: string, thumbprints: string[]): Promise<object[]> {
  const wanted = new Set(thumbprints.map((one) => one.toLowerCase()));
  const trusted = (socket: TLSSocket, host: string) =>
    (socket.authorized || chainOf(socket).some((one) => wanted.has(one))) && checkServerIdentity(host, socket.getPeerCertificate()) === undefined;
  const { jwks_uri: place } = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, trusted) as { jwks_uri?: unknown };
  const { keys } = await getJson(String(place), trusted) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new TypeError(`${String(place)} has no keys`);
  return keys as object[];
}

/** What IAM takes for a provider's thumbprint where none is given: that of the last certificate of the chain. */
export async function topThumbprint(url: string): Promise<string | undefined> {
  let thumbprint: string | undefined;
  await get(url, (socket) => {
    thumbprint = chainOf(socket).at(-1);
    return true;
  });
  return thumbprint;
}

/** SHA-1 of a server's certificate, of the one that signed it, and so on. */
function chainOf(socket: TLSSocket): string[] {
  const chain: string[] = [];
  for (let one: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true); one?.fingerprint; one = one.issuerCertificate) {
    const thumbprint = one.fingerprint.replaceAll(':', '').toLowerCase();
    // A root has signed itself.
    if (chain.includes(thumbprint)) break;
    chain.push(thumbprint);
  }
  return chain;
}

async function getJson(url: string, trusted: (socket: TLSSocket, host: string) => boolean): Promise<object> {
  const { status, text } = await get(url, trusted);
  const value: unknown = status === 200 ? JSON.parse(text) : undefined;
  if (typeof value !== 'object' || value === null) throw new TypeError(`${url} answers ${status} without a document`);
  return value;
}

function get(url: string, trusted: (socket: TLSSocket, host: string) => boolean): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    // Whether it is trusted is looked at before anything is sent.
    const asked = request(url, { rejectUnauthorized: false, agent: false, signal: AbortSignal.timeout(PATIENCE_MS) }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    asked.on('error', reject);
    asked.on('socket', (socket) => socket.once('secureConnect', () => {
      if (trusted(socket as TLSSocket, new URL(url).hostname)) asked.end();
      else asked.destroy(new Error(`the certificate of ${url} is not trusted`));
    }));
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > MOST_BYTES) throw new RangeError('the answer is too long');
  }
  return text;
}
