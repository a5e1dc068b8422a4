import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Env, Principal, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import type { Repository } from '../records.ts';

/** One request to the registry, once it is known who asks. */
export interface Call {
  env: Env;
  scope: Scope;
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  principal: Principal;
}

export type RepositoryCall = Call & { repository: Entry<Repository> };

export function send({ request, response }: Pick<Call, 'request' | 'response'>, status: number, headers: Record<string, string>, body: string | Uint8Array = ''): void {
  // A body that nobody read would stand before the next request on this connection.
  const close = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...headers, ...close, 'content-length': String(Buffer.byteLength(body)) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

export const sendJson = (call: Pick<Call, 'request' | 'response'>, status: number, value: unknown, headers: Record<string, string> = {}) =>
  send(call, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
