import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerListener, BalancerTargetGroup, DesiredBalancer, ObservedBalancer } from '../../wire/host.ts';
import { run } from '../../engines/command.ts';
import { makeNetworkPart, namespaceName, namespacePath, teardownNetwork } from '../network/index.ts';
import { listenIn } from '../network/listen.ts';
import { testHost, testInstance, testInterface, vpcId } from '../network/testing.ts';
import { makeBalancersPart } from './index.ts';
import { paths } from './config.ts';
import { killAll, removeBalancer } from './process.ts';
import { ask } from './runtime.ts';

const { host, wish, observed, publicAddress, removeFolder } = await testHost();
const { installation } = host;
const network = makeNetworkPart(host, () => {});
let passes = 0;
const balancers = makeBalancersPart(host, () => {
  passes++;
  void balancers.reconcile(wish).catch(() => {});
});
const lb = 'lb-0123456789abcdef';
const instance = 'i-0aaaaaaaaaaaaaaaa';
const folder = join(host.runDir, 'balancers', lb);
const everything = [{ protocol: '-1', source: { cidr: '0.0.0.0/0' } }];
const servers: Server[] = [];
let one: Awaited<ReturnType<typeof serve>> | undefined;

const group = (targets: BalancerTargetGroup['targets'], more: Partial<BalancerTargetGroup> = {}): BalancerTargetGroup => ({
  protocol: 'HTTP', algorithm: 'round_robin', targets,
  healthCheck: { enabled: true, protocol: 'HTTP', path: '/health', port: 'traffic-port', intervalSeconds: 1, timeoutSeconds: 20, healthyThreshold: 2, unhealthyThreshold: 2, matcher: '200' },
  ...more,
});
const target = (port: number, draining = false) => ({ [`172.31.0.6:${port}`]: { address: '172.31.0.6', port, draining } });
const fixed = (body: string, statusCode = 200): BalancerListener['rules'][number]['action'] => ({ type: 'fixed-response', statusCode, contentType: 'text/plain', body });
const forward = (...ids: string[]): BalancerListener['rules'][number]['action'] => ({ type: 'forward', targetGroups: ids.map((id) => ({ id, weight: 1 })) });

function set(change: Partial<DesiredBalancer>): Promise<void> {
  const before = wish.balancer.get(lb);
  wish.balancer.set(lb, { networkId: vpcId, interfaceIds: ['eni-0lb'], listeners: [], targetGroups: {}, idleTimeout: 60, ...before, ...change });
  return balancers.reconcile(wish);
}

/** A target that answers its port, and what it was asked; its health is what `health` says, once `held` lets the n-th check go. */
async function serve(port: number, { health = 200, delayMs = 0, held = (_check: number) => Promise.resolve() } = {}): Promise<{ health: number; checks: IncomingHttpHeaders[]; close: () => Promise<void> }> {
  const state = { health, checks: [] as IncomingHttpHeaders[], close: async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  } };
  const server = createServer((incoming, response) => {
    if (incoming.url === '/health') state.checks.push(incoming.headers);
    response.statusCode = incoming.url === '/health' ? state.health : 200;
    const answered = incoming.url === '/health' ? held(state.checks.length) : sleep(delayMs);
    void answered.then(() => response.end(JSON.stringify({ port, url: incoming.url, headers: incoming.headers })));
  });
  await listenIn(namespacePath(installation, instance), '172.31.0.6', port, server);
  servers.push(server);
  return state;
}

interface Answer { status: number; headers: IncomingHttpHeaders; body: string }
async function get(path: string, { headers = {}, method = 'GET', port = 80, agent }: { headers?: Record<string, string>; method?: string; port?: number; agent?: Agent } = {}): Promise<Answer> {
  const asked = request({ host: publicAddress(5), port, path, method, headers, agent: agent ?? false });
  asked.end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}
const portOf = async () => (JSON.parse((await get('/')).body) as { port: number }).port;
const health = (id: string, port: number) => (observed.get(`balancer/${lb}`) as ObservedBalancer | undefined)?.health[id]?.[`172.31.0.6:${port}`];
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await holds()); await sleep(30)) if (Date.now() > end) assert.fail(`not in time: ${what}; ${JSON.stringify(observed.get(`balancer/${lb}`))}`);
}

