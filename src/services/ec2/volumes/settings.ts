import type { CreateVolumeRequest, ModifyVolumeRequest } from '@aws-sdk/client-ec2';
import { invalidParameterCombination, invalidParameterValue, missingParameter, unknownVolumeType, unsupported } from '../errors.ts';
import type { Volume } from '../records.ts';

/**
 * Types of volume with their bounds (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html). The host's disk is as fast as
 * it is whatever the type: IOPS and throughput are kept and told, not enforced.
 */
interface VolumeType {
  smallestGiB: number;
  largestGiB: number;
  /** Bounds of what may be asked for; where there are none, IOPS follow from the size. */
  iops?: [fewest: number, most: number];
  defaultIops?: (sizeGiB: number) => number;
  throughput?: [least: number, most: number, byDefault: number];
}

const TYPES: Record<Volume['type'], VolumeType> = {
  gp3: { smallestGiB: 1, largestGiB: 65_536, iops: [3000, 80_000], defaultIops: () => 3000, throughput: [125, 2000, 125] },
  gp2: { smallestGiB: 1, largestGiB: 16_384, defaultIops: (sizeGiB) => Math.min(16_000, Math.max(100, 3 * sizeGiB)) },
  io1: { smallestGiB: 4, largestGiB: 16_384, iops: [100, 64_000] },
  io2: { smallestGiB: 4, largestGiB: 65_536, iops: [100, 256_000] },
  st1: { smallestGiB: 125, largestGiB: 16_384 },
  sc1: { smallestGiB: 125, largestGiB: 16_384 },
  standard: { smallestGiB: 1, largestGiB: 1024 },
};

export type VolumeSettings = Pick<Volume, 'type' | 'sizeGiB' | 'iops' | 'throughput'>;

interface Asked {
  VolumeType?: string | undefined;
  Iops?: number | undefined;
  Throughput?: number | undefined;
}

/** Errors: UnknownVolumeType, InvalidParameterValue, InvalidParameterCombination, MissingParameter. */
export function volumeSettings({ VolumeType: name = 'gp2', Iops: iops, Throughput: throughput }: Asked, sizeGiB: number): VolumeSettings {
  if (!isType(name)) throw unknownVolumeType(name);
  const type = TYPES[name];
  if (sizeGiB < type.smallestGiB) throw invalidParameterValue(`Volume of ${sizeGiB}GiB is too small for volume type ${name}; minimum is ${type.smallestGiB}GiB.`);
  if (sizeGiB > type.largestGiB) throw invalidParameterValue(`Volume of ${sizeGiB}GiB is too large for volume type ${name}; maximum is ${type.largestGiB}GiB.`);
  if (iops !== undefined && !type.iops) throw invalidParameterCombination(`The parameter iops is not supported for ${name} volumes.`);
  if (throughput !== undefined && !type.throughput) throw invalidParameterCombination(`The parameter throughput is not supported for ${name} volumes.`);
  if (iops === undefined && type.iops && !type.defaultIops) throw missingParameter('iops');
  if (iops !== undefined && type.iops) within('iops', iops, type.iops);
  if (throughput !== undefined && type.throughput) within('throughput', throughput, type.throughput);
  const given = iops ?? type.defaultIops?.(sizeGiB);
  const passed = throughput ?? type.throughput?.[2];
  return { type: name, sizeGiB, ...(given !== undefined && { iops: given }), ...(passed !== undefined && { throughput: passed }) };
}

/** A change of a volume: what is not asked for stays, where the type still has it. */
export function modifiedSettings(volume: Volume, { VolumeType: name = volume.type, Size: sizeGiB = volume.sizeGiB, Iops, Throughput }: ModifyVolumeRequest): VolumeSettings {
  if (sizeGiB < volume.sizeGiB) throw invalidParameterValue(`New size cannot be smaller than existing size`);
  const type = isType(name) ? TYPES[name] : undefined;
  const same = name === volume.type;
  return volumeSettings({
    VolumeType: name,
    Iops: Iops ?? (type?.iops && same ? volume.iops : undefined),
    Throughput: Throughput ?? (type?.throughput && same ? volume.throughput : undefined),
  }, sizeGiB);
}

const isType = (name: string): name is Volume['type'] => Object.hasOwn(TYPES, name);

function within(name: string, value: number, bounds: [number, number, ...unknown[]]): void {
  const [least, most] = bounds;
  if (value < least || value > most) throw invalidParameterValue(`Volume ${name} of ${value} is not within ${least} and ${most}.`);
}

/** Never accepted in silence. */
export function refuseWhatVolumesLack(input: CreateVolumeRequest): void {
  const refused: [string, boolean][] = [
    ['Encrypted volumes', input.Encrypted === true || input.KmsKeyId !== undefined],
    ['Multi-Attach', input.MultiAttachEnabled === true],
    ['OutpostArn', input.OutpostArn !== undefined],
    ['VolumeInitializationRate', input.VolumeInitializationRate !== undefined],
  ];
  for (const [name, asked] of refused) if (asked) throw unsupported(`${name}: not implemented by Gantry.`);
}

/** `/dev/sdf`, `/dev/xvdba`; EC2 takes the name without its folder too. The root's names are taken. */
export function deviceName(asked: string | undefined): string {
  if (!asked) throw missingParameter('device');
  const name = asked.replace(/^\/dev\//, '');
  if (!/^(sd[a-z]([1-9]|1[0-5])?|xvd[a-z]{1,2}|nvme[1-9]\d?n1)$/.test(name)) throw invalidParameterValue(`Value (${asked}) for parameter device is invalid. ${asked} is not a valid EBS device name.`);
  return `/dev/${name}`;
}

/** Under which `sdf` and `xvdf` are one name, as they lead to one device. */
export const sameDevice = (one: string, other: string) => one.replace('/dev/sd', '/dev/xvd') === other.replace('/dev/sd', '/dev/xvd');
