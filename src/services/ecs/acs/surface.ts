import { WebSocketServer, type WebSocket } from 'ws';
import type { Env, Surface } from '../../../control/service.ts';
import type { AcsReply } from '../../../wire/acs.ts';
import { newUuid } from '../arns.ts';
import { agents, containerInstances } from '../records.ts';
import { admit, urlOf } from './admit.ts';
import { readFrame } from './frames.ts';
import type { Sessions } from './hub.ts';
import { makeSession } from './session.ts';

/**
 * The web socket that agents hold, `/ws?clusterArn=…&containerInstanceArn=…` (`wire/acs.ts`). That one is held is a record with a lease:
 * it goes with the socket, and with this process.
 */
const LEASE_SECONDS = 15;
const KEEP_ALIVE_MS = 5000;
const HEARTBEAT_MS = 20_000;
/** An agent that did not answer two heartbeats is gone. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS;

export function makeAcs(sessions: Sessions): Surface {
  const server = new WebSocketServer({ noServer: true });
  return {
    matches: (request) => urlOf(request).pathname === '/ws',
    async upgrade(request, socket, head, env) {
      const key = await admit(request, socket, env, 'ecs:Poll');
      if (key) server.handleUpgrade(request, socket, head, (ws) => serve(env, sessions, key, ws));
    },
  };
}

function serve(env: Env, sessions: Sessions, key: string, ws: WebSocket): void {
  const session = makeSession(env, key, ws);
  const connection = announce(env, key, () => ws.terminate());
  let heard = env.now().getTime();
  sessions.set(key, session);
  const heartbeat = setInterval(() => {
    if (env.now().getTime() - heard > SILENCE_MS) ws.terminate();
    else ws.send(JSON.stringify({ type: 'HeartbeatMessage', message: { healthy: true, messageId: newUuid(env) } }));
  }, HEARTBEAT_MS);
  ws.on('message', (data) => {
    heard = env.now().getTime();
    const reply = readFrame(data) as AcsReply | undefined;
    if (reply) session.receive(reply).catch((error: unknown) => env.log('an agent\'s message could not be handled', { key, error: String(error) }));
  });
  ws.on('error', (error) => env.log('an agent\'s connection broke', { key, error: String(error) }));
  ws.on('close', () => {
    clearInterval(heartbeat);
    // A newer connection of the same agent may have taken its place.
    if (sessions.get(key) === session) sessions.delete(key);
    connection.end().catch((error: unknown) => env.log('the end of an agent\'s connection could not be noted', { key, error: String(error) }));
  });
}

/** Says in the store that the agent is connected, until `end` is called. A connection that cannot be noted must not be: `lose` ends it. */
function announce(env: Env, instanceKey: string, lose: () => void): { end(): Promise<void> } {
  const { names, ...scope } = containerInstances.parse(instanceKey);
  const key = agents.key(scope, ...names);
  const session = newUuid(env);
  const since = env.now().toISOString();
  let lease: string | undefined;
  let ended = false;

  async function hold(): Promise<void> {
    const alive = lease !== undefined && (await env.store.keepLeaseAlive(lease)) && (await agents.at(env.store, key)) !== undefined;
    if (alive || ended) return;
    lease = await env.store.grantLease(LEASE_SECONDS);
    await env.store.commit([{ put: key, value: { session, since }, lease }]);
  }

  const step = () => {
    working = working.then(hold).catch((error: unknown) => {
      env.log('an agent\'s connection could not be noted', { key, error: String(error) });
      lose();
    });
  };
  let working = Promise.resolve();
  step();
  const timer = setInterval(step, KEEP_ALIVE_MS);
  return {
    async end() {
      ended = true;
      clearInterval(timer);
      await working;
      const current = await agents.at(env.store, key);
      if (current?.value.session === session) await env.store.commit([{ delete: key, expect: current.revision }]);
    },
  };
}
