import { createHash } from 'node:crypto';
import type * as Sdk from '@aws-sdk/client-ec2';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import {
  attachmentNotFound, deviceInUse, idempotentParameterMismatch, incorrectState, insufficientVolumeCapacity, invalidParameterValue, invalidZone, missingParameter, unsupported,
  volumeInUse, volumeZoneMismatch,
} from '../errors.ts';
import { applyFilters } from '../filters.ts';
import type { Fields } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { page } from '../paging.ts';
import { chooseHost } from '../placement.ts';
import { clientTokens, volumes } from '../records.ts';
import type { Snapshot, Volume } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';
import { deviceName, modifiedSettings, refuseWhatVolumesLack, sameDevice, volumeSettings } from '../volumes/settings.ts';
import { attachmentShape, attachmentState, modificationShape, snapshotWithSeen, volumeShape, volumeState, withSeen } from '../volumes/state.ts';
import type { SeenVolume } from '../volumes/state.ts';
import { zoneId } from '../zones.ts';

const TOKENS = 'CreateVolume';

async function create(context: RequestContext, input: Sdk.CreateVolumeRequest): Promise<Volume> {
  refuseWhatVolumesLack(input);
  const zone = input.AvailabilityZone ?? context.installation.zones.find((name) => zoneId(name) === input.AvailabilityZoneId);
  if (!zone) throw missingParameter('availabilityZone');
  if (!context.installation.zones.includes(zone)) throw invalidZone(zone);
  const snapshot = input.SnapshotId ? await readySnapshot(context, input.SnapshotId) : undefined;
  if (input.Size === undefined && !snapshot) throw missingParameter('size/snapshot');
  const sizeGiB = input.Size ?? snapshot?.sizeGiB ?? 0;
  if (snapshot && sizeGiB < snapshot.sizeGiB) throw invalidParameterValue(`Volume of ${sizeGiB}GiB is smaller than snapshot '${snapshot.id}', expect size >= ${snapshot.sizeGiB}GiB`);
  const settings = volumeSettings(input, sizeGiB);
  const hostId = snapshot?.hostId ?? (await chooseHost(context, context, zone))?.id;
  if (!hostId) throw insufficientVolumeCapacity(zone);
  const volume: Volume = {
    ...settings, id: newId(context, 'vol'), zone, hostId, createdAt: context.now().toISOString(), tags: tagsFor('volume', input.TagSpecifications),
    ...(snapshot && { snapshotId: snapshot.id }),
  };
  const put = volumes.put(volumes.key(context, volume.id), volume, 0);
  if (!input.ClientToken) {
    await context.store.commit([put]);
    return volume;
  }
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  const token = clientTokens.key(context, TOKENS, input.ClientToken);
  const commit = await context.store.commit([put, clientTokens.put(token, { fingerprint, ids: [volume.id] }, 0)]);
  if (commit.ok) return volume;
  const use = (await clientTokens.at(context.store, token))?.value;
  if (use?.fingerprint !== fingerprint) throw idempotentParameterMismatch();
  return (await find(context, context, kinds.volume, use.ids[0] ?? '')).value;
}

async function readySnapshot(context: RequestContext, id: string): Promise<Snapshot> {
  const { value } = await find(context, context, kinds.snapshot, id);
  const { state } = await snapshotWithSeen(context, value);
  if (state !== 'completed') throw incorrectState(`Snapshot is in invalid state - ${state}`);
  return value;
}

async function attach(context: RequestContext, input: Sdk.AttachVolumeRequest): Promise<Volume> {
  const device = deviceName(input.Device);
  return transact(context, async () => {
    const { key, value: volume, revision } = await find(context, context, kinds.volume, input.VolumeId ?? '');
    const instance = (await find(context, context, kinds.instance, input.InstanceId ?? '')).value;
    if (volume.attachment) throw volumeInUse(`${volume.id} is already attached to an instance`);
    if (volumeState(await withSeen(context, volume)) !== 'available') throw incorrectState(`${volume.id} is not 'available'.`);
    if (instance.state !== 'running' && instance.state !== 'stopped' && instance.state !== 'stopping') throw incorrectState(`Instance '${instance.id}' is not 'running'.`);
    if (instance.zone !== volume.zone) throw volumeZoneMismatch(volume.id, instance.id);
    if (instance.hostId !== volume.hostId) throw unsupported(`The volume '${volume.id}' is on another host than the instance '${instance.id}': not implemented by Gantry.`);
    const all = await volumes.list(context.store, context);
    const taken = ['/dev/xvda', '/dev/sda1', ...all.flatMap(({ value }) => (value.attachment?.instanceId === instance.id ? [value.attachment.device] : []))];
    if (taken.some((one) => sameDevice(one, device))) throw deviceInUse(device);
    const after: Volume = { ...volume, attachment: { instanceId: instance.id, device, attachTime: context.now().toISOString(), deleteOnTermination: false } };
    return { changes: [volumes.put(key, after, revision)], result: after };
  });
}

/** Instance and device, where they are given, must be the volume's. */
function checkDetach(volume: Volume, input: Sdk.DetachVolumeRequest): NonNullable<Volume['attachment']> {
  const { attachment } = volume;
  if (!attachment) throw incorrectState(`Volume '${volume.id}' is in the 'available' state.`);
  const other = (input.InstanceId !== undefined && input.InstanceId !== attachment.instanceId) || (input.Device !== undefined && !sameDevice(deviceName(input.Device), attachment.device));
  if (other) throw attachmentNotFound(volume.id, input.InstanceId ?? attachment.instanceId);
  return attachment;
}

