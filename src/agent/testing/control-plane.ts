import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AcsMessage, AcsReply } from '../../wire/acs.ts';
import type { TaskHealth, TcsRequest } from '../../wire/tcs.ts';

/**
 * A control plane for tests of the agent: as much of ECS, CloudWatch Logs and the instance metadata service as the agent calls, over
 * real sockets, keeping all it was told.
 */
export interface ControlPlane {
  url: string;
  calls: { operation: string; input: Record<string, unknown> }[];
  replies: AcsReply[];
  health: TaskHealth[];
  /** Text of the events put, by stream. */
  logs: Record<string, string[]>;
  connections(): number;
  send(message: AcsMessage): void;
  disconnect(): void;
  /** Refuses everything (503) while false. */
  up: boolean;
  close(): void;
}

export const CLUSTER_ARN = 'arn:aws:ecs:us-east-1:000000000000:cluster/shop';
export const INSTANCE_ARN = 'arn:aws:ecs:us-east-1:000000000000:container-instance/shop/0123456789abcdef0123456789abcdef';

export async function startControlPlane(port = 0): Promise<ControlPlane> {
  const sockets = new Set<WebSocket>();
  const server: Server = createServer((request, response) => {
    void respond(request, response);
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (!plane.up || !request.headers.authorization?.startsWith('AWS4-HMAC-SHA256')) return socket.destroy();
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const telemetry = request.url?.startsWith('/telemetry/') ?? false;
      if (!telemetry) sockets.add(webSocket);
      webSocket.on('message', (data: Buffer) => {
        if (telemetry) plane.health.push(...(JSON.parse(data.toString()) as TcsRequest).message.tasks);
        else plane.replies.push(JSON.parse(data.toString()) as AcsReply);
      });
      webSocket.on('close', () => sockets.delete(webSocket));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const plane: ControlPlane = {
    url,
    calls: [],
    replies: [],
    health: [],
    logs: {},
    up: true,
    connections: () => sockets.size,
    send: (message) => sockets.forEach((socket) => socket.send(JSON.stringify(message))),
    disconnect: () => sockets.forEach((socket) => socket.terminate()),
    close() {
      plane.disconnect();
      server.close();
      server.closeAllConnections();
    },
  };

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await answer(request);
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/x-amz-json-1.1' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body: string | object }> {
    const text = (await request.setEncoding('utf8').toArray()).join('');
    const target = String(request.headers['x-amz-target'] ?? '');
    if (!target) return metadata(request);
    if (!plane.up) return { status: 503, body: { __type: 'ServiceUnavailableException' } };
    const operation = target.slice(target.lastIndexOf('.') + 1);
    const input = JSON.parse(text || '{}') as Record<string, unknown>;
    plane.calls.push({ operation, input });
    switch (operation) {
      case 'RegisterContainerInstance':
        return { status: 200, body: { containerInstance: { containerInstanceArn: INSTANCE_ARN } } };
      case 'DiscoverPollEndpoint':
        return { status: 200, body: { endpoint: url, telemetryEndpoint: `${url}/telemetry/` } };
      case 'PutLogEvents': {
        const stream = `${input.logGroupName}:${input.logStreamName}`;
        (plane.logs[stream] ??= []).push(...(input.logEvents as { message: string }[]).map(({ message }) => message));
        return { status: 200, body: {} };
      }
      default:
        return { status: 200, body: {} };
    }
  }
  return plane;
}

function metadata({ url = '' }: IncomingMessage): { status: number; body: string } {
  const document = { instanceId: 'i-0123456789abcdef0', region: 'us-east-1', availabilityZone: 'us-east-1a', instanceType: 't3.small', imageId: 'ami-0123456789abcdef0' };
  const answers: Record<string, string> = { '/latest/api/token': 'token', '/latest/dynamic/instance-identity/document': JSON.stringify(document) };
  const body = answers[url];
  return body === undefined ? { status: 404, body: '' } : { status: 200, body };
}
