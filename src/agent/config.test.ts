import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { milliseconds, parseConfig, readConfig } from './config.ts';
import { machineSize, resources } from './instance.ts';

it('reads ecs.config as an env file', () => {
  const text = '# comment\nECS_CLUSTER=shop\n\nexport ECS_RESERVED_MEMORY = "64"\nECS_CLUSTER=\'other\'\nnonsense\nECS_INSTANCE_ATTRIBUTES={"stack":"prod"}';
  const config = readConfig(parseConfig(text));
  assert.equal(config.cluster, 'other');
  assert.equal(config.reservedMemory, 64);
  assert.deepEqual(config.instanceAttributes, { stack: 'prod' });
});

it('has the defaults of AWS', () => {
  const config = readConfig({});
  assert.equal(config.cluster, 'default');
  assert.equal(config.containerStopTimeoutMs, 30_000);
  assert.equal(config.taskCleanupWaitMs, 3 * 3_600_000);
  assert.deepEqual(config.dynamicHostPorts, { first: 32768, last: 60999 });
  assert.equal(config.imagePullBehavior, 'default');
});

it('reads durations as Go does', () => {
  assert.equal(milliseconds('1h30m'), 5_400_000);
  assert.equal(milliseconds('1.5s'), 1_500);
  assert.equal(milliseconds('250ms'), 250);
  assert.equal(milliseconds('ten'), undefined);
});

it('the size of the instance is that of its cgroup, v2 or v1', async () => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-cgroup-'));
  try {
    await writeFile(join(root, 'cpu.max'), '200000 100000\n');
    await writeFile(join(root, 'memory.max'), String(2 ** 31));
    assert.deepEqual(machineSize(root), { vcpus: 2, memoryMiB: 2048 });
    await writeFile(join(root, 'cpu.max'), 'max 100000\n');
    await writeFile(join(root, 'memory.max'), 'max\n');
    await mkdir(join(root, 'cpu'));
    await mkdir(join(root, 'memory'));
    await writeFile(join(root, 'cpu/cpu.cfs_quota_us'), '100000');
    await writeFile(join(root, 'cpu/cpu.cfs_period_us'), '100000');
    await writeFile(join(root, 'memory/memory.limit_in_bytes'), String(2 ** 30));
    assert.deepEqual(machineSize(root), { vcpus: 1, memoryMiB: 1024 });
  } finally {
    await rm(root, { recursive: true });
  }
});

it('registers CPU units in full and a little less memory than there is', () => {
  const [cpu, memory, ports] = resources(readConfig({ ECS_RESERVED_MEMORY: '100' }), { vcpus: 2, memoryMiB: 2048 });
  assert.deepEqual(cpu, { name: 'CPU', type: 'INTEGER', integerValue: 2048 });
  assert.equal(memory!.integerValue, 1825);
  assert.deepEqual(ports!.stringSetValue, ['22', '2375', '2376', '51678', '51679']);
});
