import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureImage } from '../../../images/index.ts';
import { run } from '../../engines/command.ts';
import { binDir } from '../../engines/index.ts';
import type { DesiredInstance } from '../../wire/host.ts';
import { imageId } from '../../wire/images.ts';
import { fakeControlPlane, startAgent } from '../agent/testing.ts';
import { subnetId, testHost, testInstance, testInterface, vpcId } from '../network/testing.ts';
import { powerOff, teardown } from '../teardown.ts';

/** The whole agent and a real instance: the fastest proof that the parts fit together. Needs root and built engines. */
const fixture = await testHost();
const { installation } = fixture.host;
const runRoot = join(installation.stateDir, 'run');
process.env.GANTRY_RUN = runRoot;
const id = 'i-0123456789abcdef0';
const eni = 'eni-0123456789abcdef0';
const group = 'sg-0123456789abcdef0';
const script = '#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\necho "user data says $(hostname)"\necho again >> /root/user-data-ran\n';
const wished: DesiredInstance = {
  ...testInstance([eni]),
  imageId: imageId('ecs-optimized'),
  vcpus: 2,
  memoryMiB: 1024,
  userData: Buffer.from(script).toString('base64'),
};
wished.metadata.instanceProfile = { arn: 'arn:aws:iam::123456789012:instance-profile/ecs', id: 'AIPA0', roleName: 'ecsInstanceRole' };

let control: Awaited<ReturnType<typeof fakeControlPlane>>;
let agent: Awaited<ReturnType<typeof startAgent>>;
let runc = '';

before(async () => {
  runc = join(await binDir('runc'), 'runc');
  await ensureImage();
  control = await fakeControlPlane(installation);
  control.wish(
    { kind: 'network', id: vpcId, value: fixture.wish.network.get(vpcId)! },
    { kind: 'securityGroup', id: group, value: { networkId: vpcId, ingress: [], egress: [{ protocol: '-1', source: { cidr: '0.0.0.0/0' } }], members: [] } },
    { kind: 'interface', id: eni, value: testInterface(5, id, { securityGroupIds: [group] }) },
  );
  agent = await startAgent(installation);
});

after(async () => {
  await agent.kill('SIGKILL').catch(() => {});
  await control.stop().catch(() => {});
  await teardown(installation);
  await teardown(installation);
  await assertNothingLeft();
  await fixture.removeFolder();
});

const inside = async (command: string) => {
  const path = 'PATH=$PATH:/opt/engines/containerd/bin:/opt/engines/runc/bin';
  return (await run([runc, '--root', join(runRoot, installation.name, 'runc'), 'exec', id, 'sh', '-c', `${path}; ${command}`])).stdout.trim();
};
const wish = (change: Partial<DesiredInstance>) => control.wish({ kind: 'instance', id, value: Object.assign(wished, change) });
/** A zombie is dead: when it goes is up to whoever adopted it. */
function alive(pid = 0): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
const output = () => Buffer.from(control.seen('console', id)?.output ?? '', 'base64').toString();

/** Those whose path has this in it. The groups of others come and go meanwhile, on which find(1) fails. */
async function cgroups(within: string, folder = '/sys/fs/cgroup', depth = 4): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const below = depth > 1 ? await Promise.all(paths.map((path) => cgroups(within, path, depth - 1))) : [];
  return [...paths.filter((path) => path.includes(within)), ...below.flat()];
}

async function assertNothingLeft(): Promise<void> {
  const { name } = installation;
  assert.deepEqual((await readdir('/run/netns').catch(() => [])).filter((one) => one.includes(name)), []);
  assert.deepEqual((await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(name)), []);
  assert.deepEqual(await cgroups(name), []);
  assert.equal((await readFile('/etc/hosts', 'utf8')).includes(installation.domain), false);
}

