import type dgram from 'node:dgram';
import net from 'node:net';
import { AUTHORITATIVE_ANSWER, RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE, decode, encode, type Packet } from 'dns-packet';
import { forward, framed, readFrames } from './forward.ts';
import { answer, type Zone } from './zone.ts';

export interface Resolver {
  /** As it is now; null while the VPC goes away. */
  zone: () => Zone | null;
  /** Addresses of the resolvers that know the rest of the world. */
  upstream: () => Promise<string[]>;
}

/** A client that keeps its connection open and says nothing is let go. */
const idleMs = 10_000;
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 };

export function serveUdp(socket: dgram.Socket, resolver: Resolver): void {
  socket.on('message', (message, from) => {
    void respond(message, 'udp', resolver, (answered) => socket.send(answered, from.port, from.address, () => {}));
  });
  socket.on('error', () => {});
}

export function serveTcp(server: net.Server, resolver: Resolver): void {
  server.maxConnections = 256;
  server.on('connection', (socket) => {
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    readFrames(socket, (message) => {
      void respond(message, 'tcp', resolver, (answered) => socket.writable && socket.write(framed(answered)));
    });
  });
}

async function respond(message: Buffer, protocol: 'tcp' | 'udp', resolver: Resolver, send: (answered: Buffer) => unknown): Promise<void> {
  const answered = await reply(message, protocol, resolver);
  if (answered) send(answered);
}

let turn = 0;

/** Answers one message; null for what is no query at all. Never throws. */
export async function reply(message: Buffer, protocol: 'tcp' | 'udp', resolver: Resolver): Promise<Buffer | null> {
  if (message.length < 12 || message.readUInt8(2) & 0x80) return null;
  let query: Packet;
  try {
    query = decode(message);
  } catch {
    return failure(message, rcodes.FORMERR);
  }
  const [question] = query.questions ?? [];
  if (((message.readUInt8(2) >> 3) & 0xf) !== 0) return failure(message, rcodes.NOTIMP);
  if (!question || query.questions?.length !== 1) return failure(message, rcodes.FORMERR);
  const zone = resolver.zone();
  if (!zone) return failure(message, rcodes.SERVFAIL);
  const known = answer(zone, question, turn++);
  if (known === 'forward') {
    try {
      return await forward(message, protocol, await resolver.upstream());
    } catch {
      return failure(message, rcodes.SERVFAIL);
    }
  }
  const edns = query.additionals?.find((record) => record.type === 'OPT');
  const packet: Packet = {
    type: 'response', id: query.id, questions: [question],
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | rcodes[known.rcode],
    answers: known.answers, authorities: known.authorities,
    additionals: edns ? [{ type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] : [],
  };
  const encoded = encode(packet);
  const room = protocol === 'tcp' ? 65535 : edns ? Math.min(Math.max(edns.udpPayloadSize, 512), 1232) : 512;
  return encoded.length <= room ? encoded : encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], authorities: [] });
}

/** The query sent back with an error, its question kept where it can be. */
function failure(message: Buffer, rcode: number): Buffer {
  const response = Buffer.from(message);
  response.writeUInt8((message.readUInt8(2) & 0x79) | 0x80, 2);
  response.writeUInt8(0x80 | rcode, 3);
  if (rcode !== rcodes.FORMERR) return response;
  const header = response.subarray(0, 12);
  header.fill(0, 4);
  return header;
}
