import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpsServer, request } from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerTargetGroup, ObservedBalancer } from '../../wire/host.ts';
import { run } from '../../engines/command.ts';
import { makeNetworkPart, namespaceName, namespacePath, teardownNetwork } from '../network/index.ts';
import { listenIn } from '../network/listen.ts';
import { testHost, testInstance, testInterface, vpcId } from '../network/testing.ts';
import { makeBalancersPart } from './index.ts';
import { removeBalancer } from './process.ts';

const { host, wish, observed, publicAddress, removeFolder } = await testHost();
const { installation } = host;
const network = makeNetworkPart(host, () => {});
const balancers = makeBalancersPart(host, () => void balancers.reconcile(wish).catch(() => {}));
const lb = 'lb-0123456789abcdef';
const instance = 'i-0aaaaaaaaaaaaaaaa';
const silent = 'i-0bbbbbbbbbbbbbbbb';
const everything = [{ protocol: '-1', source: { cidr: '0.0.0.0/0' } }];
const closers: (() => void)[] = [];

const group = (targets: BalancerTargetGroup['targets'], more: Partial<BalancerTargetGroup> = {}, check: Partial<BalancerTargetGroup['healthCheck']> = {}): BalancerTargetGroup => ({
  protocol: 'TCP', algorithm: 'round_robin', targets,
  healthCheck: { enabled: true, protocol: 'TCP', path: '/', port: 'traffic-port', intervalSeconds: 1, timeoutSeconds: 20, healthyThreshold: 2, unhealthyThreshold: 2, matcher: '200', ...check },
  ...more,
});
const target = (port: number, draining = false) => ({ [`172.31.0.6:${port}`]: { address: '172.31.0.6', port, draining } });

function set(main: BalancerTargetGroup): Promise<void> {
  const listener = { id: 'l-1', port: 443, protocol: 'TCP' as const, rules: [{ conditions: [], action: { type: 'forward' as const, targetGroups: [{ id: 'main', weight: 1 }] } }] };
  wish.balancer.set(lb, { networkId: vpcId, interfaceIds: ['eni-0lb'], listeners: [listener], targetGroups: { main }, idleTimeout: 350 });
  return balancers.reconcile(wish);
}

/** Says its port and then whatever it hears; `close` refuses new connections and keeps those that stand. */
async function echo(port: number): Promise<{ close: () => void }> {
  const server = await listenIn(namespacePath(installation, instance), '172.31.0.6', port, net.createServer((socket) => {
    closers.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.write(`${port}\n`);
    socket.pipe(socket);
  }));
  const close = () => void server.close();
  closers.push(close);
  return { close };
}

/** A client's connection, and all that it has heard. */
function connect() {
  const socket = net.connect(443, publicAddress(5));
  const client = { heard: '', closed: false, socket };
  closers.push(() => socket.destroy());
  socket.setEncoding('latin1').on('data', (chunk: string) => (client.heard += chunk)).on('close', () => (client.closed = true)).on('error', () => {});
  return client;
}

/** The port of the target that a new connection reaches. */
async function reached(): Promise<string> {
  const client = connect();
  await until('a greeting', () => client.heard.includes('\n') || client.closed);
  client.socket.destroy();
  return client.heard.trim();
}

const health = (port: number) => (observed.get(`balancer/${lb}`) as ObservedBalancer | undefined)?.health.main?.[`172.31.0.6:${port}`];
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await holds()); await sleep(20)) if (Date.now() > end) assert.fail(`not in time: ${what}; ${JSON.stringify(observed.get(`balancer/${lb}`))}`);
}

/** The worker of the configuration before has gone: until then it may still take a connection. */
const settled = () => until('one worker', async () => (await run(['ip', 'netns', 'pids', namespaceName(installation, lb)])).stdout.trim().split('\n').length === 2);

