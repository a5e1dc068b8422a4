import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { text } from 'node:stream/consumers';
import { errorFrom } from './errors.ts';

/** Where an API server is and who calls; certificates and the key are PEM. */
export interface Connection {
  /** `https://…` */
  server: string;
  /** Where to connect, if the server's name need not resolve here; its certificate is still that of the name. */
  address?: string;
  certificateAuthority: string;
  clientCertificate: string;
  clientKey: string;
}

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  path: string;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;

/** HTTPS to one API server over a few kept connections. `close` ends them. */
export function transport(connection: Connection) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: connection.certificateAuthority, cert: connection.clientCertificate, key: connection.clientKey });

  /** The answer whose body is still to be read; anything but 2xx is thrown as a KubeError. */
  async function open({ method, path, body, contentType = 'application/json', signal, timeoutMs = TIMEOUT_MS }: Call): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { accept: 'application/json', ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }) };
      const url = new URL(path, connection.server);
      const place = connection.address === undefined ? {} : { hostname: connection.address, ...(isIP(url.hostname) ? {} : { servername: url.hostname }) };
      const call = request(url, { method, agent, headers: { host: url.host, ...headers }, ...place, ...(signal ? { signal } : {}) }, resolve);
      call.setTimeout(timeoutMs, () => call.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs} ms`)));
      call.on('error', reject).end(payload);
    });
    const code = response.statusCode ?? 0;
    if (code < 200 || code > 299) throw errorFrom(code, await text(response));
    return response;
  }

  return {
    open,
    /** The answer's text. */
    call: async (call: Call): Promise<string> => text(await open(call)),
    close: () => agent.destroy(),
  };
}
