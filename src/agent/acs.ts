import { createHash, createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import WebSocket from 'ws';
import { backoff } from '../control/backoff.ts';
import { ACS_PROTOCOL_VERSION, type AcsMessage, type AcsQuery, type AcsReply } from '../wire/acs.ts';
import type { Log } from './log.ts';
import { AGENT_VERSION } from './version.ts';

/** The connection to the control plane: kept open, opened again with backoff, closed when nothing was heard for too long. */
export interface AcsOptions {
  /** ecs:DiscoverPollEndpoint, asked before each attempt. */
  endpoint(): Promise<string>;
  identity(): { clusterArn: string; containerInstanceArn: string };
  credentials(): Promise<Credentials>;
  region: string;
  /** Messages are handed on one after the other. */
  onMessage(message: AcsMessage, reply: (reply: AcsReply) => void): Promise<void>;
  log: Log;
  signal: AbortSignal;
  /** AWS's agent: a minute, with up to half of one more at random. */
  silenceMs?: number;
  runtimeVersion?: string;
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Resolves when the signal is aborted. */
export async function keepConnected(options: AcsOptions): Promise<void> {
  const { signal, log } = options;
  const pause = backoff({ minMs: 250, maxMs: 10_000 });
  let sendCredentials = true;
  while (!signal.aborted) {
    const openedAt = Date.now();
    let opened = false;
    try {
      const url = address(await options.endpoint(), query(options, sendCredentials));
      await session(options, url, await sign(url, options), () => {
        opened = true;
        sendCredentials = false;
        log('connected to the control plane');
      });
      pause.reset();
      log('the control plane closed the connection');
    } catch (error) {
      // A connection that held for a while was a good one.
      if (opened && Date.now() - openedAt > 10_000) pause.reset();
      log('no connection to the control plane', { error });
    }
    await sleep(pause.next(), undefined, { signal }).catch(() => {});
  }
}

function query({ identity, runtimeVersion }: AcsOptions, sendCredentials: boolean): AcsQuery {
  return {
    ...identity(),
    agentHash: 'gantry',
    agentVersion: AGENT_VERSION,
    protocolVersion: String(ACS_PROTOCOL_VERSION),
    sendCredentials: sendCredentials ? 'true' : 'false',
    seqNum: '1',
    ...(runtimeVersion ? { dockerVersion: runtimeVersion } : {}),
  };
}

function address(endpoint: string, query_: AcsQuery): URL {
  const url = new URL('ws', endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
  for (const [name, value] of Object.entries(query_)) url.searchParams.set(name, value as string);
  return url;
}

/** SigV4 of the upgrade request, an HTTP GET without a body, for service `ecs`. */
async function sign(url: URL, { credentials, region }: AcsOptions): Promise<Record<string, string>> {
  const signer = new SignatureV4({ service: 'ecs', region, credentials: await credentials(), sha256: Sha256 });
  const { headers } = await signer.sign({
    method: 'GET',
    protocol: 'https:',
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
  });
  return headers;
}

/** The hash that the signer wants, on Node's own. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

/** One connection. Resolves when the control plane said it would close; rejects for any other end. */
function session(options: AcsOptions, url: URL, headers: Record<string, string>, onOpen: () => void): Promise<void> {
  const { onMessage, log, signal, silenceMs = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.href.replace(/^http/, 'ws'), { headers, handshakeTimeout: 10_000 });
    const abort = () => socket.terminate();
    signal.addEventListener('abort', abort, { once: true });
    let silence: NodeJS.Timeout;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => end(new Error('nothing was heard for too long')), silenceMs * (1 + Math.random() / 2));
    };
    let queue: Promise<void> = Promise.resolve();
    /** What came before the end is handled before another connection is made. */
    function end(error?: Error): void {
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      socket.terminate();
      void queue.then(() => (error ? reject(error) : resolve()));
    }
    heard();
    const reply = (answer: AcsReply) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(answer));
    const handle = (frame: AcsMessage) => {
      queue = queue.then(() => onMessage(frame, reply)).catch((error: unknown) => log('a message could not be handled', { type: frame.type, error }));
    };
    socket.on('open', onOpen);
    socket.on('ping', heard);
    socket.on('message', (data) => {
      heard();
      const frame = parse(String(data));
      if (!frame) return log('a frame that is not understood');
      handle(frame);
      if (frame.type === 'CloseMessage') end();
      if (frame.type.endsWith('Exception')) end(new Error(frame.type));
    });
    socket.on('unexpected-response', (_request, response) => {
      response.setEncoding('utf8').once('data', (text: string) => {
        if (text.includes('InactiveInstanceException')) handle({ type: 'InactiveInstanceException', message: {} });
        end(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 500)}`));
      });
      response.once('end', () => end(new Error(`HTTP ${response.statusCode}`)));
    });
    socket.on('error', (error) => end(error));
    socket.on('close', (code) => end(new Error(`closed with ${code}`)));
  });
}

function parse(text: string): AcsMessage | undefined {
  try {
    const frame = JSON.parse(text) as AcsMessage;
    return typeof frame.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}