before(async () => {
  wish.instance.set(instance, testInstance(['eni-0a']));
  wish.interface.set('eni-0a', testInterface(6, instance, { securityGroupIds: ['sg-0'] }));
  wish.interface.set('eni-0lb', testInterface(5, lb, { securityGroupIds: ['sg-0'], publicAddress: publicAddress(5) }));
  wish.securityGroup.set('sg-0', { networkId: vpcId, ingress: everything, egress: everything, members: [] });
  // Where nothing gets in, and nothing says so.
  wish.instance.set(silent, testInstance(['eni-0s']));
  wish.interface.set('eni-0s', testInterface(7, silent, { securityGroupIds: ['sg-1'] }));
  wish.securityGroup.set('sg-1', { networkId: vpcId, ingress: [], egress: everything, members: [] });
  wish.balancer.set(lb, { networkId: vpcId, interfaceIds: ['eni-0lb'], listeners: [], targetGroups: {}, idleTimeout: 350 });
  await network.reconcile(wish);
});

after(async () => {
  closers.forEach((close) => close());
  wish.balancer.clear();
  await balancers.reconcile(wish);
  await removeBalancer(installation, lb, join(host.runDir, 'balancers', lb));
  await teardownNetwork(installation);
  await removeFolder();
});

test('bytes pass both ways once a connection to the target succeeds; a dead target loses its connections, others go on', async () => {
  const one = await echo(9001);
  await set(group({ ...target(9001), ...target(9003) }));
  await until('checked', () => health(9001)?.state === 'healthy' && health(9003)?.state === 'unhealthy');
  assert.equal(health(9003)?.reason, 'Target.FailedHealthChecks');
  const client = connect();
  await until('greeted', () => client.heard === '9001\n');
  client.socket.write('hello');
  await until('echoed', () => client.heard === '9001\nhello');
  const two = await echo(9002);
  await set(group({ ...target(9001), ...target(9002) }));
  await until('the second', () => health(9002)?.state === 'healthy');
  assert.deepEqual(new Set([await reached(), await reached(), await reached()]), new Set(['9001', '9002']));
  one.close();
  await until('unhealthy', () => health(9001)?.state === 'unhealthy');
  await until('cut off', () => client.closed);
  for (let i = 0; i < 4; i++) assert.equal(await reached(), '9002');

  const last = connect();
  await until('greeted', () => last.heard === '9002\n');
  two.close();
  await until('unhealthy', () => health(9002)?.state === 'unhealthy');
  last.socket.write('on');
  await until('what the last target has goes on', () => last.heard === '9002\non');
  last.socket.destroy();
  await echo(9002);
});

test('a client that comes to a silent target, not yet known to be dead, reaches another one', async () => {
  await set(group(target(9002)));
  await until('healthy', () => health(9002)?.state === 'healthy');
  await set(group({ ...target(9002), '172.31.0.7:9002': { address: '172.31.0.7', port: 9002, draining: false } }, {}, { enabled: false }));
  // One after the other: of several at once, one may come to it twice.
  for (let i = 0; i < 4; i++) assert.equal(await reached(), '9002');
});

test('a draining target gets nothing new, keeps what it has, and when it leaves, unless connections are to end', async () => {
  await echo(9004);
  await set(group(target(9002)));
  await until('healthy', () => health(9002)?.state === 'healthy');
  const client = connect();
  await until('greeted', () => client.heard === '9002\n');
  await set(group({ ...target(9002, true), ...target(9004) }));
  await until('the other is healthy', () => health(9004)?.state === 'healthy');
  assert.equal(await reached(), '9004');
  await until('its connection counts', () => health(9002)?.state === 'draining' && health(9002)?.activeConnections === 1);
  client.socket.write('still');
  await until('still there', () => client.heard === '9002\nstill');
  await set(group(target(9004)));
  await sleep(1200);
  client.socket.write('!');
  await until('still there', () => client.heard === '9002\nstill!');
  await set(group(target(9004), { connectionTermination: true }));
  await until('gone', () => client.closed);
});

