import type * as Sdk from '@aws-sdk/client-ec2';
import { observed } from '../../../control/hosts.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { ObservedVolume } from '../../../wire/host.ts';
import { volumes } from '../records.ts';
import type { Snapshot, Volume } from '../records.ts';
import { toTags } from '../tagging.ts';
import { zoneId } from '../zones.ts';

/** A volume with what its host saw of it. */
export interface SeenVolume {
  volume: Volume;
  seen: ObservedVolume | undefined;
}

export const withSeen = async (env: Env, volume: Volume): Promise<SeenVolume> => ({ volume, seen: await observed(env.store, volume.hostId, 'volume', volume.id) });

export async function seenVolumes(env: Env, scope: Scope): Promise<SeenVolume[]> {
  return Promise.all((await volumes.list(env.store, scope)).map(({ value }) => withSeen(env, value)));
}

export function volumeState({ volume, seen }: SeenVolume): Sdk.VolumeState {
  if (volume.deleting) return 'deleting';
  if (volume.attachment) return 'in-use';
  if (!seen || seen.state === 'creating') return 'creating';
  return seen.state === 'error' ? 'error' : 'available';
}

export function attachmentState({ volume, seen }: SeenVolume): Sdk.VolumeAttachmentState {
  if (!volume.attachment) return 'detached';
  if (volume.attachment.detaching) return seen?.busy ? 'busy' : 'detaching';
  return seen?.attachedTo?.instanceId === volume.attachment.instanceId && !seen.busy ? 'attached' : 'attaching';
}

export function attachmentShape(one: SeenVolume): Sdk.VolumeAttachment | undefined {
  const { attachment, id } = one.volume;
  return attachment && {
    VolumeId: id, InstanceId: attachment.instanceId, Device: attachment.device, State: attachmentState(one), AttachTime: new Date(attachment.attachTime), DeleteOnTermination: attachment.deleteOnTermination,
  };
}

export function volumeShape(one: SeenVolume): Sdk.Volume {
  const { volume } = one;
  const attachment = attachmentShape(one);
  return {
    VolumeId: volume.id, Size: volume.sizeGiB, SnapshotId: volume.snapshotId ?? '', AvailabilityZone: volume.zone, AvailabilityZoneId: zoneId(volume.zone), State: volumeState(one),
    CreateTime: new Date(volume.createdAt), VolumeType: volume.type, Iops: volume.iops, Throughput: volume.throughput, Encrypted: false, MultiAttachEnabled: false,
    Attachments: attachment ? [attachment] : [], Tags: toTags(volume.tags),
  };
}

/** By instance: its volumes as DescribeInstances shows them. */
export async function blockDevices(env: Env, scope: Scope): Promise<ReadonlyMap<string, Sdk.InstanceBlockDeviceMapping[]>> {
  const attached = (await seenVolumes(env, scope)).flatMap((one) => (one.volume.attachment ? [{ one, attachment: one.volume.attachment }] : []));
  const byInstance = Map.groupBy(attached, ({ attachment }) => attachment.instanceId);
  return new Map([...byInstance].map(([id, own]) => [id, own.map(({ one, attachment }) => {
    const state = attachmentState(one);
    return {
      DeviceName: attachment.device,
      Ebs: { VolumeId: one.volume.id, Status: state === 'busy' ? 'detaching' as const : state, AttachTime: new Date(attachment.attachTime), DeleteOnTermination: attachment.deleteOnTermination },
    };
  })]));
}

/** For a size that grew, `modifying` until the host's file has grown. */
export function modificationShape({ volume, seen }: SeenVolume): Sdk.VolumeModification | undefined {
  const { modification } = volume;
  if (!modification) return undefined;
  const done = seen?.sizeGiB === volume.sizeGiB;
  const { from } = modification;
  return {
    VolumeId: volume.id, ModificationState: done ? 'completed' : 'modifying', Progress: done ? 100 : 0, StartTime: new Date(modification.startTime), ...(done && { EndTime: new Date(modification.startTime) }),
    TargetSize: volume.sizeGiB, TargetVolumeType: volume.type, TargetIops: volume.iops, TargetThroughput: volume.throughput, TargetMultiAttachEnabled: false,
    OriginalSize: from.sizeGiB, OriginalVolumeType: from.type, OriginalIops: from.iops, OriginalThroughput: from.throughput, OriginalMultiAttachEnabled: false,
  };
}

export interface SeenSnapshot {
  snapshot: Snapshot;
  state: Sdk.SnapshotState;
  reason: string | undefined;
}

export async function snapshotWithSeen(env: Env, snapshot: Snapshot): Promise<SeenSnapshot> {
  const seen = await observed(env.store, snapshot.hostId, 'snapshot', snapshot.id);
  return { snapshot, state: seen?.state ?? 'pending', reason: seen?.reason };
}
