import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { timingSafeEqual } from 'node:crypto';
import { desiredPrefix, type HostRecord, hostKey, observedKey } from '../control/hosts.ts';
import type { Env } from '../control/service.ts';
import { credentialsForInstance } from '../services/ec2/index.ts';
import { credentialsForFargate } from '../services/ecs/index.ts';
import { credentialsForSandbox } from '../services/eks/index.ts';
import type { Change, StoreEvent } from '../store/store.ts';
import type { DesiredChange, DesiredKind, DesiredMessage, HostStatus, ObservedChange } from '../wire/host.ts';
import { readBody, sendJson } from './http.ts';

/**
 * What agents of machines talk to, with the installation's host token as bearer:
 *
 *   PUT  /_gantry/hosts/<id>               HostStatus, at connection and every 5 s
 *   GET  /_gantry/hosts/<id>/desired       DesiredMessage a line, for as long as the agent listens
 *   PUT  /_gantry/hosts/<id>/observed      ObservedChange[]
 *   POST /_gantry/hosts/<id>/credentials   { instanceId } to InstanceCredentials
 */
const LIFE_SIGN_MS = 5_000;
const MOST_BYTES = 32 * 1024 * 1024;

export async function handleHost(request: IncomingMessage, response: ServerResponse, env: Env): Promise<void> {
  const [, , , id = '', what = ''] = (request.url ?? '').split('/');
  if (!(await authorised(request, env))) return sendJson(response, 401, { message: 'wrong host token' });
  switch (`${request.method} ${what}`) {
    case 'PUT ': {
      const status = JSON.parse((await readBody(request, MOST_BYTES)).toString()) as HostStatus;
      await env.store.commit([{ put: hostKey(id), value: { ...status, id, seenAt: env.now().toISOString() } satisfies HostRecord }]);
      return sendJson(response, 200, {});
    }
    case 'GET desired':
      return streamDesired(id, response, env);
    case 'PUT observed': {
      const seen = JSON.parse((await readBody(request, MOST_BYTES)).toString()) as ObservedChange[];
      await env.store.commit(await changesOf(id, seen, env));
      return sendJson(response, 200, {});
    }
    case 'POST credentials': {
      const { instanceId } = JSON.parse((await readBody(request, MOST_BYTES)).toString()) as { instanceId: string };
      const credentials = (await credentialsForInstance(env, instanceId)) ?? (await credentialsForSandbox(env, instanceId)) ?? (await credentialsForFargate(env, instanceId));
      return credentials ? sendJson(response, 200, credentials) : sendJson(response, 404, { message: 'the instance has no role' });
    }
    default:
      return sendJson(response, 404, { message: 'no such path' });
  }
}

async function authorised(request: IncomingMessage, env: Env): Promise<boolean> {
  const wanted = Buffer.from(`Bearer ${(await readFile(join(env.installation.stateDir, 'host.token'), 'utf8')).trim()}`);
  const given = Buffer.from(request.headers.authorization ?? '');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Only what differs is written, so that an agent which repeats itself wakes no controller. */
async function changesOf(hostId: string, seen: ObservedChange[], env: Env): Promise<Change[]> {
  const changes: Change[] = [];
  for (const { kind, id, value } of seen) {
    const key = observedKey(hostId, kind, id);
    if (value === null) changes.push({ delete: key });
    else if (JSON.stringify((await env.store.get(key))?.value) !== JSON.stringify(value)) changes.push({ put: key, value });
  }
  return changes;
}

async function streamDesired(hostId: string, response: ServerResponse, env: Env): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const send = (message: DesiredMessage) => response.write(`${JSON.stringify(message)}\n`);
  const prefix = desiredPrefix(hostId);
  const { entries, revision } = await env.store.list(prefix);
  send({ snapshot: entries.map((entry) => changeOf(prefix, { type: 'put', entry })), revision });
  const lifeSign = setInterval(() => send({ changes: [], revision }), LIFE_SIGN_MS);
  try {
    for await (const events of env.store.watch(prefix, revision, gone.signal)) {
      send({ changes: events.map((event) => changeOf(prefix, event)), revision: Math.max(...events.map((event) => (event.type === 'put' ? event.entry.revision : event.revision))) });
    }
  } finally {
    clearInterval(lifeSign);
    // The agent connects again and starts from a new snapshot.
    response.end();
  }
}

function changeOf(prefix: string, event: StoreEvent): DesiredChange {
  const key = event.type === 'put' ? event.entry.key : event.key;
  const [kind = '', ...id] = key.slice(prefix.length).split('/');
  return { kind: kind as DesiredKind, id: id.join('/'), value: event.type === 'put' ? event.entry.value : null } as DesiredChange;
}