test('sticky by the client\'s address; the PROXY protocol', async () => {
  await set(group({ ...target(9002), ...target(9004) }, { stickinessSeconds: 60 }));
  await settled();
  await until('healthy', () => health(9002)?.state === 'healthy' && health(9004)?.state === 'healthy');
  const first = await reached();
  for (let i = 0; i < 5; i++) assert.equal(await reached(), first);
  await set(group(target(9004), { proxyProtocol: true }, { enabled: false }));
  await settled();
  const client = connect();
  const greeting = '9004\n'.length;
  await until('the header comes back', () => client.heard.length >= greeting + 28);
  // Signature (12 bytes), version and command 0x21, TCP over IPv4 0x11, length 12, the client's address.
  assert.equal(client.heard.slice(greeting, greeting + 16), '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c');
  assert.equal([...Buffer.from(client.heard.slice(greeting + 16, greeting + 20), 'latin1')].join('.'), publicAddress(0));
  client.socket.destroy();
});

/** Answers `/readyz` with its status, once it may, and all else with 200. */
async function readyServer(port: number): Promise<{ status: number; hold?: Promise<void>; close: () => void }> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=test', '-days', '1', '-keyout', key, '-out', cert]);
  const server = createHttpsServer({ key: await readFile(key), cert: await readFile(cert) }, (asked, response) => {
    if (asked.url !== '/readyz') return void response.end();
    response.statusCode = ready.status;
    return void Promise.resolve(ready.hold).then(() => response.end());
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const ready: Awaited<ReturnType<typeof readyServer>> = { status: 200, close };
  await rm(folder, { recursive: true });
  await listenIn(namespacePath(installation, instance), '172.31.0.6', port, server);
  closers.push(close);
  return ready;
}

const byReadyz = { protocol: 'HTTPS' as const, path: '/readyz' };

test('checks by HTTPS look at the status and not at the certificate', async () => {
  const server = await readyServer(9443);
  await set(group(target(9443), {}, byReadyz));
  await until('healthy', () => health(9443)?.state === 'healthy');
  server.status = 500;
  await until('unhealthy', () => health(9443)?.state === 'unhealthy');
  assert.deepEqual([health(9443)?.reason, health(9443)?.description], ['Target.ResponseCodeMismatch', 'Health checks failed with these codes: [500]']);
});

/** Whether a request reaches a target. */
const answered = () => new Promise<boolean>((resolve) => {
  const outgoing = request({ host: publicAddress(5), port: 443, agent: false, rejectUnauthorized: false, timeout: 20_000 }, (response) => resolve(response.resume().statusCode === 200));
  outgoing.on('timeout', () => outgoing.destroy()).on('error', () => resolve(false)).end();
});

test('a strict group gives nothing to who is not ready or refuses, though nobody else is there; to who is slow it does', async () => {
  let server = await readyServer(9444);
  server.status = 500;
  await set(group(target(9444), { strict: true }, { ...byReadyz, healthyThreshold: 1, timeoutSeconds: 2 }));
  await until('not ready', () => health(9444)?.reason === 'Target.ResponseCodeMismatch');
  assert.equal(await answered(), false);
  server.status = 200;
  await until('ready', () => health(9444)?.state === 'healthy');
  assert.equal(await answered(), true);
  server.hold = new Promise((resolve) => closers.push(resolve));
  await until('slow', () => health(9444)?.reason === 'Target.Timeout');
  for (const end = Date.now() + 90_000; !(await answered()); await sleep(20)) assert.ok(Date.now() < end, 'slow, and used all the same');

  server.close();
  server = await readyServer(9444);
  await until('ready again', () => health(9444)?.state === 'healthy');
  server.close();
  // Found out by this very connection, or by a check before it.
  assert.equal(await answered(), false);
  await until('known to be away', () => health(9444)?.state === 'unhealthy');
  await set(group(target(9444), { strict: true }, { ...byReadyz, healthyThreshold: 1, timeoutSeconds: 2 }));
  server = await readyServer(9444);
  server.status = 500;
  assert.equal(await answered(), false);
  server.status = 200;
  await until('ready at last', () => health(9444)?.state === 'healthy');
  assert.equal(await answered(), true);
});
