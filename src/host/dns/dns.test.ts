import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { chmod, open, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decode, encode, type DecodedPacket, type Packet } from 'dns-packet';
import { run } from '../../engines/command.ts';
import { makeNetworkPart, namespaceName, teardownNetwork } from '../network/index.ts';
import { testHost, testInstance, testInterface, vpcId } from '../network/testing.ts';
import { withBlock, writeHostsBlock } from './hosts-file.ts';
import { makeDnsPart, teardownDns } from './index.ts';
import { reply } from './server.ts';

const { host, wish, removeFolder } = await testHost();
const { installation } = host;
const { domain } = installation;
const a = 'i-0aaaaaaaaaaaaaaaa';
const balancer = `shop-1.us-east-1.elb.${domain}`;
const network = makeNetworkPart(host, () => {});
const dns = makeDnsPart(host, () => {});

before(async () => {
  wish.instance.set(a, testInstance(['eni-0a']));
  wish.interface.set('eni-0a', testInterface(5, a));
  wish.name.set(balancer, { addresses: ['198.19.0.1', '198.19.0.2'] });
  wish.name.set(`db.${domain}`, { addresses: ['172.31.0.9'], networkId: vpcId });
  wish.name.set(`other.${domain}`, { addresses: ['172.31.0.9'], networkId: 'vpc-0ffffffffffffffff' });
  await network.reconcile(wish);
  await dns.reconcile(wish);
});

after(async () => {
  wish.network.clear();
  await dns.reconcile(wish);
  await teardownDns(installation);
  await teardownDns(installation);
  await teardownNetwork(installation);
  await removeFolder();
  assert.ok(!(await readFile('/etc/hosts', 'utf8')).includes(installation.name));
});

/** Asks from inside of the instance; `A` records' addresses, or the error's name. */
async function lookUp(name: string, server: string, options = ''): Promise<string> {
  const script = `const{Resolver}=require('dns').promises;const r=new Resolver({timeout:10000,tries:3});r.setServers(['${server}']);
    r.${options || 'resolve4'}('${name}').then(x=>console.log(x.join()),e=>console.log(e.code))`;
  return (await run(['ip', 'netns', 'exec', namespaceName(installation, a), process.execPath, '-e', script])).stdout.trim();
}

test('an instance resolves what Gantry gave out, at both of its resolvers', async () => {
  for (const server of ['169.254.169.253', '172.31.0.2']) {
    assert.equal(await lookUp(`api.${domain}`, server), '169.254.169.252');
    assert.equal(await lookUp(`123456789012.dkr.ecr.us-east-1.${domain}`, server), '169.254.169.252');
  }
  assert.deepEqual((await lookUp(balancer.toUpperCase(), '172.31.0.2')).split(',').sort(), ['198.19.0.1', '198.19.0.2']);
  assert.equal(await lookUp(`db.${domain}`, '172.31.0.2'), '172.31.0.9');
  assert.equal(await lookUp(`other.${domain}`, '172.31.0.2'), 'ENOTFOUND');
  assert.equal(await lookUp(`nothing.${domain}`, '172.31.0.2'), 'ENOTFOUND');
  assert.equal(await lookUp(balancer, '172.31.0.2', 'resolve6'), 'ENODATA');
});

test('private names, there and back', async () => {
  assert.equal(await lookUp('ip-172-31-0-5.ec2.internal', '172.31.0.2'), '172.31.0.5');
  assert.equal(await lookUp('172.31.0.5', '172.31.0.2', 'reverse'), 'ip-172-31-0-5.ec2.internal');
  assert.equal(await lookUp('ip-10-0-0-5.ec2.internal', '172.31.0.2'), 'ENOTFOUND');
});

const zone = { installation, vpcId, cidrBlocks: ['172.31.0.0/16'], names: wish.name };
const ask = async (packet: Packet, protocol: 'udp' | 'tcp' = 'udp', upstream: string[] = []) => {
  const answered = await reply(encode({ type: 'query', id: 7, ...packet }), protocol, { zone: () => zone, upstream: () => Promise.resolve(upstream) });
  assert.ok(answered);
  return decode(answered) as DecodedPacket & { rcode: string };
};

