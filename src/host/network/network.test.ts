import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../engines/command.ts';
import { ensureNamespace, interfaceReady, makeNetworkPart, namespaceName, namespacePath, removeNamespace, teardownNetwork } from './index.ts';
import { listenIn } from './listen.ts';
import { hostTable } from './names.ts';
import { testHost, testInstance, testInterface, vpcId } from './testing.ts';

const { host, wish, observed, publicAddress, removeFolder } = await testHost();
const { installation } = host;
const network = makeNetworkPart(host, () => {});
const a = 'i-0aaaaaaaaaaaaaaaa';
const b = 'i-0bbbbbbbbbbbbbbbb';
const eniA = 'eni-0aaaaaaaaaaaaaaaa';
const eniB = 'eni-0bbbbbbbbbbbbbbbb';
const taskEni = 'eni-0cccccccccccccccc';
const everywhere = { protocol: '-1', source: { cidr: '0.0.0.0/0' } };
const closing: (() => Promise<void>)[] = [];

/** What `curl` says from inside of a namespace (from the host: null), however long that takes on a busy machine. */
const get = (from: string | null, url: string, ...how: string[]) => ask(from, url, '--connect-timeout', '60', '--max-time', '90', ...how);

/** Nothing comes back. */
async function silent(from: string | null, url: string, ...how: string[]): Promise<void> {
  assert.equal(await ask(from, url, '--connect-timeout', '1', '--max-time', '10', ...how), NOTHING);
}

const NOTHING = 'no answer';
async function ask(from: string | null, url: string, ...how: string[]): Promise<string> {
  const enter = from === null ? [] : ['ip', 'netns', 'exec', namespaceName(installation, from)];
  return run([...enter, 'curl', '-sS', ...how, url]).then(({ stdout }) => stdout, () => NOTHING);
}

/** A web server in a namespace that answers who asked. */
async function serve(owner: string, address: string, port: number): Promise<void> {
  const server = createServer((request, response) => response.end(`${request.socket.remoteAddress}`));
  await listenIn(namespacePath(installation, owner), address, port, server);
  closing.push(async () => {
    server.close();
    await once(server, 'close');
  });
}

before(async () => {
  wish.instance.set(a, testInstance([eniA])).set(b, testInstance([eniB]));
  wish.interface.set(eniA, testInterface(5, a, { securityGroupIds: ['sg-a'], publicAddress: publicAddress(5) }));
  wish.interface.set(eniB, testInterface(6, b, { securityGroupIds: ['sg-b'], publicAddress: publicAddress(6) }));
  wish.securityGroup.set('sg-a', { networkId: vpcId, ingress: [], egress: [everywhere], members: ['172.31.0.5'] });
  wish.securityGroup.set('sg-b', {
    networkId: vpcId, ingress: [{ protocol: 'tcp', fromPort: 80, toPort: 81, source: { cidr: '0.0.0.0/0' } }], egress: [everywhere], members: ['172.31.0.6'],
  });
  await network.reconcile(wish);
  await serve(b, '172.31.0.6', 80);
  await serve(b, '172.31.0.6', 90);
});

after(async () => {
  for (const close of closing) await close();
  await teardownNetwork(installation);
  await teardownNetwork(installation);
  await removeFolder();
  const [{ stdout: namespaces }, { stdout: tables }, { stdout: links }] = await Promise.all([run(['ip', 'netns', 'list']), run(['nft', 'list', 'tables']), run(['ip', 'link'])]);
  for (const listing of [namespaces, tables, links]) assert.ok(!listing.includes(installation.name), listing);
});

test('an interface stands as AWS would have it', async () => {
  assert.deepEqual([...observed.keys()].sort(), [`interface/${eniA}`, `interface/${eniB}`, `network/${vpcId}`]);
  const inside = async (...argv: string[]) => (await run(['ip', '-n', namespaceName(installation, a), ...argv])).stdout;
  assert.match(await inside('address', 'show', 'eth0'), /link\/ether 02:00:00:00:00:05[^]*inet 172\.31\.0\.5\/20/);
  assert.match(await inside('route'), /default via 172\.31\.0\.1 dev eth0/);
  const wishA = wish.interface.get(eniA);
  assert.ok(wishA && (await interfaceReady(installation, eniA, wishA)));
});