const pids = async () => (await run(['ip', 'netns', 'pids', namespaceName(installation, lb)])).stdout.trim().split('\n');
/** The worker of the configuration before has gone: until then it may still take a connection. */
const settled = () => until('one worker', async () => (await pids()).length === 2);

before(async () => {
  wish.instance.set(instance, testInstance(['eni-0a']));
  wish.interface.set('eni-0a', testInterface(6, instance, { securityGroupIds: ['sg-0'] }));
  wish.interface.set('eni-0lb', testInterface(5, lb, { securityGroupIds: ['sg-0'], publicAddress: publicAddress(5) }));
  wish.securityGroup.set('sg-0', { networkId: vpcId, ingress: everything, egress: everything, members: [] });
  wish.balancer.set(lb, { networkId: vpcId, interfaceIds: ['eni-0lb'], listeners: [], targetGroups: {}, idleTimeout: 60 });
  await network.reconcile(wish);
});

after(async () => {
  servers.forEach((server) => {
    server.close();
    server.closeAllConnections();
  });
  wish.balancer.clear();
  await balancers.reconcile(wish);
  assert.ok(!observed.has(`balancer/${lb}`));
  await removeBalancer(installation, lb, folder);
  await teardownNetwork(installation);
  await removeFolder();
});

test('rules: hosts, paths, methods, headers, queries, sources; in order, with a default', async () => {
  const rules: BalancerListener['rules'] = [
    { conditions: [{ field: 'host-header', values: ['shop.example.com', '*.Shop.example.com'] }, { field: 'path-pattern', values: ['/cgi-bin/*', '/a?c'] }], action: fixed('host and path') },
    { conditions: [{ field: 'http-request-method', values: ['PUT', 'POST'] }], action: fixed('method', 201) },
    { conditions: [{ field: 'http-header', name: 'User-Agent', values: ["*O'Browser*"] }], action: fixed('header') },
    { conditions: [{ field: 'query-string', values: [{ key: 'version', value: 'v?' }, { value: 'any*' }] }], action: fixed('query\r\n"100%" $HOME') },
    { conditions: [{ field: 'path-pattern', values: ['/old/*'] }], action: { type: 'redirect', protocol: 'HTTPS', host: 'new.#{host}', port: '443', path: '/x/#{path}', query: '#{query}', statusCode: 301 } },
    { conditions: [{ field: 'source-ip', values: ['10.0.0.0/8'] }, { field: 'path-pattern', values: ['/inside'] }], action: fixed('inside') },
    { conditions: [{ field: 'path-pattern', values: ['/empty'] }], action: { type: 'forward', targetGroups: [{ id: 'empty', weight: 1 }] } },
    { conditions: [], action: fixed('nothing here', 404) },
  ];
  await set({ listeners: [{ id: 'l-1', port: 80, protocol: 'HTTP', rules }, { id: 'l-2', port: 8080, protocol: 'HTTP', rules: [{ conditions: [], action: fixed('other') }] }], targetGroups: { empty: group({}) } });
  assert.equal((observed.get(`balancer/${lb}`) as ObservedBalancer).state, 'active');
  const shop = { headers: { host: 'SHOP.example.com:80' } };
  assert.equal((await get('/cgi-bin/x?y', shop)).body, 'host and path');
  assert.equal((await get('/abc', { headers: { host: 'www.shop.example.com' } })).body, 'host and path');
  assert.equal((await get('/CGI-BIN/x', shop)).status, 404);
  assert.equal((await get('/abbc', shop)).status, 404);
  const posted = await get('/', { method: 'POST' });
  assert.deepEqual([posted.status, posted.body, posted.headers['content-type'], posted.headers.server], [201, 'method', 'text/plain', 'awselb/2.0']);
  assert.equal((await get('/', { headers: { 'user-agent': "an o'browser 7" } })).body, 'header');
  assert.equal((await get('/?a=1&Version=V2')).body, 'query\r\n"100%" $HOME');
  assert.equal((await get('/?version=v22')).status, 404);
  assert.equal((await get('/?x=anything')).body, 'query\r\n"100%" $HOME');
  const moved = await get('/old/p?q=1', { headers: { host: 'h.example.com:80' } });
  assert.deepEqual([moved.status, moved.headers.location], [301, 'https://new.h.example.com:443/x/old/p?q=1']);
  assert.equal((await get('/old/p', { headers: { host: 'h.example.com' } })).headers.location, 'https://new.h.example.com:443/x/old/p');
  assert.equal((await get('/inside')).status, 404);
  assert.equal((await get('/', { port: 8080 })).body, 'other');
  const empty = await get('/empty');
  assert.deepEqual([empty.status, empty.headers.server], [503, 'awselb/2.0']);
  assert.match(empty.body, /<h1>503 Service Temporarily Unavailable<\/h1>/);
});

