import { createHash } from 'node:crypto';
import type { Input } from '../../../../control/service.ts';
import type * as sdk from '@aws-sdk/client-ec2';
import { bytesOf, gibOf } from './quantity.ts';
import { DRIVER, PROVISIONER_FINALIZER } from './resources.ts';
import type { Claim, StorageClass, Volume } from './resources.ts';

/** What a class and a claim come to: pure. https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md */

export type CreateVolumeInput = Input<typeof sdk, 'CreateVolume'>;

export interface VolumePlan {
  /** `pvc-<uid>`: the PersistentVolume's name, by which the volume is found again. */
  name: string;
  zone: string;
  sizeGiB: number;
  fsType: string;
  input: CreateVolumeInput;
}

/** A claim that cannot be met as it is; the words are the driver's. */
export class PlanError extends Error {}

const MODES = ['ReadWriteOnce', 'ReadWriteOncePod'];
const FILE_SYSTEMS = ['ext3', 'ext4'];
/** Read by others, or without meaning here. */
const IGNORED = new Set(['csi.storage.k8s.io/provisioner-secret-name', 'csi.storage.k8s.io/provisioner-secret-namespace', 'allowautoiopspergbincrease']);

export const volumeName = (claim: Claim) => `pvc-${claim.metadata.uid}`;

export function planVolume(cluster: string, claim: Claim, storageClass: StorageClass, zone: string): VolumePlan {
  const name = volumeName(claim);
  const { parameters, fsType, tags } = read(storageClass.parameters ?? {});
  const wrong = claim.spec.accessModes?.find((mode) => !MODES.includes(mode));
  if (wrong !== undefined) throw new PlanError('rpc error: code = InvalidArgument desc = Volume capabilities not supported. Only AccessModes[ReadWriteOnce] supported.');
  if (claim.spec.volumeMode === 'Block') throw new PlanError('rpc error: code = InvalidArgument desc = Block volumes are not implemented by Gantry');
  if (claim.spec.dataSource) throw new PlanError(`${claim.spec.dataSource.kind} is not supported as a data source`);
  if (claim.spec.selector) throw new PlanError('claim Selector is not supported');
  const requested = claim.spec.resources?.requests?.storage ?? '';
  if (!(bytesOf(requested) > 0)) throw new PlanError(`rpc error: code = InvalidArgument desc = Invalid capacity ${requested}`);
  const sizeGiB = gibOf(requested);
  const { namespace = '', name: claimName } = claim.metadata;
  const all = {
    CSIVolumeName: name, [`${DRIVER}/cluster`]: 'true', [`kubernetes.io/cluster/${cluster}`]: 'owned', Name: `${cluster}-dynamic-${name}`,
    'kubernetes.io/created-for/pvc/name': claimName, 'kubernetes.io/created-for/pvc/namespace': namespace, 'kubernetes.io/created-for/pv/name': name, ...tags,
  };
  const input: CreateVolumeInput = {
    AvailabilityZone: zone, Size: sizeGiB, VolumeType: 'gp3', ...parameters, ClientToken: createHash('sha256').update(`${cluster}/${name}`).digest('hex').slice(0, 64),
    TagSpecifications: [{ ResourceType: 'volume', Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) }],
  };
  return { name, zone, sizeGiB, fsType, input };
}

/** Names of parameters are taken in any case. */
function read(parameters: Record<string, string>) {
  const found: Partial<CreateVolumeInput> = {};
  const tags: Record<string, string> = {};
  let fsType = 'ext4';
  for (const [key, value] of Object.entries(parameters)) {
    const name = key.toLowerCase();
    if (name === 'type') found.VolumeType = value as NonNullable<CreateVolumeInput['VolumeType']>;
    else if (name === 'encrypted') found.Encrypted = value === 'true';
    else if (name === 'kmskeyid') found.KmsKeyId = value;
    else if (name === 'iops') found.Iops = numberOf(key, value);
    else if (name === 'throughput') found.Throughput = numberOf(key, value);
    else if (name === 'fstype' || name === 'csi.storage.k8s.io/fstype') fsType = value;
    else if (name.startsWith('tagspecification')) tags[value.slice(0, value.indexOf('='))] = value.slice(value.indexOf('=') + 1);
    else if (!IGNORED.has(name)) throw new PlanError(`rpc error: code = InvalidArgument desc = Could not parse parameters: Invalid parameter key ${key} for CreateVolume`);
  }
  if (!FILE_SYSTEMS.includes(fsType)) throw new PlanError(`rpc error: code = InvalidArgument desc = invalid fstype ${fsType}: ${FILE_SYSTEMS.join(' and ')} are supported`);
  return { parameters: found, fsType, tags };
}

function numberOf(key: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number <= 0) throw new PlanError(`rpc error: code = InvalidArgument desc = Could not parse invalid ${key}: ${value}`);
  return number;
}

/** As the external provisioner writes it: https://github.com/kubernetes-csi/external-provisioner */
export function persistentVolume({ name, zone, sizeGiB, fsType }: VolumePlan, claim: Claim, storageClass: StorageClass, volumeId: string): Volume {
  const { namespace = '', name: claimName, uid = '', resourceVersion = '' } = claim.metadata;
  const inZone = (key: string) => ({ key, operator: 'In', values: [zone] });
  return {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER }, finalizers: [PROVISIONER_FINALIZER] },
    spec: {
      accessModes: claim.spec.accessModes ?? ['ReadWriteOnce'],
      capacity: { storage: `${sizeGiB}Gi` },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claimName, uid, resourceVersion },
      csi: { driver: DRIVER, volumeHandle: volumeId, fsType, volumeAttributes: { 'storage.kubernetes.io/csiProvisionerIdentity': DRIVER } },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [inZone(`topology.${DRIVER}/zone`), inZone('topology.kubernetes.io/zone')] }] } },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      ...(storageClass.mountOptions?.length ? { mountOptions: storageClass.mountOptions } : {}),
    },
  };
}
