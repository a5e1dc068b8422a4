import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  AttachVolumeCommand, CreateSnapshotCommand, CreateVolumeCommand, DeleteSnapshotCommand, DeleteVolumeCommand, DescribeInstancesCommand, DescribeSnapshotsCommand, DescribeTagsCommand,
  DescribeVolumesCommand, DescribeVolumesModificationsCommand, DescribeVolumeStatusCommand, DetachVolumeCommand, EC2Client, ModifyVolumeCommand, RunInstancesCommand, TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { CreateVolumeCommandInput } from '@aws-sdk/client-ec2';
import { eventually, startFakeHost, startInstallation } from '../../../../test/installation.ts';
import { refusal } from '../../../../test/served.ts';
import { imageId } from '../../../wire/images.ts';
import { nextStep } from '../controllers/volumes.ts';
import type { Volume } from '../records.ts';

describe('EBS by the SDK, with a host that obeys', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ec2: EC2Client;
  let instanceId: string;
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 16384, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ec2 = new EC2Client(installation.client);
    const { Instances } = await ec2.send(new RunInstancesCommand({ ImageId: imageId('ecs-optimized'), InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, Placement: { AvailabilityZone: 'us-east-1a' } }));
    instanceId = Instances?.[0]?.InstanceId ?? '';
    await eventually(async () => (await instance())?.State?.Name, (state) => state === 'running');
  });
  after(async () => {
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const instance = async () => (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }))).Reservations?.[0]?.Instances?.[0];
  const create = async (input: Partial<CreateVolumeCommandInput> = {}) => {
    const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 8, VolumeType: 'gp3', ...input }));
    await eventually(() => state(VolumeId), (now) => now === 'available');
    return VolumeId;
  };
  const describe1 = async (id: string) => (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
  const state = async (id: string) => (await describe1(id))?.State;
  const attach = (VolumeId: string, Device = '/dev/sdf') => ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: instanceId, Device }));

  it('is created, attached, seen in its instance, detached and deleted', async () => {
    const id = await create({ TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'Name', Value: 'data' }] }] });
    const made = await describe1(id);
    assert.deepEqual([made?.Size, made?.VolumeType, made?.Iops, made?.Throughput, made?.Encrypted, made?.Attachments], [8, 'gp3', 3000, 125, false, []]);
    assert.equal((await attach(id)).State, 'attaching');
    const attached = await eventually(() => describe1(id), (one) => one?.Attachments?.[0]?.State === 'attached');
    assert.deepEqual([attached?.State, attached?.Attachments?.[0]?.InstanceId, attached?.Attachments?.[0]?.Device], ['in-use', instanceId, '/dev/sdf']);
    assert.deepEqual(host.get('volume', id), { sizeGiB: 8, attachment: { instanceId, device: '/dev/sdf' } });
    assert.deepEqual((await instance())?.BlockDeviceMappings?.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.VolumeId, Ebs?.Status]), [['/dev/sdf', id, 'attached']]);
    assert.equal((await ec2.send(new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [instanceId] }, { Name: 'tag:Name', Values: ['data'] }] }))).Volumes?.length, 1);
    assert.equal((await ec2.send(new DescribeVolumeStatusCommand({ VolumeIds: [id] }))).VolumeStatuses?.[0]?.VolumeStatus?.Status, 'ok');
    assert.equal((await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: 'resource-type', Values: ['volume'] }] }))).Tags?.length, 1);

    assert.match(await refusal(attach(id)), new RegExp(`^VolumeInUse: ${id} is already attached to an instance$`));
    assert.match(await refusal(ec2.send(new DeleteVolumeCommand({ VolumeId: id }))), new RegExp(`^VolumeInUse: Volume ${id} is currently attached to ${instanceId}$`));
    await host.observe([{ kind: 'volume', id, value: { state: 'attached', sizeGiB: 8, attachedTo: { instanceId, device: '/dev/sdf' }, busy: true } }]);
    assert.ok(['detaching', 'busy'].includes((await ec2.send(new DetachVolumeCommand({ VolumeId: id }))).State ?? ''));
    await eventually(() => describe1(id), (one) => one?.State === 'available' && one.Attachments?.length === 0);
    assert.match(await refusal(ec2.send(new DetachVolumeCommand({ VolumeId: id }))), new RegExp(`^IncorrectState: Volume '${id}' is in the 'available' state\\.$`));
    await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
    await eventually(() => refusal(describe1(id)).catch(() => ''), (words) => words === `InvalidVolume.NotFound: The volume '${id}' does not exist.`);
    assert.equal(host.get('volume', id), undefined);
  });

  it('grows, and is copied', async () => {
    const id = await create();
    const { VolumeModification } = await ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 20, Iops: 4000 }));
    assert.deepEqual([VolumeModification?.OriginalSize, VolumeModification?.TargetSize, VolumeModification?.TargetIops], [8, 20, 4000]);
    await eventually(async () => (await ec2.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }))).VolumesModifications?.[0]?.ModificationState, (now) => now === 'completed');
    assert.equal(host.get('volume', id)?.sizeGiB, 20);
    assert.match(await refusal(ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 10 }))), /^InvalidParameterValue: New size cannot be smaller than existing size$/);
    const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId: id, Description: 'nightly' }));
    await eventually(async () => (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }))).Snapshots?.[0], (one) => one?.State === 'completed' && one.Progress === '100%');
    assert.equal((await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['amazon'] }))).Snapshots?.length, 0);
    const copy = await create({ SnapshotId, Size: undefined });
    assert.deepEqual([(await describe1(copy))?.Size, (await describe1(copy))?.SnapshotId, host.get('volume', copy)?.snapshotId], [20, SnapshotId, SnapshotId]);
    assert.match(await refusal(create({ SnapshotId, Size: 10 })), /^InvalidParameterValue: Volume of 10GiB is smaller than snapshot/);
    await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    assert.match(await refusal(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }))), /^InvalidSnapshot\.NotFound: The snapshot 'snap-[0-9a-f]{17}' does not exist\.$/);
    await eventually(() => host.list('snapshot').length, (count) => count === 0);
    for (const VolumeId of [id, copy]) await ec2.send(new DeleteVolumeCommand({ VolumeId }));
  });

  it('is made once for one client token, and refused in the words of EC2', async () => {
    const [one, two] = [await create({ ClientToken: 'a' }), await create({ ClientToken: 'a' })];
    assert.equal(one, two);
    assert.match(await refusal(create({ ClientToken: 'a', Size: 9 })), /^IdempotentParameterMismatch/);
    const elsewhere = await create({ AvailabilityZone: 'us-east-1b' });
    assert.match(await refusal(attach(elsewhere)), /^InvalidVolume\.ZoneMismatch: The volume 'vol-[0-9a-f]{17}' is not in the same availability zone as instance 'i-[0-9a-f]{17}'$/);
    assert.match(await refusal(attach(one, '/dev/xvda')), /^InvalidParameterValue: Invalid value '\/dev\/xvda' for unixDevice\. Attachment point \/dev\/xvda is already in use$/);
    assert.match(await refusal(attach(one, 'floppy')), /is not a valid EBS device name\.$/);
    assert.match(await refusal(create({ AvailabilityZone: 'us-east-1z' })), /^InvalidZone\.NotFound: The zone 'us-east-1z' does not exist\.$/);
    assert.match(await refusal(create({ Size: undefined })), /^MissingParameter: The request must contain the parameter size\/snapshot$/);
    assert.match(await refusal(create({ VolumeType: 'st1' })), /^InvalidParameterValue: Volume of 8GiB is too small for volume type st1; minimum is 125GiB\.$/);
    assert.match(await refusal(create({ VolumeType: 'floppy' as 'gp3' })), /^UnknownVolumeType/);
    assert.match(await refusal(create({ Encrypted: true })), /^UnsupportedOperation: Encrypted volumes: not implemented by Gantry\.$/);
    assert.match(await refusal(describe1('vol-1')), /^InvalidVolumeID\.Malformed/);
  });

  it('is free again when its instance is terminated', async () => {
    const id = await create();
    await attach(id);
    await eventually(() => describe1(id), (one) => one?.Attachments?.[0]?.State === 'attached');
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
    await eventually(() => state(id), (now) => now === 'available');
    assert.match(await refusal(attach(id)), /^IncorrectState: Instance 'i-[0-9a-f]{17}' is not 'running'\.$/);
  });
});

describe('a detachment', () => {
  const volume = { id: 'vol-1', attachment: { instanceId: 'i-1', device: '/dev/sdf', attachTime: '', deleteOnTermination: false, detaching: true } } as Volume;
  it('is over when the host has let go, not before', () => {
    const attachedTo = { instanceId: 'i-1', device: '/dev/sdf' };
    assert.equal(nextStep(volume, { state: 'attached', sizeGiB: 1, attachedTo, busy: true }, 'running'), undefined);
    assert.equal(nextStep(volume, { state: 'available', sizeGiB: 1 }, 'running')?.attachment, undefined);
  });
  it('begins by itself when the instance has gone', () => {
    const attached = { ...volume, attachment: { ...volume.attachment!, detaching: undefined } } as unknown as Volume;
    assert.equal(nextStep(attached, undefined, 'shutting-down'), undefined);
    assert.equal(nextStep(attached, undefined, 'terminated')?.attachment?.detaching, true);
  });
  it('ends a volume that is to go with its instance', () => {
    assert.equal(nextStep({ ...volume, attachment: { ...volume.attachment!, deleteOnTermination: true } }, undefined, 'terminated')?.deleting, true);
  });
});
