import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../src/engines/command.ts';
import { installationOf } from './fixtures/gantry.ts';
import { get } from './fixtures/http.ts';
import { defaultNetwork, openGroup, terminate } from './fixtures/network.ts';
import { ask, launchProbe, listening, metadata, PROBE_PORT, type Probe } from './fixtures/probe.ts';
import { processesIn } from './fixtures/processes.ts';
import { clients, shared, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { ec2 } = clients;

/** Instances boot, are what they say, reach whom they may, and leave nothing. */
describe('instances', { timeout: 3_600_000 }, () => {
  let probes: Probe[] = [];
  let group = '';
  const rule = (port: number, from: object) => ({ GroupId: group, IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, ...from }] });
  const anywhere = { IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  const [first, second] = [() => probes[0]!, () => probes[1]!];

  before(async () => {
    const { vpcId, subnets } = await defaultNetwork(clients);
    group = await openGroup(clients, vpcId, unique('probes'), [PROBE_PORT]);
    probes = await Promise.all(subnets.map(({ id }) => launchProbe(clients, { SubnetId: id, SecurityGroupIds: [group] })));
    await Promise.all(probes.map(({ publicAddress }) => listening(publicAddress)));
  });

  after(async () => {
    await terminate(clients, probes.map(({ id }) => id));
    if (group) await ec2.deleteSecurityGroup({ GroupId: group });
  });

  it('are each in the zone of their subnet', () => {
    const zones = installationOf(shared.name).zones;
    assert.deepEqual(probes.map(({ zone }) => zone).sort(), [...zones].sort());
  });

  it('ran their user data, and show what it printed as console output', async () => {
    const { id } = first();
    const text = await until('console output', 30, async () => {
      const { Output = '' } = await ec2.getConsoleOutput({ InstanceId: id, Latest: true });
      return holds(Buffer.from(Output, 'base64').toString(), (shown) => /user data ran/.test(shown));
    });
    assert.match(text, /user data ran as root in ip-[\d-]+/);
  });

  it('have the memory and processors of their type, and a process 1 of their own', async () => {
    const dir = join(installationOf(shared.name).stateDir, 'host/instances', first().id);
    const { linux } = JSON.parse(await readFile(join(dir, 'bundle/config.json'), 'utf8')) as { linux: { resources: { memory: { limit: number }; cpu: { quota: number; period: number } } } };
    assert.equal(linux.resources.memory.limit, 1024 ** 3);
    assert.equal(linux.resources.cpu.quota / linux.resources.cpu.period, 2);
    assert.ok(processesIn(shared.name, first().id, 'runit').length > 0);
  });

  it('know themselves by the metadata service, which wants a token', async () => {
    const { id, privateAddress, publicAddress, zone } = first();
    const facts = { 'instance-id': id, 'local-ipv4': privateAddress, 'public-ipv4': publicAddress, 'placement/availability-zone': zone, 'instance-type': 't3.micro' };
    for (const [path, value] of Object.entries(facts)) assert.deepEqual(await metadata(publicAddress, `meta-data/${path}`), { status: 200, body: value }, path);
    const identity = JSON.parse((await metadata(publicAddress, 'dynamic/instance-identity/document')).body) as { instanceId: string };
    assert.equal(identity.instanceId, id);
    await ec2.modifyInstanceMetadataOptions({ InstanceId: id, HttpTokens: 'required' });
    await until('a request without a token is refused', 20, async () => holds(await ask(publicAddress, { url: 'http://169.254.169.254/latest/meta-data/' }), ({ status }) => status === 401));
  });

  it('are reached where their security group lets in, and nowhere else, as soon as it changes', async () => {
    const url = `http://${second().publicAddress}:8081/`;
    const reached = async () => (await get(url, { timeoutMs: 1_000 })).status;
    await assert.rejects(reached());
    await ec2.authorizeSecurityGroupIngress(rule(8081, anywhere));
    await until('the port is open', 20, reached);
    await ec2.revokeSecurityGroupIngress(rule(8081, anywhere));
    await until('the port is closed', 20, () => reached().then(() => false, () => true));
  });

  it('reach each other by private address where a rule names their group', async () => {
    const order = { url: `http://${second().privateAddress}:8082/`, timeoutMs: 2_000 };
    assert.equal((await ask(first().publicAddress, order)).status, 0);
    await ec2.authorizeSecurityGroupIngress(rule(8082, { UserIdGroupPairs: [{ GroupId: group }] }));
    await until('the group lets its members in', 20, async () => holds(await ask(first().publicAddress, order), ({ status }) => status === 200));
    const { body } = await ask(first().publicAddress, { name: (await metadata(second().publicAddress, 'meta-data/local-hostname')).body });
    assert.deepEqual(JSON.parse(body), [second().privateAddress]);
  });

  it('keep their disk, and run no user data again, over stop and start; their public address is another one', async () => {
    const { id, privateAddress } = second();
    await ec2.stopInstances({ InstanceIds: [id] });
    const state = async () => (await ec2.describeInstances({ InstanceIds: [id] })).Reservations?.[0]?.Instances?.[0];
    await until('it is stopped', 60, async () => holds(await state(), (now) => now?.State?.Name === 'stopped'));
    assert.deepEqual(processesIn(shared.name, id, ''), []);
    assert.equal((await state())?.PublicIpAddress, undefined);
    await ec2.startInstances({ InstanceIds: [id] });
    const now = await until('it runs', 60, async () => holds(await state(), (found) => found?.State?.Name === 'running' && found.PublicIpAddress !== undefined));
    assert.equal(now.PrivateIpAddress, privateAddress);
    const upper = join(installationOf(shared.name).stateDir, 'host/instances', id, 'upper');
    assert.ok(existsSync(join(upper, 'root/probe.mjs')));
    const { Output = '' } = await until('it has booted again', 30, async () => holds(await ec2.getConsoleOutput({ InstanceId: id, Latest: true }), ({ Output = '' }) => (Buffer.from(Output, 'base64').toString().match(/boot finished/g) ?? []).length === 2));
    assert.equal(Buffer.from(Output, 'base64').toString().match(/user data ran/g)?.length, 1);
  });

  it('leave nothing when they are terminated', async () => {
    const { id } = probes[2]!;
    await terminate(clients, [id]);
    const left = await until('nothing is left', 20, async () => {
      const { stdout } = await run(['ip', 'netns', 'list']);
      return holds({
        namespaces: stdout.split('\n').filter((line) => line.includes(id)),
        mounts: (await readFile('/proc/mounts', 'utf8')).split('\n').filter((line) => line.includes(id)),
        processes: processesIn(shared.name, id, ''),
        folder: existsSync(join(installationOf(shared.name).stateDir, 'host/instances', id)),
      }, (all) => all.namespaces.length + all.mounts.length + all.processes.length === 0 && !all.folder);
    });
    assert.ok(left);
  });
});
