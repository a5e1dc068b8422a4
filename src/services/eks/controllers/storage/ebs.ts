import type * as sdk from '@aws-sdk/client-ec2';
import { asService } from '../../../../control/as-service.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import { ec2Operations } from '../../../ec2/index.ts';
import type { CreateVolumeInput } from './plan.ts';

/** A volume of EC2's, as the driver looks at it. */
export interface EbsVolume {
  id: string;
  state: string;
  sizeGiB: number;
  attachment?: { instanceId: string; device: string; state: string };
}

export type Ebs = ReturnType<typeof ebs>;

/** EC2's volumes, in its own operations. Errors are EC2's. */
export function ebs(env: Env, scope: Scope) {
  const ec2 = asService(ec2Operations, env, scope, 'eks.amazonaws.com');

  async function describe(filter: string, value: string): Promise<EbsVolume[]> {
    const { Volumes = [] } = await ec2('DescribeVolumes', { Filters: [{ Name: filter, Values: [value] }] });
    return Volumes.filter(({ State }) => State !== 'deleting' && State !== 'deleted').map(volumeOf);
  }

  return {
    byId: async (id: string) => (await describe('volume-id', id))[0],
    byName: async (name: string) => (await describe('tag:CSIVolumeName', name))[0],
    create: async (input: CreateVolumeInput) => volumeOf(await ec2('CreateVolume', input)),
    async attach(volumeId: string, instanceId: string): Promise<void> {
      const taken = (await describe('attachment.instance-id', instanceId)).map(({ attachment }) => attachment?.device ?? '');
      await ec2('AttachVolume', { VolumeId: volumeId, InstanceId: instanceId, Device: freeDevice(taken) });
    },
    detach: async (volumeId: string, instanceId: string) => void (await ec2('DetachVolume', { VolumeId: volumeId, InstanceId: instanceId })),
    delete: async (volumeId: string) => void (await ec2('DeleteVolume', { VolumeId: volumeId })),
    grow: async (volumeId: string, sizeGiB: number) => void (await ec2('ModifyVolume', { VolumeId: volumeId, Size: sizeGiB })),
  };
}

function volumeOf({ VolumeId = '', State = 'creating', Size = 0, Attachments = [] }: sdk.Volume): EbsVolume {
  const attachment = Attachments.find(({ State: state }) => state !== 'detached');
  return {
    id: VolumeId, state: State, sizeGiB: Size,
    ...(attachment ? { attachment: { instanceId: attachment.InstanceId ?? '', device: attachment.Device ?? '', state: attachment.State ?? 'attaching' } } : {}),
  };
}

const letters = (from: string, to: string) => Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, index) => String.fromCharCode(from.charCodeAt(0) + index));

/** The driver's names: /dev/xvdaa to /dev/xvdcz. */
export function freeDevice(taken: string[]): string {
  const free = letters('a', 'c').flatMap((first) => letters('a', 'z').map((second) => `/dev/xvd${first}${second}`)).find((device) => !taken.includes(device));
  if (!free) throw new Error('there are no available devices');
  return free;
}
