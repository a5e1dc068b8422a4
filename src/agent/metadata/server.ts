import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { Cri } from '../cri/types.ts';
import type { AgentState, TaskRecord } from '../state.ts';
import { containerMetadata, findContainer, statistics, taskMetadata, type Found } from './v4.ts';

/** 169.254.170.2:80 for tasks (metadata, credentials), port 51678 for who looks at the agent (introspection). */
type Answer = { status?: number; body: unknown };
type Route = (path: string[], query: URLSearchParams) => Answer | undefined | Promise<Answer | undefined>;

export interface MetadataOptions {
  state: AgentState;
  cri: Pick<Cri, 'containerStats'>;
  memoryLimitBytes: number;
}

export function taskRoutes({ state, cri, memoryLimitBytes }: MetadataOptions): Route {
  return async ([version, id = '', ...rest]) => {
    if (version === 'v2' && id === 'credentials') return credentials(state, rest[0]);
    if (version !== 'v3' && version !== 'v4') return undefined;
    const found = findContainer(state, id);
    if (!found) return { status: 404, body: `V${version.slice(1)} container metadata handler: unable to get container metadata for ID ${id}` };
    switch (rest.join('/')) {
      case '':
        return { body: containerMetadata(found) };
      case 'task':
      case 'taskWithTags':
        return { body: taskMetadata(found.record, state.availabilityZone) };
      case 'stats':
        return { body: await stats(found) };
      case 'task/stats': {
        const all = found.record.task.containers.map((container) => ({ record: found.record, container }));
        return { body: Object.fromEntries(await Promise.all(all.map(async (one) => [containerIdOf(one), await stats(one)]))) };
      }
      default:
        return undefined;
    }
  };

  async function stats(found: Found) {
    const id = containerIdOf(found);
    const known = id ? await cri.containerStats(id).catch(() => undefined) : undefined;
    return known ? statistics(id, found.container.name, known, found.container.memory * 2 ** 20 || memoryLimitBytes) : null;
  }
}

const containerIdOf = ({ record, container }: Found) => record.containers[container.name]!.containerId ?? '';

/** The task role's credentials, in the form that the SDKs' container credential provider reads. */
function credentials(state: AgentState, id: string | undefined): Answer {
  if (!id) return { status: 400, body: { code: 'NoIdInRequest', message: 'CredentialsV2Request: No Credential ID in the request', HTTPErrorCode: 400 } };
  const roles = Object.values(state.tasks).flatMap(({ task }) => [task.roleCredentials, task.executionRoleCredentials]);
  const role = roles.find((one) => one?.credentialsId === id);
  if (!role) return { status: 400, body: { code: 'InvalidIdInRequest', message: 'CredentialsV2Request: Credentials not found', HTTPErrorCode: 400 } };
  return { body: { RoleArn: role.roleArn, AccessKeyId: role.accessKeyId, SecretAccessKey: role.secretAccessKey, Token: role.sessionToken, Expiration: role.expiration } };
}

export function introspectionRoutes(state: AgentState, cluster: string, version: string): Route {
  return ([v1, what], query) => {
    if (v1 === undefined || v1 === '') return { body: { AvailableCommands: ['/v1/metadata', '/v1/tasks', '/license'] } };
    if (v1 !== 'v1') return undefined;
    if (what === 'metadata') return { body: { Cluster: state.clusterArn?.split('/').at(-1) ?? cluster, ContainerInstanceArn: state.containerInstanceArn ?? null, Version: `Gantry ECS Agent - v${version}` } };
    if (what !== 'tasks') return undefined;
    const arn = query.get('taskarn');
    const id = query.get('dockerid');
    const tasks = Object.values(state.tasks);
    if (!arn && !id) return { body: { Tasks: tasks.map(brief) } };
    const found = tasks.find(({ task, containers }) => task.arn === arn || Object.values(containers).some(({ containerId }) => id && containerId?.startsWith(id)));
    return found ? { body: brief(found) } : { status: 404, body: {} };
  };
}

function brief(record: TaskRecord) {
  const { TaskARN: Arn, DesiredStatus, KnownStatus, Family, Revision: Version, Containers } = taskMetadata(record, undefined);
  return { Arn, DesiredStatus, KnownStatus, Family, Version, Containers };
}

/** Serves GET requests on an address; answers are JSON. */
export async function serve(route: Route, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    void respond(request, response, route);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function respond(request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> {
  const { status = 200, body } = await answer(request, route);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function answer(request: IncomingMessage, route: Route): Promise<Answer> {
  try {
    const url = new URL(request.url ?? '/', 'http://agent');
    const path = url.pathname.split('/').filter(Boolean);
    return (request.method === 'GET' ? await route(path, url.searchParams) : undefined) ?? { status: 404, body: '404 page not found' };
  } catch (error) {
    return { status: 500, body: { code: 'InternalServerError', message: String(error) } };
  }
}