test('security groups let through what their rules say, and replies', async () => {
  assert.equal(await get(a, 'http://172.31.0.6/'), '172.31.0.5');
  await silent(a, 'http://172.31.0.6:90/');
  await serve(a, '172.31.0.5', 80);
  await silent(b, 'http://172.31.0.5/');
});

test('a group can name another one, and egress counts too', async () => {
  const groupB = wish.securityGroup.get('sg-b');
  assert.ok(groupB);
  wish.securityGroup.set('sg-b', { ...groupB, ingress: [...groupB.ingress, { protocol: '6', fromPort: 90, toPort: 90, source: { groupId: 'sg-a' } }] });
  await network.reconcile(wish);
  assert.equal(await get(a, 'http://172.31.0.6:90/'), '172.31.0.5');
  await silent(null, `http://${publicAddress(6)}:90/`);

  const groupA = wish.securityGroup.get('sg-a');
  assert.ok(groupA);
  wish.securityGroup.set('sg-a', { ...groupA, egress: [{ protocol: 'tcp', fromPort: 80, toPort: 80, source: { groupId: 'sg-b' } }] });
  await network.reconcile(wish);
  await silent(a, 'http://172.31.0.6:90/');
  assert.equal(await get(a, 'http://172.31.0.6/'), '172.31.0.5');
  wish.securityGroup.set('sg-a', groupA);
  await network.reconcile(wish);
});

test('delegated prefixes and secondary addresses are routed to their interface, are its own for its groups, and nobody else\'s', async () => {
  const before = { one: wish.interface.get(eniA)!, groupA: wish.securityGroup.get('sg-a')!, groupB: wish.securityGroup.get('sg-b')! };
  const own = (address: string, owner = a) => run(['ip', '-n', namespaceName(installation, owner), 'address', 'replace', `${address}/32`, 'dev', 'lo']);
  const getAs = (address: string, url: string) => get(a, url, '--interface', address);
  for (const address of ['172.31.0.33', '172.31.0.50', '172.31.0.60']) await own(address);
  await silent(a, 'http://172.31.0.6/', '--interface', '172.31.0.33');
  wish.interface.set(eniA, { ...before.one, secondaryAddresses: ['172.31.0.50'], prefixes: ['172.31.0.32/28'] });
  wish.securityGroup.set('sg-a', { ...before.groupA, members: ['172.31.0.32/28', '172.31.0.5', '172.31.0.50'], ingress: [{ protocol: 'tcp', fromPort: 8080, toPort: 8080, source: { cidr: '172.31.0.6/32' } }] });
  wish.securityGroup.set('sg-b', { ...before.groupB, ingress: [{ protocol: 'tcp', fromPort: 80, toPort: 80, source: { groupId: 'sg-a' } }] });
  await network.reconcile(wish);
  assert.equal(await getAs('172.31.0.33', 'http://172.31.0.6/'), '172.31.0.33');
  assert.equal(await getAs('172.31.0.50', 'http://172.31.0.6/'), '172.31.0.50');
  await silent(a, 'http://172.31.0.6/', '--interface', '172.31.0.60');
  await serve(a, '172.31.0.33', 8080);
  await serve(a, '172.31.0.33', 8081);
  assert.equal(await get(b, 'http://172.31.0.33:8080/'), '172.31.0.6');
  await silent(b, 'http://172.31.0.33:8081/');
  await own('172.31.0.34', b);
  await silent(b, 'http://172.31.0.33:8080/', '--interface', '172.31.0.34');
  await run(['ip', '-n', namespaceName(installation, b), 'address', 'delete', '172.31.0.34/32', 'dev', 'lo']);
  wish.interface.set(eniA, before.one);
  wish.securityGroup.set('sg-a', before.groupA).set('sg-b', before.groupB);
  await network.reconcile(wish);
  assert.ok(!(await run(['ip', '-n', namespaceName(installation, vpcId), 'route'])).stdout.includes('172.31.0.32/28'));
  await silent(b, 'http://172.31.0.33:8080/');
});