test('an instance boots: user data has run, containerd answers and runs a container', async () => {
  const begun = Date.now();
  wish({});
  const seen = await control.until('instance', id, (value) => value?.state === 'running');
  assert.equal(seen.generation, 1);
  assert.ok(alive(seen.pid));
  await control.until('console', id, () => output().includes('boot finished'));
  console.log(`booted within ${Date.now() - begun} ms (as far as reported)`, /containerd is ready after \d+ ms/.exec(output())?.[0], /boot finished after \d+ ms/.exec(output())?.[0]);
  assert.match(output(), /user data says ip-172-31-0-5\.ec2\.internal/);
  assert.equal(await inside('cat /root/user-data-ran /etc/ecs/ecs.config'), 'again\nECS_CLUSTER=shop');
  assert.match(await inside('ctr version'), /Server:\s+Version:\s+v2/);
  const ctr = 'ctr -n k8s.io run --rm localhost/gantry/pause:1 c1 /bin/busybox';
  assert.equal(await inside(`${ctr} sh -c 'echo inside the container; exit 3'; echo $?`), 'inside the container\n3');
  assert.equal(await inside('sv -w 120 check ecs >/dev/null; sv status ecs | cut -d: -f1; cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max'), `run\n${1024 * 2 ** 20}`);
});

test('together the instances weigh as one busy process on each processor, on cgroup v1 or v2', async () => {
  const groups = (await cgroups(`gantry-${installation.name}`)).filter((path) => path.endsWith(installation.name));
  const file = groups.flatMap((group) => [join(group, 'cpu.shares'), join(group, 'cpu.weight')]).find((path) => existsSync(path)) ?? '';
  assert.equal(Number(await readFile(file, 'utf8')), (file.endsWith('shares') ? 1024 : 100) * availableParallelism());
});

test('the metadata service knows the instance', async () => {
  const imds = (path: string, options = '') => inside(`curl -sS -w ' %{http_code}' ${options} http://169.254.169.254${path}`);
  const token = `-H "X-aws-ec2-metadata-token: $(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)"`;
  assert.match(await imds('/latest/meta-data/instance-id'), /401$/);
  assert.match(await imds('/latest/api/token', '-X PUT'), /400$/);
  assert.match(await imds('/latest/meta-data/instance-id', '-H "X-aws-ec2-metadata-token: wrong"'), /401$/);
  assert.equal(await imds('/latest/meta-data/instance-id', token), `${id} 200`);
  assert.match(await imds('/latest/meta-data/nothing', token), /404$/);
  assert.equal(await imds('/latest/meta-data/network/interfaces/macs/02:00:00:00:00:05/subnet-id', token), `${subnetId} 200`);
  assert.match(await imds('/latest/meta-data/', token), /^ami-id\n[^]*\nsecurity-groups\nservices\/ 200$/);
  assert.equal(await imds('/latest/meta-data/iam/security-credentials/', token), 'ecsInstanceRole 200');
  assert.match(await imds('/latest/dynamic/instance-identity/document', token), /"privateIp": "172.31.0.5"/);
  assert.equal(await imds('/latest/user-data', token), `${script} 200`);
  assert.match(await imds('/latest/meta-data/iam/security-credentials/ecsInstanceRole', token), /"AccessKeyId": "ASIATEST"/);
  await control.stop();
  assert.match(await imds('/latest/meta-data/iam/security-credentials/ecsInstanceRole', token), /"AccessKeyId": "ASIATEST"/);
  control.start();
});

test('killed, the agent leaves the instance running and finds it again, also while the control plane is away', async () => {
  const { pid, startedAt } = control.seen('instance', id)!;
  await agent.kill('SIGKILL');
  assert.ok(alive(pid));
  await control.stop();
  agent = await startAgent(installation);
  const token = 'curl -sS -o /dev/null --retry 120 --retry-connrefused --retry-delay 1 http://169.254.169.254/latest/meta-data/ && echo answers';
  assert.equal(await inside(token), 'answers');
  control.start();
  const puts = control.requests.length;
  await control.until('instance', id, () => control.requests.slice(puts).includes('PUT observed'));
  assert.deepEqual({ pid: control.seen('instance', id)?.pid, startedAt: control.seen('instance', id)?.startedAt }, { pid, startedAt });
  assert.ok(alive(pid));
});

