import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zoneFor } from './claims.ts';
import { freeDevice } from './ebs.ts';
import { PlanError, persistentVolume, planVolume } from './plan.ts';
import { bytesOf, gibOf } from './quantity.ts';
import { GP2 } from './resources.ts';
import type { Claim, CsiNode, StorageClass, Volume } from './resources.ts';
import type { Sight } from './sight.ts';
import { stepOf } from './volumes.ts';

const claim: Claim = {
  metadata: { name: 'data', namespace: 'shop', uid: '0b1c', resourceVersion: '7', annotations: { 'volume.kubernetes.io/selected-node': 'n1' } },
  spec: { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
};
const storageClass: StorageClass = { metadata: { name: 'gp3' }, provisioner: 'ebs.csi.aws.com', volumeBindingMode: 'WaitForFirstConsumer', parameters: { type: 'gp3' } };
const node = (name: string, zone: string) => ({ metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } }, spec: {} });
const csiNode = (name: string): CsiNode => ({ metadata: { name }, spec: { drivers: [{ name: 'ebs.csi.aws.com', nodeID: 'i-1' }] } });

test('quantities are those of Kubernetes, volumes those of EBS', () => {
  assert.deepEqual(['64Mi', '1.5Gi', '1G', '1e9', '500m', '12'].map(bytesOf), [67108864, 1610612736, 1e9, 1e9, 0.5, 12]);
  assert.ok(Number.isNaN(bytesOf('much')));
  assert.deepEqual(['64Mi', '1Gi', '1.5Gi', '100G'].map(gibOf), [1, 1, 2, 94]);
});

test('a claim becomes a volume of its zone and the PersistentVolume that is bound to it', () => {
  const plan = planVolume('main', claim, storageClass, 'us-east-1b');
  assert.deepEqual({ ...plan.input, ClientToken: '', TagSpecifications: [] }, { AvailabilityZone: 'us-east-1b', Size: 1, VolumeType: 'gp3', ClientToken: '', TagSpecifications: [] });
  const tags = Object.fromEntries((plan.input.TagSpecifications?.[0]?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  assert.equal(tags.CSIVolumeName, 'pvc-0b1c');
  assert.equal(tags['kubernetes.io/created-for/pvc/namespace'], 'shop');
  const { metadata, spec } = persistentVolume(plan, claim, storageClass, 'vol-1');
  assert.equal(metadata.name, 'pvc-0b1c');
  assert.deepEqual(spec.claimRef, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data', uid: '0b1c', resourceVersion: '7' });
  assert.equal(spec.csi?.volumeHandle, 'vol-1');
  assert.equal(spec.csi?.fsType, 'ext4');
  assert.equal(spec.persistentVolumeReclaimPolicy, 'Delete');
  assert.match(JSON.stringify(spec.nodeAffinity), /topology\.ebs\.csi\.aws\.com\/zone.*us-east-1b/);
});

test('the class that a cluster is born with makes volumes of EBS', () => {
  const { input, fsType } = planVolume('main', claim, GP2, 'us-east-1b');
  assert.deepEqual([input.VolumeType, fsType], ['gp2', 'ext4']);
});

test('parameters are taken in any case; what cannot be is refused in the driver\'s words', () => {
  const { input } = planVolume('main', claim, { ...storageClass, parameters: { Type: 'io2', iops: '100', encrypted: 'true', tagSpecification_1: 'team=shop' } }, 'a');
  assert.deepEqual([input.VolumeType, input.Iops, input.Encrypted], ['io2', 100, true]);
  const refused = (change: Partial<StorageClass>, of: Claim, words: RegExp) =>
    assert.throws(() => planVolume('main', of, { ...storageClass, ...change }, 'a'), (error) => error instanceof PlanError && words.test(error.message));
  refused({ parameters: { sort: 'gp3' } }, claim, /Invalid parameter key sort for CreateVolume/);
  refused({ parameters: { iops: 'many' } }, claim, /Could not parse invalid iops: many/);
  refused({}, { ...claim, spec: { ...claim.spec, volumeMode: 'Block' } }, /Block volumes are not implemented/);
  refused({}, { ...claim, spec: { ...claim.spec, accessModes: ['ReadWriteMany'] } }, /Only AccessModes\[ReadWriteOnce\] supported/);
});

test('the zone is that of the chosen node, or the first of those that have the driver', () => {
  const caches = (nodes: object[], csiNodes: CsiNode[]) => ({ caches: { nodes: { list: () => nodes, get: (name: string) => nodes.find((one) => (one as Claim).metadata.name === name) }, csiNodes: { list: () => csiNodes } } }) as unknown as Sight;
  const sight = caches([node('n1', 'b'), node('n2', 'a')], [csiNode('n1'), csiNode('n2')]);
  assert.equal(zoneFor(sight, claim, storageClass), 'b');
  assert.equal(zoneFor(sight, { ...claim, metadata: { name: 'data' } }, storageClass), undefined);
  assert.equal(zoneFor(sight, claim, { ...storageClass, volumeBindingMode: 'Immediate' }), 'a');
  assert.equal(zoneFor(caches([node('n1', 'b')], []), claim, storageClass), null);
});

test('only a released volume whose policy says so is deleted', () => {
  const volume = (phase: 'Bound' | 'Released', policy: 'Delete' | 'Retain', change: Partial<Volume['metadata']> = {}): Volume => ({
    metadata: { name: 'pvc-1', annotations: { 'pv.kubernetes.io/provisioned-by': 'ebs.csi.aws.com' }, ...change }, spec: { persistentVolumeReclaimPolicy: policy }, status: { phase },
  });
  assert.equal(stepOf(volume('Released', 'Delete')), 'delete');
  assert.equal(stepOf(volume('Released', 'Retain')), 'keep');
  assert.equal(stepOf(volume('Bound', 'Delete', { deletionTimestamp: 'now' })), 'keep');
  assert.equal(stepOf(volume('Released', 'Retain', { deletionTimestamp: 'now' })), 'release');
  assert.equal(stepOf(volume('Released', 'Delete', { annotations: {} })), 'keep');
});

test('devices are taken in the driver\'s order', () => {
  assert.equal(freeDevice([]), '/dev/xvdaa');
  assert.equal(freeDevice(['/dev/xvdaa', '/dev/xvdab']), '/dev/xvdac');
});
