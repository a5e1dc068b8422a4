import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AwsError } from '../control/error.ts';
import { hosts } from '../control/hosts.ts';
import type { Env, Service, SurfaceEnv } from '../control/service.ts';
import { authenticate, contextFor } from './access.ts';
import { answer } from './api.ts';
import { handleHost } from './hosts.ts';
import { readBody, sendJson } from './http.ts';
import { jsonErrors } from './protocols/json.ts';
import type { Request } from './protocols/protocol.ts';

/** The one door: surfaces of services (a registry, web sockets), the wire of hosts, and everything else is AWS's API. */

const MOST_BYTES = 32 * 1024 * 1024;
/** Longer than the idle time of the SDKs' connection pools, so that a kept connection is not closed under a request. */
const KEEP_ALIVE_MS = 120_000;
/** Agents speak every 5 s. */
const HOST_SILENCE_MS = 15_000;

export function makeServer(services: Service[], env: Env): { server: Server; close(): void } {
  const upgraded = new Set<Duplex>();
  const surfaces = services.flatMap((service) => (service.surfaces ?? []).map((surface) => ({ surface, env: surfaceEnv(service, services, env) })));

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      env.log('request failed', { url: request.url, error: error instanceof Error ? error.stack : String(error) });
      if (response.headersSent) return void response.destroy();
      // What is left of a body that was not read to its end would be taken for the next request.
      if (!request.complete) response.setHeader('connection', 'close');
      sendJson(response, error instanceof RangeError ? 413 : 500, { message: error instanceof RangeError ? error.message : 'internal failure' });
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/_gantry/health') return sendJson(response, 200, { status: 'ok', name: env.installation.name, hosts: await liveHosts(env) });
    if (request.url?.startsWith('/_gantry/hosts/')) return handleHost(request, response, env);
    const found = surfaces.find(({ surface }) => surface.handle && surface.matches(request));
    if (found?.surface.handle) return found.surface.handle(request, response, found.env);
    const reply = await answer(requestOf(request, await readBody(request, MOST_BYTES)), request.socket.remoteAddress ?? '', services, env);
    response.writeHead(reply.status, { ...reply.headers, 'content-length': String(Buffer.byteLength(reply.body)) });
    response.end(reply.body);
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    const found = surfaces.find(({ surface }) => surface.upgrade && surface.matches(request));
    if (!found?.surface.upgrade) return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    socket.on('error', () => socket.destroy());
    found.surface.upgrade(request, socket, head, found.env).catch((error: unknown) => {
      const status = error instanceof AwsError ? error.status : 500;
      if (!(error instanceof AwsError)) env.log('upgrade failed', { url: request.url, error: String(error) });
      socket.end(`HTTP/1.1 ${status} ${error instanceof AwsError ? error.code : 'InternalFailure'}\r\nconnection: close\r\n\r\n`);
    });
  });
  return {
    server,
    close() {
      server.close();
      server.closeAllConnections();
      // Node counts an upgraded socket no longer among the server's connections.
      for (const socket of upgraded) socket.destroy();
    },
  };
}

/** How many machines' agents have spoken lately. */
async function liveHosts(env: Env): Promise<number> {
  return (await hosts(env.store)).filter(({ seenAt }) => env.now().getTime() - new Date(seenAt).getTime() < HOST_SILENCE_MS).length;
}

function surfaceEnv(service: Service, services: Service[], env: Env): SurfaceEnv {
  return {
    ...env,
    async signedBy(incoming) {
      const request = requestOf(incoming, Buffer.alloc(0));
      const principal = await authenticate(request, service, jsonErrors, env);
      return contextFor(principal, { requestId: env.randomHex(32), sourceIp: incoming.socket.remoteAddress ?? '', userAgent: request.headers['user-agent'] ?? '' }, jsonErrors, env);
    },
    async presignedBy(url, headers, name, seconds) {
      const signer = services.find((one) => one.name === name);
      if (!signer) throw new Error(`no service ${name}`);
      return authenticate({ method: 'GET', path: url.pathname, query: url.searchParams, headers, body: Buffer.alloc(0) }, signer, jsonErrors, env, seconds);
    },
  };
}

function requestOf(incoming: IncomingMessage, body: Buffer): Request {
  const [path = '/', query = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]));
  return { method: incoming.method ?? 'GET', path, query: new URLSearchParams(query), headers, body };
}
