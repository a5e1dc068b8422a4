import { WebSocketServer, type WebSocket } from 'ws';
import type { Env, Surface } from '../../../control/service.ts';
import type { PublishHealthRequest, TcsMessages, TcsRequest } from '../../../wire/tcs.ts';
import { containerInstances, tasks } from '../records.ts';
import { healthChanged } from '../tasks/reports.ts';
import { admit, urlOf } from './admit.ts';
import { readFrame } from './frames.ts';

/** The web socket by which agents tell of their containers' health checks: `/telemetry/ws` (`wire/tcs.ts`). */
export const TELEMETRY_PATH = 'telemetry/';
const HEARTBEAT_MS = 20_000;

export function makeTelemetry(): Surface {
  const server = new WebSocketServer({ noServer: true });
  return {
    matches: (request) => urlOf(request).pathname === `/${TELEMETRY_PATH}ws`,
    async upgrade(request, socket, head, env) {
      const key = await admit(request, socket, env, 'ecs:StartTelemetrySession');
      if (key) server.handleUpgrade(request, socket, head, (ws) => serve(env, key, ws));
    },
  };
}

function serve(env: Env, key: string, ws: WebSocket): void {
  const send = <K extends keyof TcsMessages>(type: K, message: TcsMessages[K]) => ws.send(JSON.stringify({ type, message }));
  const beat = () => send('HeartbeatMessage', { healthy: true });
  const heartbeat = setInterval(beat, HEARTBEAT_MS);
  beat();
  ws.on('message', (data) => {
    const frame = readFrame(data) as TcsRequest | undefined;
    if (frame?.type === 'PublishHealthRequest') note(env, key, frame.message).then(() => send('AckPublishHealth', { message: 'OK' })).catch((error: unknown) => env.log('health could not be noted', { key, error: String(error) }));
  });
  ws.on('error', (error) => env.log('an agent\'s telemetry broke', { key, error: String(error) }));
  ws.on('close', () => clearInterval(heartbeat));
}

/** Only of tasks that are on the instance that tells. */
async function note(env: Env, key: string, request: PublishHealthRequest): Promise<void> {
  const { names: [cluster = '', instance = ''], ...scope } = containerInstances.parse(key);
  for (const { taskArn, containers } of request.tasks) {
    const health = Object.fromEntries(containers.map(({ containerName, healthStatus }) => [containerName, healthStatus]));
    await tasks.update(env.store, tasks.key(scope, cluster, taskArn.split('/').at(-1) ?? ''), (task) => (task.containerInstance === instance ? healthChanged(task, health) : undefined));
  }
}
