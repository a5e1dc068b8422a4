import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { DesiredMessage, HostStatus, InstanceCredentials, ObservedChange } from '../../wire/host.ts';

/** The control plane, as an agent sees it (`src/gateway/hosts.ts`). Everything throws while it is away. */
export interface Gateway {
  putStatus(status: HostStatus): Promise<void>;
  putObserved(changes: ObservedChange[]): Promise<void>;
  /** Undefined where the instance has no role. */
  credentials(instanceId: string): Promise<InstanceCredentials | undefined>;
  /** What is wished, for as long as the connection holds; ends (or throws) when it breaks or has been silent for too long. */
  desired(signal: AbortSignal): AsyncIterable<DesiredMessage>;
}

/** The control plane gives a sign of life every 5 s. */
const silenceMs = 15_000;
const answerMs = 10_000;

export function gatewayOf({ port, hostId, token }: { port: number; hostId: string; token: () => Promise<string> }): Gateway {
  async function send(method: string, path: string, body?: unknown, options: { timeout: number; signal?: AbortSignal } = { timeout: answerMs }): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = { authorization: `Bearer ${await token()}`, ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }) };
    const outgoing = request({ host: '127.0.0.1', port, method, path: `/_gantry/hosts/${hostId}${path}`, headers, ...options });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: the control plane is silent`)));
    outgoing.end(payload);
    // After the answer has begun, a failure is the answer's; nobody else listens for the request's.
    outgoing.on('error', () => {});
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return response;
  }

  async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const response = await send(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const [status = 0, text] = [response.statusCode, Buffer.concat(chunks).toString()];
    if (status >= 300 && status !== 404) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    return { status, text };
  }

  return {
    putStatus: async (status) => void (await ask('PUT', '', status)),
    putObserved: async (changes) => void (await ask('PUT', '/observed', changes)),
    async credentials(instanceId) {
      const { status, text } = await ask('POST', '/credentials', { instanceId });
      return status === 404 ? undefined : (JSON.parse(text) as InstanceCredentials);
    },
    async *desired(signal) {
      const response = await send('GET', '/desired', undefined, { timeout: silenceMs, signal });
      if (response.statusCode !== 200) throw new Error(`GET /desired: ${response.statusCode}`);
      for await (const line of lines(response)) yield JSON.parse(line) as DesiredMessage;
    },
  };
}

async function* lines(stream: IncomingMessage): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const [first = '', ...others] = (chunk as string).split('\n');
    rest += first;
    for (const next of others) {
      yield rest;
      rest = next;
    }
  }
}
