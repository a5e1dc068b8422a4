import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { dirname } from 'node:path';
import type { Env } from '../../../control/service.ts';
import { issuerAddress } from '../../../wire/issuer.ts';
import { trustedFile } from '../../../wire/paths.ts';
import { settleIssuerCertificates } from './certificates.ts';
import { issuerDocument } from './issuer.ts';

/** Issuers are asked by anybody, without credentials, over TLS. Their authority's certificate is laid down for programs of this machine. */
export async function serveIssuers(env: Env, signal: AbortSignal): Promise<void> {
  const { authority, server: { certificate, privateKey } } = await settleIssuerCertificates(env);
  const file = trustedFile(env.installation.stateDir);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, authority.certificate, { mode: 0o644 });
  // With its authority: what IAM's providers are told by thumbprint is the last certificate of the chain.
  const server = createServer({ key: privateKey, cert: certificate + authority.certificate }, (request, response) => {
    reply(env, request, response).catch((error: unknown) => {
      env.log('issuer failed', { url: request.url, error: String(error) });
      response.destroy();
    });
  });
  server.listen(env.installation.port, issuerAddress(env.installation));
  await once(server, 'listening');
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
}

async function reply(env: Env, { method = '', url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const document = method === 'GET' || method === 'HEAD' ? await issuerDocument(env, url.split('?')[0]!) : undefined;
  const body = JSON.stringify(document ?? { message: 'Not Found' });
  response.writeHead(document ? 200 : 404, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(method === 'HEAD' ? undefined : body);
}
