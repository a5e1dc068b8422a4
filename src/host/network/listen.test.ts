import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { run } from '../../engines/command.ts';
import { bindIn, closeAll, listenIn } from './listen.ts';
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
  const socket = await listenIn(path, '127.0.0.1', 8181);
  const server = createServer((request, response) => response.end(`from outside ${request.url}`)).listen(socket);
  const { stdout } = await inside('curl', '-sS', 'http://127.0.0.1:8181/x');
  assert.equal(stdout, 'from outside /x');
  await assert.rejects(run(['curl', '-sS', '--max-time', '2', 'http://127.0.0.1:8181/x']), /Failed to connect|Couldn't connect/);
  await assert.rejects(listenIn(path, '127.0.0.1', 8181), /EADDRINUSE/);
  server.close();
  await listenIn(path, '127.0.0.1', 8181).then((again) => closeAll([again]));
});

test('a UDP socket too', async () => {
  const socket = await bindIn(path, '127.0.0.1', 5353);
  socket.on('message', (message, from) => socket.send(`got ${message}`, from.port, from.address));
  const script = "const s=require('dgram').createSocket('udp4');s.on('message',m=>{console.log(String(m));s.close()});s.send('hi',5353,'127.0.0.1')";
  const { stdout } = await inside(process.execPath, '-e', script);
  assert.equal(stdout.trim(), 'got hi');
  socket.close();
  await once(socket, 'close');
});
