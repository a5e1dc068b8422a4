import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { run } from '../../engines/command.ts';
import { closeAll, listenIn, openIn } from './listen.ts';
import { namespaceName, namespacePath } from './names.ts';
import { ensureNamespace, isNamespace, removeNamespace } from './namespaces.ts';

const installation = { name: `t${randomBytes(4).toString('hex')}` };
const id = 'vpc-0000000000000000a';
const path = namespacePath(installation, id);
const inside = (...argv: string[]) => run(['ip', 'netns', 'exec', namespaceName(installation, id), ...argv]);

before(async () => {
  await Promise.all([ensureNamespace(installation, id), ensureNamespace(installation, id)]);
});
after(async () => {
  await removeNamespace(installation, id);
  await removeNamespace(installation, id);
  assert.equal(await isNamespace(path), false);
});

test('a TCP socket opened inside of a namespace is served by this process', async () => {
  const server = await listenIn(path, '127.0.0.1', 8181, createServer((request, response) => response.end(`from outside ${request.url}`)));
  const { stdout } = await inside('curl', '-sS', 'http://127.0.0.1:8181/x');
  assert.equal(stdout, 'from outside /x');
  await assert.rejects(run(['curl', '-sS', '--max-time', '2', 'http://127.0.0.1:8181/x']), /Failed to connect|Couldn't connect/);
  await assert.rejects(listenIn(path, '127.0.0.1', 8181, createServer()), /EADDRINUSE/);
  await closeAll([server]);
  await closeAll([await listenIn(path, '127.0.0.1', 8181, createServer())]);
});

test('who connects while a socket is handed over is answered', async () => {
  // Asks all the while; a connection that is refused found no socket yet, any other end is a connection that was taken and dropped.
  const script = `let lost = 0, answered = 0;
    const ask = () => fetch('http://127.0.0.1:8182/').then(() => answered++, ({ cause }) => cause.code === 'ECONNREFUSED' || lost++);
    console.log('asking');
    const asking = async () => { while (answered < 100) await ask(); };
    await Promise.all(Array.from({ length: 8 }, asking));
    console.log(lost);`;
  const argv = ['ip', 'netns', 'exec', namespaceName(installation, id), process.execPath, '--input-type=module', '-e', script];
  const asking = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = createInterface(asking.stdout)[Symbol.asyncIterator]();
  assert.equal((await said.next()).value, 'asking');
  const server = await listenIn(path, '127.0.0.1', 8182, createServer((_, response) => response.setHeader('connection', 'close').end()));
  assert.equal((await said.next()).value, '0', 'connections that were dropped');
  await closeAll([server]);
});

test('a UDP socket too', async () => {
  const endpoint = { protocol: 'udp', address: '127.0.0.1', port: 5353 } as const;
  const sockets = await openIn(path, [endpoint, { ...endpoint, port: 5354 }], (opened) => {
    const socket = opened as Socket;
    socket.on('message', (message, from) => socket.send(`got ${message}`, from.port, from.address));
  });
  const script = "const s=require('dgram').createSocket('udp4');s.on('message',m=>{console.log(String(m));s.close()});s.send('hi',5354,'127.0.0.1')";
  const { stdout } = await inside(process.execPath, '-e', script);
  assert.equal(stdout.trim(), 'got hi');
  await closeAll(sockets);
});
