import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';

const timeoutMs = 2000;

/** The host's resolvers, as resolv.conf(5) lists them: three at most count. */
export async function hostResolvers(path = '/etc/resolv.conf'): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address]) => address ?? '').filter((address) => net.isIP(address)).slice(0, 3);
}

/** Asks one resolver after the other, twice; the first answer counts, with the asker's own message id. Throws when none answers. */
export async function forward(query: Buffer, protocol: 'tcp' | 'udp', resolvers: readonly string[], port = 53): Promise<Buffer> {
  let last: unknown = new Error('the host has no resolver');
  for (const address of [...resolvers, ...resolvers]) {
    try {
      // An id of our own, hard to guess, together with a port of our own: RFC 5452.
      const asked = Buffer.from(query);
      asked.writeUInt16BE(randomInt(65536), 0);
      const reply = Buffer.from(await (protocol === 'udp' ? byUdp : byTcp)(asked, address, port));
      query.copy(reply, 0, 0, 2);
      return reply;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function byUdp(query: Buffer, address: string, port: number): Promise<Buffer> {
  const socket = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    // Connected: the kernel drops what comes from elsewhere, and tells when nobody listens there.
    socket.connect(port, address);
    await once(socket, 'connect', { signal });
    socket.send(query);
    for (;;) {
      const [reply] = (await once(socket, 'message', { signal })) as [Buffer];
      if (reply.length >= 12 && reply.readUInt16BE(0) === query.readUInt16BE(0)) return reply;
    }
  } finally {
    socket.close();
  }
}

async function byTcp(query: Buffer, address: string, port: number): Promise<Buffer> {
  const socket = net.connect({ host: address, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    socket.write(framed(query));
    return await new Promise<Buffer>((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => reject(new Error(`${address} does not answer`)));
      socket.once('error', reject).once('close', () => reject(new Error(`${address} closed the connection`)));
      readFrames(socket, resolve);
    });
  } finally {
    socket.destroy();
  }
}

/** RFC 1035 4.2.2: over TCP a message goes after its length. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

export function readFrames(socket: net.Socket, take: (message: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      take(held.subarray(2, end));
      held = held.subarray(end);
    }
  });
}