test('an interface without a filter takes everything', async () => {
  const before = wish.interface.get(eniB)!;
  wish.interface.set(eniB, { ...before, securityGroupIds: [], unfiltered: true });
  await network.reconcile(wish);
  assert.equal(await get(null, `http://${publicAddress(6)}:90/`), publicAddress(0));
  wish.interface.set(eniB, before);
  await network.reconcile(wish);
  await silent(null, `http://${publicAddress(6)}:90/`);
});

test('a private subnet reaches out by its NAT gateway alone, and nothing comes in by that', async () => {
  const c = 'i-0dddddddddddddddd';
  const plain = wish.network.get(vpcId)!;
  const withNat = (natAddress?: string) => wish.network.set(vpcId, {
    ...plain, subnets: [...plain.subnets, { id: 'subnet-0private', cidrBlock: '172.31.16.0/20', zone: 'us-east-1a', internet: false, ...(natAddress && { natAddress }) }],
  });
  wish.instance.set(c, testInstance(['eni-0dddddddddddddddd']));
  wish.interface.set('eni-0dddddddddddddddd', testInterface(7, c, { subnetId: 'subnet-0private', address: '172.31.16.7', securityGroupIds: ['sg-a'] }));
  const outside = `http://${publicAddress(6)}/`;
  withNat();
  await network.reconcile(wish);
  assert.equal(await get(c, 'http://172.31.0.6/'), '172.31.16.7');
  await silent(c, outside);
  withNat(publicAddress(9));
  await network.reconcile(wish);
  assert.equal(await get(c, outside), publicAddress(9));
  assert.equal(await get(c, 'http://172.31.0.6/'), '172.31.16.7');
  assert.equal(await get(a, outside), publicAddress(5));
  await serve(c, '172.31.16.7', 80);
  await silent(null, `http://${publicAddress(9)}/`);
  withNat();
  await network.reconcile(wish);
  await silent(c, outside);
  wish.network.set(vpcId, plain);
  wish.instance.delete(c);
  wish.interface.delete('eni-0dddddddddddddddd');
  await network.reconcile(wish);
});

test('a network ACL checks what crosses the edge of its subnet, replies too', async () => {
  const c = 'i-0eeeeeeeeeeeeeeee';
  const plain = wish.network.get(vpcId)!;
  const [open, inner] = [plain.subnets, { id: 'subnet-0inner', cidrBlock: '172.31.16.0/20', zone: 'us-east-1a', internet: false }];
  type Acl = NonNullable<(typeof open)[number]['acl']>;
  const under = async (acl?: Acl) => {
    wish.network.set(vpcId, { ...plain, subnets: [...open, { ...inner, ...(acl && { acl }) }] });
    await network.reconcile(wish);
  };
  const rule = (allow: boolean, cidr: string, ports?: [number, number]) => ({ allow, cidr, protocol: ports ? '6' : '-1', ...(ports && { fromPort: ports[0], toPort: ports[1] }) });
  const all = [rule(true, '0.0.0.0/0')];
  const replies = rule(true, '172.31.0.0/20', [1024, 65535]);
  wish.instance.set(c, testInstance(['eni-0eeeeeeeeeeeeeeee']));
  wish.interface.set('eni-0eeeeeeeeeeeeeeee', testInterface(8, c, { subnetId: inner.id, address: '172.31.16.8', securityGroupIds: ['sg-a'] }));
  const asked = () => get(c, 'http://172.31.0.6/');
  await under();
  assert.equal(await asked(), '172.31.16.8');
  await under({ ingress: [], egress: all });
  await silent(c, 'http://172.31.0.6/');
  await under({ ingress: [replies], egress: [rule(true, '172.31.0.6/32', [80, 80])] });
  assert.equal(await asked(), '172.31.16.8');
  // The first that matches decides.
  await under({ ingress: [replies], egress: [rule(false, '172.31.0.6/32', [80, 80]), ...all] });
  await silent(c, 'http://172.31.0.6/');
  await under({ ingress: [rule(false, '172.31.0.6/32'), replies], egress: all });
  await silent(c, 'http://172.31.0.6/');
  wish.network.set(vpcId, plain);
  wish.instance.delete(c);
  wish.interface.delete('eni-0eeeeeeeeeeeeeeee');
  await network.reconcile(wish);
});

