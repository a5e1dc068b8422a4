import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SurfaceEnv } from '../../../control/service.ts';
import { clusterArn, clusterName, containerInstanceArn, idIn } from '../arns.ts';
import { containerInstances } from '../records.ts';

export const urlOf = (request: IncomingMessage) => new URL(request.url ?? '/', 'http://localhost');

/**
 * The key of the container instance that an agent's signed upgrade names; `undefined` where it is not registered (any more): the
 * connection was then refused in the form that agents understand. Errors: those of the signature, AccessDeniedException.
 */
export async function admit(request: IncomingMessage, socket: Duplex, env: SurfaceEnv, action: string): Promise<string | undefined> {
  const context = await env.signedBy(request);
  const query = urlOf(request).searchParams;
  const cluster = clusterName(context, query.get('clusterArn') ?? query.get('cluster') ?? undefined);
  const id = idIn(context, cluster, 'container-instance', query.get('containerInstanceArn') ?? query.get('containerInstance') ?? '');
  await context.authorize(action, [containerInstanceArn(context, { cluster, id })], { 'ecs:cluster': clusterArn(context, cluster) });
  const entry = await containerInstances.get(env.store, context, cluster, id);
  if (entry && entry.value.status !== 'INACTIVE') return entry.key;
  refuse(socket, 'InactiveInstanceException', 'The referenced container instance is INACTIVE.');
  return undefined;
}

function refuse(socket: Duplex, type: string, message: string): void {
  const body = JSON.stringify({ type, message: { message } });
  socket.end(`HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}