test('when its init dies this is reported, and nothing of it runs on; it starts again only when asked to', async () => {
  const { pid = 0 } = control.seen('instance', id)!;
  process.kill(pid, 'SIGKILL');
  const dead = await control.until('instance', id, (value) => value?.state === 'stopped');
  assert.match(dead.reason ?? '', /^Server\.InternalError: /);
  assert.deepEqual(await cgroups(`${installation.name}/${id}`), []);
  wish({ generation: 2 });
  const again = await control.until('instance', id, (value) => value?.generation === 2 && value.state === 'running');
  assert.notEqual(again.pid, pid);
  await control.until('console', id, () => output().split('boot finished').length === 3);
  assert.equal(await inside('cat /root/user-data-ran'), 'again');
});

test('after a reboot of the host it is started again', async () => {
  const { pid = 0 } = control.seen('instance', id)!;
  await agent.kill('SIGTERM');
  process.kill(pid, 'SIGKILL');
  const state = join(installation.stateDir, 'host/instances', id, 'state.json');
  await writeFile(state, JSON.stringify({ ...JSON.parse(await readFile(state, 'utf8')), bootId: 'an earlier one' }));
  agent = await startAgent(installation);
  const again = await control.until('instance', id, (value) => value?.state === 'running' && value.pid !== pid);
  assert.equal(again.generation, 2);
});

test('it can be shut down from inside, and be stopped', async () => {
  await inside('poweroff');
  const down = await control.until('instance', id, (value) => value?.state === 'stopped');
  assert.equal(down.reason, 'Client.InstanceInitiatedShutdown: Instance initiated shutdown');
  wish({ generation: 3 });
  await control.until('instance', id, (value) => value?.generation === 3 && value.state === 'running');
  wish({ power: 'off' });
  const off = await control.until('instance', id, (value) => value?.state === 'stopped');
  assert.deepEqual(off, { generation: 3, state: 'stopped' });
});

test('wished away while it runs, nothing of it is left', async () => {
  wish({ power: 'on', generation: 4 });
  const { pid } = await control.until('instance', id, (value) => value?.generation === 4 && value.state === 'running');
  control.wish({ kind: 'instance', id, value: null }, { kind: 'interface', id: eni, value: null });
  await control.until('instance', id, (value) => value === undefined);
  assert.equal(alive(pid), false);
  assert.equal(existsSync(join(installation.stateDir, 'host/instances', id)), false);
  assert.equal(existsSync(`/run/netns/${installation.name}-${id}`), false);
});

test('switched off, nothing runs; switched on again, it starts with its disk, and without user data', async () => {
  control.wish({ kind: 'interface', id: eni, value: testInterface(5, id, { securityGroupIds: [group] }) });
  wish({ generation: 5 });
  const { pid } = await control.until('instance', id, (value) => value?.state === 'running');
  await control.until('console', id, () => output().includes('boot finished'));
  await inside('echo kept > /root/written');
  assert.equal(await agent.kill('SIGTERM'), 0);
  await powerOff(installation);
  assert.equal(alive(pid), false);
  await assertNothingLeft();
  agent = await startAgent(installation);
  const again = await control.until('instance', id, (value) => value?.state === 'running' && value.pid !== pid);
  assert.equal(again.generation, 5);
  await control.until('console', id, () => output().split('boot finished').length === 3);
  assert.equal(await inside('cat /root/written /root/user-data-ran'), 'kept\nagain');
});

test('teardown takes away a running instance without the agent', async () => {
  const { pid } = control.seen('instance', id)!;
  assert.equal(await agent.kill('SIGTERM'), 0);
  assert.ok(alive(pid));
  await teardown(installation);
  assert.equal(alive(pid), false);
  await assertNothingLeft();
});