test('a connection outlives a change of the rules', async () => {
  // Connects, and asks when it is told to.
  const script = `const s=require('net').connect(80,'172.31.0.6',()=>{console.log('up');process.stdin.once('data',()=>s.write('GET / HTTP/1.0\\r\\n\\r\\n'))});s.on('data',d=>process.stdout.write(d)).on('end',()=>process.exit())`;
  const slow = spawn('ip', ['netns', 'exec', namespaceName(installation, a), process.execPath, '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  let heard = '';
  slow.stdout.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  await once(slow.stdout, 'data');
  const groupB = wish.securityGroup.get('sg-b');
  assert.ok(groupB);
  wish.securityGroup.set('sg-b', { ...groupB, ingress: [] });
  await network.reconcile(wish);
  await silent(a, 'http://172.31.0.6/');
  slow.stdin.write('now\n');
  await once(slow, 'close');
  assert.match(heard, /172\.31\.0\.5$/);
  wish.securityGroup.set('sg-b', groupB);
  await network.reconcile(wish);
});

test('a public address is reached from the host and from inside, and a forged source is not', async () => {
  const fromHost = publicAddress(0);
  assert.equal(await get(null, `http://${publicAddress(6)}/`), fromHost);
  assert.equal(await get(a, `http://${publicAddress(6)}/`), publicAddress(5));
  const interfaceA = wish.interface.get(eniA);
  assert.ok(interfaceA);
  const { publicAddress: _, ...withoutPublic } = interfaceA;
  wish.interface.set(eniA, withoutPublic);
  await network.reconcile(wish);
  await silent(a, `http://${publicAddress(6)}/`);
  wish.interface.set(eniA, interfaceA);
  await network.reconcile(wish);

  await run(['ip', '-n', namespaceName(installation, a), 'address', 'add', '172.31.0.77/20', 'dev', 'eth0']);
  await silent(a, 'http://172.31.0.6/', '--interface', '172.31.0.77');
  await run(['ip', '-n', namespaceName(installation, a), 'address', 'delete', '172.31.0.77/20', 'dev', 'eth0']);
});

test('the outside is reached with a public address, as the host; without one it is not', async () => {
  const outside = 'out-0123456789';
  // Of TEST-NET-3: another run may have a link to its own.
  const block = 4 * randomInt(64);
  const [ours, theirs] = [`203.0.113.${block + 1}`, `203.0.113.${block + 2}`];
  const link = installation.name;
  await ensureNamespace(installation, outside);
  await run(['ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespaceName(installation, outside)]);
  await run(['ip', 'address', 'add', `${ours}/30`, 'dev', link]);
  await run(['ip', 'link', 'set', link, 'up']);
  for (const line of [`address add ${theirs}/30 dev eth0`, 'link set eth0 up']) await run(['ip', '-n', namespaceName(installation, outside), ...line.split(' ')]);
  await serve(outside, theirs, 80);
  assert.equal(await get(a, `http://${theirs}/`), ours);
  wish.network.set(vpcId, { cidrBlocks: ['172.31.0.0/16'], subnets: (wish.network.get(vpcId)?.subnets ?? []).map((subnet) => ({ ...subnet, internet: false })) });
  await network.reconcile(wish);
  await silent(a, `http://${theirs}/`);
  await silent(null, `http://${publicAddress(6)}/`);
  const withoutEdge = wish.interface.get(eniB)!;
  wish.interface.set(eniB, { ...withoutEdge, atEdge: true });
  await network.reconcile(wish);
  assert.match(await get(null, `http://${publicAddress(6)}/`), /^\d+\./);
  wish.interface.set(eniB, withoutEdge);
  wish.network.set(vpcId, { cidrBlocks: ['172.31.0.0/16'], subnets: (wish.network.get(vpcId)?.subnets ?? []).map((subnet) => ({ ...subnet, internet: true })) });
  await network.reconcile(wish);
  assert.equal(await get(a, `http://${theirs}/`), ours);
  await run(['ip', 'link', 'delete', link]);
  await removeNamespace(installation, outside);
});

test('the gateway on 127.0.0.1 is reached at its address, and nothing else of the host', async () => {
  const gateway = createServer((_, response) => response.end('gateway')).listen(installation.port, '127.0.0.1');
  const other = createServer((_, response) => response.end('other')).listen(installation.port + 1, '0.0.0.0');
  await Promise.all([once(gateway, 'listening'), once(other, 'listening')]);
  assert.equal(await get(a, `http://169.254.169.252:${installation.port}/`), 'gateway');
  await silent(a, `http://169.254.169.252:${installation.port + 1}/`);
  await silent(a, `http://${publicAddress(0)}:${installation.port + 1}/`);
  await silent(a, `http://${publicAddress(200)}/`);
  gateway.close();
  other.close();
});

test('metadata is served from inside of the router, to callers with their own addresses', async () => {
  await serve(vpcId, '169.254.169.254', 80);
  assert.equal(await get(a, 'http://169.254.169.254/'), '172.31.0.5');
});

test('a second device has its own way back, and can move into a task and come back', async () => {
  wish.interface.set(taskEni, testInterface(7, b, { securityGroupIds: ['sg-b'], publicAddress: publicAddress(7), attachment: { owner: b, device: 'eth1' } }));
  await network.reconcile(wish);
  await serve(b, '172.31.0.7', 80);
  assert.equal(await get(null, `http://${publicAddress(7)}/`), publicAddress(0));

  const sandbox = 'task-0123456789';
  await ensureNamespace(installation, sandbox);
  const [inOwner, inSandbox] = [namespaceName(installation, b), namespaceName(installation, sandbox)];
  await run(['ip', '-n', inOwner, 'link', 'set', 'eth1', 'netns', inSandbox]);
  for (const line of ['link set eth1 name eth0', 'address add 172.31.0.7/20 dev eth0', 'link set eth0 up', 'route add default via 172.31.0.1']) await run(['ip', '-n', inSandbox, ...line.split(' ')]);
  await serve(sandbox, '172.31.0.7', 81);
  await network.reconcile(wish);
  await makeNetworkPart(host, () => {}).reconcile(wish);
  await assert.rejects(run(['ip', '-n', inOwner, 'link', 'show', 'eth1']));
  assert.equal(await get(a, 'http://172.31.0.7:81/'), '172.31.0.5');

  wish.interface.delete(taskEni);
  await network.reconcile(wish);
  await assert.rejects(run(['ip', '-n', inSandbox, 'link', 'show', 'eth0']));
  assert.ok(!observed.has(`interface/${taskEni}`));
  assert.ok(!(await run(['ip', '-n', inOwner, 'rule'])).stdout.includes('172.31.0.7'));
  await removeNamespace(installation, sandbox);
});

test('what was lost is made again: an owner, a table, the router itself', async () => {
  for (const close of closing.splice(0)) await close();
  await removeNamespace(installation, b);
  await run(['nft', 'delete', 'table', 'inet', hostTable(installation)]);
  await network.reconcile(wish);
  await serve(b, '172.31.0.6', 80);
  assert.equal(await get(a, 'http://172.31.0.6/'), '172.31.0.5');

  await run(['ip', 'netns', 'delete', namespaceName(installation, vpcId)]);
  const again = makeNetworkPart(host, () => {});
  // The kernel takes the old one apart in its own time.
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    const failed: unknown = await again.reconcile(wish).then(() => undefined, (error: unknown) => error);
    if (!failed && (await ask(a, 'http://172.31.0.6/', '--connect-timeout', '1')) !== NOTHING) break;
    if (Date.now() > end) throw new Error('the router does not come back', { cause: failed });
  }
  for (const close of closing.splice(0)) await close();
  await serve(b, '172.31.0.6', 80);
  assert.equal(await get(null, `http://${publicAddress(6)}/`), publicAddress(0));
});

test('taken away with the wish', async () => {
  for (const close of closing.splice(0)) await close();
  wish.interface.clear();
  await network.reconcile(wish);
  assert.deepEqual([...observed.keys()], [`network/${vpcId}`]);
  wish.network.clear();
  await network.reconcile(wish);
  assert.equal(observed.size, 0);
  await assert.rejects(run(['ip', '-n', namespaceName(installation, vpcId), 'link']));
});
