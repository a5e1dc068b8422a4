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

type Socket = net.Server | dgram.Socket;

/**
 * Opens sockets inside of the network namespace at `path` and hands them to this process: a socket stays in the namespace in which it
 * was made, whoever uses it. A child made by `nsenter` opens them, passes them over its IPC channel, and ends. `serve` is called in the
 * turn in which a socket has come, so that nothing that comes to it is taken before there is somebody to answer.
 */
export async function openIn(path: string, endpoints: Endpoint[], serve: (socket: Socket) => void): Promise<Socket[]> {
  const child = fork(childProgram, endpoints.map((endpoint) => JSON.stringify(endpoint)), {
    execPath: 'nsenter',
    execArgv: [`--net=${path}`, process.execPath, '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const opened: Socket[] = [];
  const take = (socket: Socket) => {
    opened.push(socket);
    serve(socket);
    return opened.length === endpoints.length;
  };
  try {
    await receive(child, path, take);
    return opened;
  } catch (error) {
    opened.forEach((socket) => socket.close());
    throw error;
  } finally {
    if (child.connected) child.disconnect();
  }
}

/** `take` answers whether it was the last one. */
async function receive(child: ChildProcess, path: string, take: (socket: Socket) => boolean): Promise<void> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: { error?: string }, socket) => {
      if (message.error) return reject(new Error(`in ${path}: ${message.error}`));
      if (!(socket instanceof net.Server || socket instanceof dgram.Socket)) return;
      if (take(socket)) resolve();
      else child.send('next', (error) => error && reject(error));
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`in ${path}: the socket's opener ended with ${code}: ${stderr.trim().slice(-500)}`)));
  });
}

/** A TCP socket in the namespace, with `server` listening on it. */
export async function listenIn<T extends net.Server>(path: string, address: string, port: number, server: T): Promise<T> {
  await openIn(path, [{ protocol: 'tcp', address, port }], (socket) => server.listen(socket));
  return server;
}

/** Closes what `openIn` gave, and waits for it. */
export async function closeAll(handles: Socket[]): Promise<void> {
  await Promise.all(handles.map((handle) => {
    const closed = once(handle, 'close');
    handle.close();
    return closed;
  }));
}