const update = async (context: RequestContext, { key, value }: Entry<Volume>, change: (volume: Volume) => Volume): Promise<SeenVolume> =>
  withSeen(context, (await volumes.update(context.store, key, change)) ?? value);

const selected = async (context: RequestContext, ids: string[] | undefined): Promise<SeenVolume[]> =>
  Promise.all((await select(context, context, kinds.volume, ids)).map((volume) => withSeen(context, volume)));

const fields: Fields<SeenVolume> = {
  'volume-id': ({ volume }) => volume.id, 'availability-zone': ({ volume }) => volume.zone, 'availability-zone-id': ({ volume }) => zoneId(volume.zone), status: volumeState,
  size: ({ volume }) => volume.sizeGiB, 'volume-type': ({ volume }) => volume.type, 'snapshot-id': ({ volume }) => volume.snapshotId ?? '', 'create-time': ({ volume }) => volume.createdAt,
  encrypted: () => false, 'multi-attach-enabled': () => false, 'attachment.instance-id': ({ volume }) => volume.attachment?.instanceId, 'attachment.device': ({ volume }) => volume.attachment?.device,
  'attachment.status': (one) => (one.volume.attachment ? attachmentState(one) : undefined), 'attachment.attach-time': ({ volume }) => volume.attachment?.attachTime,
  'attachment.delete-on-termination': ({ volume }) => volume.attachment?.deleteOnTermination,
};
const tagsOf = ({ volume }: SeenVolume) => volume.tags;
const idOf = ({ volume }: SeenVolume) => volume.id;

export const volumeOperations = {
  CreateVolume: async (input, context) => volumeShape(await withSeen(context, await create(context, input))),

  DescribeVolumes: async (input, context) => {
    const found = applyFilters(await selected(context, input.VolumeIds), input.Filters, fields, tagsOf);
    const { items, NextToken } = page(found, input, idOf);
    return { Volumes: items.map(volumeShape), NextToken };
  },

  DescribeVolumeStatus: async (input, context) => {
    const found = applyFilters(await selected(context, input.VolumeIds), input.Filters, {
      'availability-zone': ({ volume }) => volume.zone, 'volume-status.status': statusOf,
    });
    const { items, NextToken } = page(found, input, idOf);
    return {
      VolumeStatuses: items.map((one) => ({
        VolumeId: one.volume.id, AvailabilityZone: one.volume.zone, Actions: [], Events: [],
        VolumeStatus: { Status: statusOf(one), Details: [{ Name: 'io-enabled' as const, Status: statusOf(one) === 'ok' ? 'passed' : 'failed' }] },
      })),
      NextToken,
    };
  },

  AttachVolume: async (input, context) => ({ ...attachmentShape({ volume: await attach(context, input), seen: undefined }) }),

  DetachVolume: async (input, context) => {
    const entry = await find(context, context, kinds.volume, input.VolumeId ?? '');
    checkDetach(entry.value, input);
    const after = await update(context, entry, (volume) => ({ ...volume, attachment: { ...checkDetach(volume, input), detaching: true } }));
    return { ...attachmentShape(after) };
  },

  DeleteVolume: async ({ VolumeId: id = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.volume, id);
      if (value.attachment) throw volumeInUse(`Volume ${id} is currently attached to ${value.attachment.instanceId}`);
      return { changes: [volumes.put(key, { ...value, deleting: true }, revision)], result: undefined };
    });
    return {};
  },

  ModifyVolume: async (input, context) => {
    if (input.MultiAttachEnabled) throw unsupported('Multi-Attach: not implemented by Gantry.');
    const entry = await find(context, context, kinds.volume, input.VolumeId ?? '');
    if (volumeState(await withSeen(context, entry.value)) === 'creating' || entry.value.deleting) throw incorrectState(`${entry.value.id} is not 'available' or 'in-use'.`);
    const after = await update(context, entry, (volume) => {
      const { type, sizeGiB, iops, throughput, ...rest } = volume;
      const from = { type, sizeGiB, ...(iops !== undefined && { iops }), ...(throughput !== undefined && { throughput }) };
      return { ...rest, ...modifiedSettings(volume, input), modification: { startTime: context.now().toISOString(), from } };
    });
    return { VolumeModification: modificationShape(after) };
  },

  DescribeVolumesModifications: async (input, context) => {
    const all = (await selected(context, input.VolumeIds)).flatMap((one) => modificationShape(one) ?? []);
    const found = applyFilters(all, input.Filters, {
      'volume-id': ({ VolumeId }) => VolumeId, 'modification-state': ({ ModificationState }) => ModificationState, 'target-size': ({ TargetSize }) => TargetSize, 'original-size': ({ OriginalSize }) => OriginalSize,
      'target-volume-type': ({ TargetVolumeType }) => TargetVolumeType, 'original-volume-type': ({ OriginalVolumeType }) => OriginalVolumeType,
    });
    const { items, NextToken } = page(found, input, ({ VolumeId = '' }) => VolumeId);
    return { VolumesModifications: items, NextToken };
  },
} satisfies Ec2Operations;

const statusOf = ({ seen }: SeenVolume): Sdk.VolumeStatusInfoStatus => (!seen || seen.state === 'creating' ? 'insufficient-data' : seen.state === 'error' ? 'impaired' : 'ok');
