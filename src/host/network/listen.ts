import { fork, type ChildProcess } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** A socket to open: what the child is told (as JSON in its argv) and answers, in the same order. */
export interface Endpoint {
  protocol: 'tcp' | 'udp';
  address: string;
  port: number;
}

const childProgram = fileURLToPath(new URL('listen-child.ts', import.meta.url));

/**
 * Opens sockets inside of the network namespace at `path` and hands them to this process: a socket stays in the namespace in which it
 * was made, whoever uses it. A child made by `nsenter` opens them, passes them over its IPC channel, and ends.
 */
export async function openIn(path: string, endpoints: Endpoint[]): Promise<(net.Server | dgram.Socket)[]> {
  const child = fork(childProgram, endpoints.map((endpoint) => JSON.stringify(endpoint)), {
    execPath: 'nsenter',
    execArgv: [`--net=${path}`, process.execPath, '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const opened: (net.Server | dgram.Socket)[] = [];
  try {
    await receive(child, path, (handle) => opened.push(handle), () => opened.length === endpoints.length);
    return opened;
  } catch (error) {
    opened.forEach((handle) => handle.close());
    throw error;
  } finally {
    if (child.connected) child.disconnect();
  }
}

async function receive(child: ChildProcess, path: string, take: (handle: net.Server | dgram.Socket) => void, done: () => boolean): Promise<void> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: { error?: string }, handle) => {
      if (message.error) return reject(new Error(`in ${path}: ${message.error}`));
      if (handle instanceof net.Server || handle instanceof dgram.Socket) take(handle);
      if (done()) resolve();
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`in ${path}: the socket's opener ended with ${code}: ${stderr.trim().slice(-500)}`)));
  });
}

/** A listening TCP socket in the namespace; add a `connection` listener, or hand it to `http.Server.listen`. */
export async function listenIn(path: string, address: string, port: number): Promise<net.Server> {
  const [server] = await openIn(path, [{ protocol: 'tcp', address, port }]);
  return server as net.Server;
}

/** Its twin for UDP. */
export async function bindIn(path: string, address: string, port: number): Promise<dgram.Socket> {
  const [socket] = await openIn(path, [{ protocol: 'udp', address, port }]);
  return socket as dgram.Socket;
}

/** Closes what `openIn` gave, and waits for it. */
export async function closeAll(handles: (net.Server | dgram.Socket)[]): Promise<void> {
  await Promise.all(handles.map((handle) => {
    const closed = once(handle, 'close');
    handle.close();
    return closed;
  }));
}
