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

process.once('disconnect', () => process.exit());
try {
  for (const argument of process.argv.slice(2)) {
    const socket = await open(JSON.parse(argument) as Endpoint);
    const taken = once(process, 'message');
    process.send?.({}, socket);
    // In the turn in which it was opened: this process would take connections and datagrams that it has no answer to. They wait in the socket.
    socket.close();
    await taken;
  }
} catch (error) {
  process.send?.({ error: String(error) });
}