test('a target is told of its client, and is healthy after its first good check', async () => {
  const [first, further] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  one = await serve(8001, { held: (check) => (check === 1 ? first : further).promise });
  const healthCheck = { ...group({}).healthCheck, timeoutSeconds: 300 };
  await set({ listeners: [{ id: 'l-1', port: 80, protocol: 'HTTP', rules: [{ conditions: [], action: forward('web') }] }], targetGroups: { web: group(target(8001), { healthCheck }) } });
  await settled();
  assert.equal(health('web', 8001)?.reason, 'Elb.InitialHealthChecking');
  assert.equal((await get('/')).status, 503);
  first.resolve();
  await until('healthy', () => health('web', 8001)?.state === 'healthy');
  further.resolve();
  assert.deepEqual([one.checks[0]?.['user-agent'], one.checks[0]?.host], ['ELB-HealthChecker/2.0', '172.31.0.5:80']);
  const { headers } = JSON.parse((await get('/', { headers: { 'x-forwarded-for': '203.0.113.9', host: 'shop' } })).body) as { headers: Record<string, string> };
  assert.equal(headers['x-forwarded-for'], `203.0.113.9, ${publicAddress(0)}`);
  assert.deepEqual([headers['x-forwarded-proto'], headers['x-forwarded-port'], headers.host], ['http', '80', 'shop']);
  assert.match(headers['x-amzn-trace-id'] ?? '', /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
});

test('header fields become what the balancer\'s attributes say', async () => {
  const told = async () => (JSON.parse((await get('/', { headers: { 'x-forwarded-for': '203.0.113.9', x_bad: '1', 'x-good': '1' } })).body) as { headers: Record<string, string> }).headers;
  assert.equal((await told()).x_bad, '1');
  await set({ headers: { dropInvalid: true, clientPort: true } });
  const { 'x-forwarded-for': forwardedFor = '', ...rest } = await told();
  assert.match(forwardedFor, /^203\.0\.113\.9, [\d.]+:\d+$/);
  assert.deepEqual([rest.x_bad, rest['x-good']], [undefined, '1']);
  await set({ headers: { forwardedFor: 'preserve' } });
  assert.equal((await told())['x-forwarded-for'], '203.0.113.9');
  await set({ headers: { forwardedFor: 'remove' } });
  assert.equal((await told())['x-forwarded-for'], undefined);
  await set({ headers: {} });
});

test('an unhealthy one gets nothing, with the reason told; when all are, all get requests', async () => {
  const two = await serve(8002, { health: 500 });
  await set({ targetGroups: { web: group({ ...target(8001), ...target(8002), ...target(8003) }) } });
  await until('unhealthy', () => health('web', 8002)?.state === 'unhealthy' && health('web', 8003)?.state === 'unhealthy');
  assert.deepEqual({ ...health('web', 8002), activeConnections: 0 }, { state: 'unhealthy', reason: 'Target.ResponseCodeMismatch', description: 'Health checks failed with these codes: [500]', activeConnections: 0 });
  assert.equal(health('web', 8003)?.reason, 'Target.FailedHealthChecks');
  for (let i = 0; i < 6; i++) assert.equal(await portOf(), 8001);
  await set({ targetGroups: { web: group(target(8002)) } });
  await until('fail open', async () => (await get('/')).status === 200);
  two.health = 200;
  await until('healthy again', () => health('web', 8002)?.state === 'healthy');
});

test('a refused connection is a 502; weights are shares', async () => {
  await set({ targetGroups: { web: group(target(8003), { healthCheck: { ...group({}).healthCheck, enabled: false } }) } });
  await settled();
  const refused = await get('/');
  assert.deepEqual([refused.status, refused.headers.server], [502, 'awselb/2.0']);
  const rules: BalancerListener['rules'] = [{ conditions: [], action: { type: 'forward', targetGroups: [{ id: 'web', weight: 3 }, { id: 'other', weight: 1 }, { id: 'none', weight: 0 }] } }];
  const unchecked = { healthCheck: { ...group({}).healthCheck, enabled: false } };
  await set({ listeners: [{ id: 'l-1', port: 80, protocol: 'HTTP', rules }], targetGroups: { web: group(target(8001), unchecked), other: group(target(8002), unchecked), none: group({}) } });
  await settled();
  const ports = [];
  for (let i = 0; i < 80; i++) ports.push(await portOf());
  const share = ports.filter((port) => port === 8001).length;
  assert.ok(share > 30 && share < 80, `${share} of 80`);
});

test('sticky sessions stay, until their target drains', async () => {
  const rules: BalancerListener['rules'] = [{ conditions: [], action: forward('web') }];
  await set({ listeners: [{ id: 'l-1', port: 80, protocol: 'HTTP', rules }], targetGroups: { web: group({ ...target(8001), ...target(8002) }, { stickinessSeconds: 60 }) } });
  await settled();
  await until('healthy', () => health('web', 8001)?.state === 'healthy' && health('web', 8002)?.state === 'healthy');
  const first = await get('/');
  const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  assert.match(cookie, /^AWSALB=/);
  const { port } = JSON.parse(first.body) as { port: number };
  const sticky = async () => (JSON.parse((await get('/', { headers: { cookie } })).body) as { port: number }).port;
  for (let i = 0; i < 6; i++) assert.equal(await sticky(), port);
  await set({ targetGroups: { web: group({ ...target(8001, port === 8001), ...target(8002, port === 8002) }, { stickinessSeconds: 60 }) } });
  assert.equal(health('web', port)?.state, 'draining');
  assert.notEqual(await sticky(), port);
});

test('targets are replaced and rules change under load without a lost request; a draining one finishes what it has', async () => {
  await serve(8010, { delayMs: 20 });
  const rules = (body: string): BalancerListener['rules'] => [{ conditions: [{ field: 'path-pattern', values: ['/fixed'] }], action: fixed(body) }, { conditions: [], action: forward('web') }];
  await set({ listeners: [{ id: 'l-1', port: 80, protocol: 'HTTP', rules: rules('a') }], targetGroups: { web: group(target(8001)) } });
  await until('healthy', () => health('web', 8001)?.state === 'healthy');
  const pid = async () => /^Pid: (\d+)/m.exec(await ask(paths(folder).stats, ['show info']))?.[1];
  const before = await pid();

  const agents = [new Agent({ keepAlive: true }), undefined];
  const loading = new AbortController();
  const failures: string[] = [];
  let count = 0;
  const load = agents.map(async (agent) => {
    while (!loading.signal.aborted) {
      const answered = await get('/', { ...(agent && { agent }) }).catch((error: unknown) => ({ status: 0, body: String(error) }));
      if (answered.status !== 200) failures.push(`${answered.status} ${answered.body}`);
      count++;
      await sleep(2);
    }
  });
  await set({ targetGroups: { web: group({ ...target(8001), ...target(8010) }) } });
  await until('the new one is healthy', () => health('web', 8010)?.state === 'healthy');
  await set({ targetGroups: { web: group({ ...target(8001, true), ...target(8010) }) } });
  await until('the old one is idle', () => health('web', 8001)?.state === 'draining' && health('web', 8001)?.activeConnections === 0);
  await one?.close();
  await set({ targetGroups: { web: group(target(8010)) } });
  assert.equal(await pid(), before, 'targets change without a reload');
  for (const body of ['b', 'c', 'd']) {
    await set({ listeners: [{ id: 'l-1', port: 80, protocol: 'HTTP', rules: rules(body) }] });
    await until('the new rules hold', async () => (await get('/fixed')).body === body);
    await sleep(100);
  }
  assert.notEqual(await pid(), before);
  assert.equal(health('web', 8010)?.state, 'healthy');
  loading.abort();
  await Promise.all(load);
  agents[0]?.destroy();
  assert.deepEqual(failures, []);
  assert.ok(count > 10, `${count} requests`);
});

test('killed with -9 it is back and serves what was healthy; a new agent adopts it', async () => {
  await set({});
  await until('healthy', () => health('web', 8010)?.state === 'healthy');
  await sleep(700);
  passes = 0;
  await killAll(installation, lb);
  await until('back', async () => (await get('/').catch(() => ({ status: 0 }))).status === 200);
  assert.ok(passes > 0);
  await settled();
  const running = await pids();
  await makeBalancersPart(host, () => {}).reconcile(wish);
  assert.deepEqual(await pids(), running);
});
