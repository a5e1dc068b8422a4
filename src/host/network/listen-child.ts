/** Runs inside of a network namespace for a moment: opens the sockets that its arguments name, passes them to its parent (`listen.ts`). */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import type { Endpoint } from './listen.ts';

async function open({ protocol, address, port }: Endpoint): Promise<net.Server | dgram.Socket> {
  if (protocol === 'tcp') {
    const server = net.createServer();
    server.listen({ host: address, port, exclusive: true, backlog: 1024 });
    await once(server, 'listening');
    return server;
  }
  const socket = dgram.createSocket('udp4');
  socket.bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  return socket;
}

const send = (message: { error?: string }, handle?: net.Server | dgram.Socket) =>
  new Promise<void>((resolve, reject) => process.send?.(message, handle, {}, (error) => (error ? reject(error) : resolve())));

process.once('disconnect', () => process.exit());
try {
  for (const argument of process.argv.slice(2)) await send({}, await open(JSON.parse(argument) as Endpoint));
} catch (error) {
  await send({ error: String(error) });
}