test('addresses rotate; an answer too long for UDP says so', async () => {
  const firsts = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const [first] = (await ask({ questions: [{ type: 'A', name: balancer }] })).answers ?? [];
    firsts.add(first?.type === 'A' ? first.data : '');
  }
  assert.deepEqual([...firsts].toSorted((one, other) => one.localeCompare(other)), ['198.19.0.1', '198.19.0.2']);
  wish.name.set(`many.${domain}`, { addresses: Array.from({ length: 60 }, (_, i) => `10.0.0.${i}`) });
  assert.equal((await ask({ questions: [{ type: 'A', name: `many.${domain}` }] })).flag_tc, true);
  assert.equal((await ask({ questions: [{ type: 'A', name: `many.${domain}` }] }, 'tcp')).answers?.length, 60);
  wish.name.delete(`many.${domain}`);
});

test('the rest of the world is asked; silence is SERVFAIL', async () => {
  assert.equal((await ask({ questions: [{ type: 'A', name: 'example.com' }] })).rcode, 'SERVFAIL');
  const upstream = dgram.createSocket('udp4');
  const at = `127.77.${randomInt(256)}.${randomInt(3, 255)}`;
  upstream.bind(53, at);
  await once(upstream, 'listening');
  upstream.on('message', (message, from) => {
    const query = decode(message);
    upstream.send(encode({ type: 'response', id: query.id, questions: query.questions, answers: [{ type: 'A', name: 'example.com', data: '192.0.2.7' }] }), from.port, from.address);
  });
  const answered = await ask({ questions: [{ type: 'A', name: 'example.com' }] }, 'udp', ['127.77.0.2', at]);
  assert.equal(answered.id, 7);
  assert.deepEqual(answered.answers?.map((record) => ('data' in record ? record.data : null)), ['192.0.2.7']);
  upstream.close();
});

test('what is no query gets FORMERR or nothing', async () => {
  const resolver = { zone: () => zone, upstream: () => Promise.resolve([]) };
  assert.equal(await reply(Buffer.from('short'), 'udp', resolver), null);
  const broken = Buffer.concat([Buffer.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from([63, 1])]);
  const answered = await reply(broken, 'udp', resolver);
  assert.equal(answered?.readUInt16BE(0), 9);
  assert.equal((answered?.readUInt8(3) ?? 0) & 0xf, 1);
});

test('the host knows the names by its hosts file', async () => {
  const text = await readFile('/etc/hosts', 'utf8');
  assert.match(text, new RegExp(`^# gantry ${installation.name} begin\n127.0.0.1 api.${domain}\n127.0.0.1 123456789012.dkr.*\n127.[0-9.]+.1 oidc.eks.*\n198.19.0.1 ${balancer}\n198.19.0.2 ${balancer}\n# gantry ${installation.name} end$`, 'm'));
  assert.ok(!text.includes(`db.${domain}`));
  assert.match((await run(['getent', 'ahostsv4', `api.${domain}`])).stdout, /^127\.0\.0\.1/);
});

test('other lines and other blocks of a hosts file stay', async () => {
  assert.equal(withBlock('127.0.0.1 localhost', 'a', ['1.1.1.1 x']), '127.0.0.1 localhost\n# gantry a begin\n1.1.1.1 x\n# gantry a end\n');
  const path = join(host.installation.stateDir, 'hosts');
  const own = '127.0.0.1 localhost\n\n# mine\n';
  await writeFile(path, own);
  await Promise.all(['a', 'a-b', 'c'].map((name) => writeHostsBlock(name, [{ address: '1.1.1.1', name: `x.${name}` }], path)));
  await writeHostsBlock('a-b', [{ address: '2.2.2.2', name: 'y.a-b' }], path);
  assert.match(await readFile(path, 'utf8'), /# gantry a-b begin\n2\.2\.2\.2 y\.a-b\n# gantry a-b end\n/);
  await Promise.all(['a', 'a-b', 'c'].map((name) => writeHostsBlock(name, [], path)));
  assert.equal(await readFile(path, 'utf8'), own);
});

test('who is reading the hosts file while it changes sees it as it was, on to its end', async () => {
  const path = join(host.installation.stateDir, 'hosts');
  await writeFile(path, '127.0.0.1 localhost\n');
  await chmod(path, 0o640);
  const entries = Array.from({ length: 200 }, (_, n) => ({ address: '1.1.1.1', name: `n${n}.example` }));
  await writeHostsBlock('a', entries, path);
  await writeHostsBlock('b', [{ address: '2.2.2.2', name: 'last.example' }], path);
  const before = await readFile(path, 'utf8');
  await using reader = await open(path);
  const page = await reader.read(Buffer.alloc(4096), 0, 4096);
  await writeHostsBlock('a', entries.slice(100), path);
  assert.equal(page.buffer.toString() + (await reader.readFile('utf8')), before);
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  assert.deepEqual((await readdir(host.installation.stateDir)).filter((name) => name.startsWith('hosts')), ['hosts']);
});
