import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { WebSocket, type RawData } from 'ws';

/** A web socket to the control plane: frames `{"type":…,"message":…}`, the upgrade request signed with SigV4 (service `ecs`). */
export interface Frame {
  type: string;
  message: unknown;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface SocketOptions {
  /** Where `ws` is, as ecs:DiscoverPollEndpoint tells it, and the query. */
  endpoint: string;
  query: Record<string, string>;
  credentials: Credentials;
  region: string;
  signal: AbortSignal;
  /** Nothing heard for as long (up to half of it more, at random): the connection is given up. */
  silenceMs: number;
  onOpen(send: (frame: Frame) => void): void;
  /** Frames are handed on one after the other; `end` ends the connection. */
  onFrame(frame: Frame, send: (frame: Frame) => void, end: (error?: Error) => void): Promise<void>;
  /** The upgrade was refused. */
  onRefusal?(status: number, text: string): Promise<void>;
}

/** One connection. Resolves when `end` was called without an error, rejects for any other end, in either case after all frames are handled. */
export async function connect(options: SocketOptions): Promise<void> {
  const url = new URL('ws', options.endpoint.endsWith('/') ? options.endpoint : `${options.endpoint}/`);
  for (const [name, value] of Object.entries(options.query)) url.searchParams.set(name, value);
  const socket = new WebSocket(url.href.replace(/^http/, 'ws'), { headers: await sign(url, options), handshakeTimeout: 10_000 });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => end();
  const end = (error?: Error) => (error ? reject(error) : resolve());
  const send = (frame: Frame) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  };
  let silence: NodeJS.Timeout | undefined;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => end(new Error('nothing was heard for too long')), options.silenceMs * (1 + Math.random() / 2));
  };
  let handled: Promise<void> = Promise.resolve();
  const then = (work: () => Promise<void>) => {
    handled = handled.then(work).catch(end);
  };
  options.signal.addEventListener('abort', abort, { once: true });
  heard();
  socket.on('open', () => options.onOpen(send));
  socket.on('ping', heard);
  socket.on('message', (data) => {
    heard();
    const frame = parse(data);
    if (frame) then(() => options.onFrame(frame, send, end));
  });
  socket.on('unexpected-response', (_request, response) => {
    then(async () => {
      const text = (await response.setEncoding('utf8').toArray()).join('').slice(0, 1000);
      await options.onRefusal?.(response.statusCode ?? 0, text);
      throw new Error(`HTTP ${response.statusCode}: ${text}`);
    });
  });
  socket.on('error', (error) => end(error));
  socket.on('close', (code) => end(new Error(`closed with ${code}`)));
  try {
    await promise;
  } finally {
    clearTimeout(silence);
    options.signal.removeEventListener('abort', abort);
    socket.terminate();
    await handled;
  }
}

function parse(data: RawData): Frame | undefined {
  try {
    const frame = JSON.parse(Buffer.isBuffer(data) ? data.toString() : Buffer.concat([data].flat().map((part) => Buffer.from(part as ArrayBuffer))).toString()) as Frame | null;
    return typeof frame?.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}

async function sign(url: URL, { credentials, region }: SocketOptions): Promise<Record<string, string>> {
  const signer = new SignatureV4({ service: 'ecs', region, credentials, sha256: Sha256 });
  const request = { method: 'GET', protocol: 'https:', hostname: url.hostname, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: { host: url.host } };
  return (await signer.sign(request)).headers;
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
