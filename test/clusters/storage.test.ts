import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kubectlOf, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { claim, namespace, podWithVolume, storageClass, type Node, type Pod } from '../fixtures/kubernetes.ts';
import { clients, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { ec2, eks } = clients;
const ADDON = 'aws-ebs-csi-driver';

/** Volumes of EBS, made where the pod that wants one runs, with what was written on them for as long as their claim lives. */
describe('storage', { skip, timeout: 3_600_000 }, () => {
  const name = unique('storage');
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let volume = '';
  let zone = '';

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    await eks.createAddon({ clusterName: cluster.name, addonName: ADDON });
    await kubectl.apply(namespace(name), storageClass(name));
  });

  after(async () => {
    await kubectl('delete', 'namespace', name);
    await kubectl('delete', 'storageclass', name);
    await eks.deleteAddon({ clusterName: cluster.name, addonName: ADDON });
    await until('the add-on has gone', 60, async () => !(await eks.listAddons({ clusterName: cluster.name })).addons?.includes(ADDON));
  });

  const ended = (pod: string) => until(`${pod} has ended`, 120, async () => holds(await kubectl.json<Pod>('get', 'pod', pod, `--namespace=${name}`), ({ status }) => status.phase === 'Succeeded'));
  const volumes = async () => (await ec2.describeVolumes({ Filters: [{ Name: 'tag:kubernetes.io/created-for/pvc/namespace', Values: [name] }] })).Volumes ?? [];

  it('is there once its add-on is active', async () => {
    await until('the add-on is active', 120, async () => holds((await eks.describeAddon({ clusterName: cluster.name, addonName: ADDON })).addon?.status, (status) => status === 'ACTIVE'));
  });

  it('makes a volume for a claim when the first pod wants it, in that one’s zone', async () => {
    await kubectl.apply(claim(name, 'data', name));
    assert.deepEqual(await volumes(), [], 'nobody wants it yet');
    await kubectl.apply(podWithVolume(name, 'writer', `${cluster.image}:1`, 'data', 'echo kept > /data/file && grep " /data " /proc/mounts'));
    const { spec } = await ended('writer');
    assert.match(await kubectl('logs', 'writer', `--namespace=${name}`), / \/data ext4 rw/);
    const { metadata } = await kubectl.json<Node>('get', 'node', spec.nodeName ?? '');
    zone = metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
    const [made, ...more] = await volumes();
    assert.deepEqual([made?.AvailabilityZone, made?.VolumeType, made?.Size, more], [zone, 'gp3', 1, []]);
    volume = made?.VolumeId ?? '';
  });

  it('keeps what was written for the next pod', async () => {
    await kubectl('delete', 'pod', 'writer', `--namespace=${name}`);
    await kubectl.apply(podWithVolume(name, 'reader', `${cluster.image}:1`, 'data', 'cat /data/file'));
    const { spec } = await ended('reader');
    assert.equal(await kubectl('logs', 'reader', `--namespace=${name}`), 'kept');
    const { metadata } = await kubectl.json<Node>('get', 'node', spec.nodeName ?? '');
    assert.equal(metadata.labels?.['topology.kubernetes.io/zone'], zone);
    assert.deepEqual((await volumes()).map(({ VolumeId }) => VolumeId), [volume]);
  });

  it('is gone with its claim', async () => {
    await kubectl('delete', 'pod/reader', 'pvc/data', `--namespace=${name}`);
    await until('the volume has gone', 60, async () => holds(await volumes(), ({ length }) => length === 0));
  });
});
