import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureImage } from '../../../images/index.ts';
import { run } from '../../engines/command.ts';
import { binDir } from '../../engines/index.ts';
import type { DesiredInstance, DesiredVolume } from '../../wire/host.ts';
import { imageId } from '../../wire/images.ts';
import { fakeControlPlane, startAgent } from '../agent/testing.ts';
import { testHost, testInstance, testInterface, vpcId } from '../network/testing.ts';
import { teardown } from '../teardown.ts';
import { loops } from './loops.ts';

/** The whole agent, a real instance, real file systems. Needs root and built engines. */
const fixture = await testHost();
const { installation } = fixture.host;
const runRoot = join(installation.stateDir, 'run');
process.env.GANTRY_RUN = runRoot;
const id = 'i-0123456789abcdef0';
const [volume, copy] = ['vol-0123456789abcdef0', 'vol-0123456789abcdef1'];
const snapshot = 'snap-0123456789abcdef0';
const file = join(installation.stateDir, 'host', 'volumes', `${volume}.img`);
const instance: DesiredInstance = { ...testInstance(['eni-0123456789abcdef0']), imageId: imageId('ecs-optimized'), vcpus: 1, memoryMiB: 512 };
let control: Awaited<ReturnType<typeof fakeControlPlane>>;
let agent: Awaited<ReturnType<typeof startAgent>>;
let runc = '';

before(async () => {
  runc = join(await binDir('runc'), 'runc');
  await ensureImage();
  control = await fakeControlPlane(installation);
  control.wish(
    { kind: 'network', id: vpcId, value: fixture.wish.network.get(vpcId)! },
    { kind: 'interface', id: 'eni-0123456789abcdef0', value: testInterface(5, id) },
    { kind: 'instance', id, value: instance },
  );
  agent = await startAgent(installation);
});

after(async () => {
  await agent.kill('SIGKILL').catch(() => {});
  await control.stop().catch(() => {});
  await teardown(installation);
  await teardown(installation);
  assert.deepEqual([...(await loops()).keys()].filter((path) => path.includes(installation.name)), []);
  await fixture.removeFolder();
});

const inside = async (command: string) => (await run([runc, '--root', join(runRoot, installation.name, 'runc'), 'exec', id, 'sh', '-c', command])).stdout.trim();
const wish = (one: string, value: DesiredVolume | null) => control.wish({ kind: 'volume', id: one, value });
const attachment = { instanceId: id, device: '/dev/sdf' };

test('a volume is attached, formatted and written in an instance, and takes no more of the disk than that', async () => {
  wish(volume, { sizeGiB: 4 });
  await control.until('volume', volume, (seen) => seen?.state === 'available');
  await control.until('instance', id, (seen) => seen?.state === 'running');
  wish(volume, { sizeGiB: 4, attachment });
  const seen = await control.until('volume', volume, (one) => one?.state === 'attached');
  assert.deepEqual(seen.attachedTo, attachment);
  assert.equal(await inside('readlink -f /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0 /dev/xvdf'), '/dev/sdf\n/dev/sdf');
  await inside('mkfs.ext4 -q /dev/sdf && mkdir -p /mnt/data && mount /dev/sdf /mnt/data && echo kept > /mnt/data/file && sync');
  const { size, blocks } = await stat(file);
  assert.equal(size, 4 * 2 ** 30);
  assert.ok(blocks * 512 < 2 ** 29, `${blocks * 512} bytes on disk`);
});

test('it outlives the agent, grows while it is mounted, and is there again after the instance was started anew', async () => {
  await agent.kill('SIGKILL');
  agent = await startAgent(installation);
  wish(volume, { sizeGiB: 5, attachment });
  await control.until('volume', volume, (seen) => seen?.state === 'attached' && seen.sizeGiB === 5);
  // Growing the file system while it is mounted would need CAP_SYS_RESOURCE, which not every machine has.
  assert.equal(await inside('blockdev --getsize64 /dev/sdf'), String(5 * 2 ** 30));
  control.wish({ kind: 'instance', id, value: { ...instance, generation: 2 } });
  await control.until('instance', id, (seen) => seen?.state === 'running' && seen.generation === 2);
  await inside('for i in $(seq 1000); do test -b /dev/sdf && break; sleep 0.1; done; mkdir -p /mnt/data && mount /dev/sdf /mnt/data');
  assert.equal(await inside('cat /mnt/data/file'), 'kept');
});

test('a snapshot is a copy, from which another volume is made', async () => {
  await inside('sync');
  control.wish({ kind: 'snapshot', id: snapshot, value: { volumeId: volume } });
  await control.until('snapshot', snapshot, (seen) => seen?.state === 'completed');
  await inside('echo changed > /mnt/data/file && sync');
  wish(copy, { sizeGiB: 6, snapshotId: snapshot, attachment: { instanceId: id, device: '/dev/sdg' } });
  await control.until('volume', copy, (seen) => seen?.state === 'attached');
  assert.equal(await inside('mkdir -p /mnt/copy && mount /dev/sdg /mnt/copy && cat /mnt/copy/file && umount /mnt/copy'), 'kept');
});

test('mounted, it is not taken away; unmounted, it is, and its device goes', async () => {
  wish(volume, { sizeGiB: 5 });
  const busy = await control.until('volume', volume, (seen) => seen?.busy);
  assert.deepEqual(busy.attachedTo, attachment);
  assert.equal(await inside('cat /mnt/data/file'), 'changed');
  await inside('umount /mnt/data');
  await control.until('volume', volume, (seen) => seen?.state === 'available' && !seen.attachedTo);
  assert.equal(await inside('ls /dev | grep -c "sdf\\|xvdf" || true'), '0');
  assert.ok(!(await loops()).has(file));
});

test('with its instance gone a volume is free, though it was mounted; deleted it leaves nothing', async () => {
  await inside('mount /dev/sdg /mnt/copy');
  control.wish({ kind: 'instance', id, value: null });
  wish(copy, null);
  wish(volume, null);
  control.wish({ kind: 'snapshot', id: snapshot, value: null });
  for (const one of [volume, copy]) await control.until('volume', one, (seen) => seen === undefined);
  await control.until('snapshot', snapshot, (seen) => seen === undefined);
  assert.ok(!(await readFile('/proc/self/mounts', 'utf8')).includes(copy));
  await assert.rejects(stat(file));
});
