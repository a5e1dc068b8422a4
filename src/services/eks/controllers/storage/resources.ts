import type { Resource } from '../../../../kube/resources.ts';
import type { Condition, KubeObject } from '../../../../kube/types.ts';

/** Kubernetes' objects of storage, with the members that are read or written here. */

export interface StorageClass extends KubeObject {
  provisioner: string;
  parameters?: Record<string, string>;
  reclaimPolicy?: 'Delete' | 'Retain';
  mountOptions?: string[];
  allowVolumeExpansion?: boolean;
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer';
  allowedTopologies?: { matchLabelExpressions?: { key: string; values: string[] }[] }[];
}

export interface Claim extends KubeObject {
  spec: {
    storageClassName?: string;
    accessModes?: string[];
    volumeMode?: 'Filesystem' | 'Block';
    volumeName?: string;
    selector?: object;
    dataSource?: { kind: string; name: string };
    resources?: { requests?: { storage?: string } };
  };
  status?: {
    phase?: string;
    capacity?: { storage?: string };
    conditions?: Condition[];
    allocatedResources?: { storage?: string };
    allocatedResourceStatuses?: Record<string, string>;
  };
}

export interface Volume extends KubeObject {
  spec: {
    accessModes?: string[];
    capacity?: { storage: string };
    claimRef?: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string; resourceVersion?: string };
    csi?: { driver: string; volumeHandle: string; fsType?: string; volumeAttributes?: Record<string, string> };
    nodeAffinity?: object;
    persistentVolumeReclaimPolicy?: 'Delete' | 'Retain' | 'Recycle';
    storageClassName?: string;
    mountOptions?: string[];
    volumeMode?: 'Filesystem' | 'Block';
  };
  status?: { phase?: 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed' };
}

export interface VolumeAttachment extends KubeObject {
  spec: { attacher: string; nodeName: string; source: { persistentVolumeName?: string } };
  status?: { attached: boolean; attachmentMetadata?: Record<string, string>; attachError?: VolumeError; detachError?: VolumeError };
}

interface VolumeError {
  time?: string;
  message?: string;
}

/** What CSI drivers the kubelet of a node has registered. */
export interface CsiNode extends KubeObject {
  /** Null until the first one has. */
  spec: { drivers: { name: string; nodeID: string; topologyKeys?: string[] }[] | null };
}

const STORAGE = 'storage.k8s.io/v1';
export const claims: Resource<Claim> = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', namespaced: true };
export const volumes: Resource<Volume> = { apiVersion: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes', namespaced: false };
export const storageClasses: Resource<StorageClass> = { apiVersion: STORAGE, kind: 'StorageClass', plural: 'storageclasses', namespaced: false };
export const attachments: Resource<VolumeAttachment> = { apiVersion: STORAGE, kind: 'VolumeAttachment', plural: 'volumeattachments', namespaced: false };
export const csiNodes: Resource<CsiNode> = { apiVersion: STORAGE, kind: 'CSINode', plural: 'csinodes', namespaced: false };
export const csiDrivers: Resource = { apiVersion: STORAGE, kind: 'CSIDriver', plural: 'csidrivers', namespaced: false };

export const DRIVER = 'ebs.csi.aws.com';
/** https://kubernetes.io/docs/concepts/storage/volumes/#aws-ebs-csi-migration */
export const IN_TREE = 'kubernetes.io/aws-ebs';
/** Each cluster of EKS has it from birth. It is the default of none since 1.30, and needs the EBS CSI driver. */
export const GP2: StorageClass = { metadata: { name: 'gp2' }, provisioner: IN_TREE, parameters: { type: 'gp2', fsType: 'ext4' }, reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer' };
export const PROVISIONER_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
export const ATTACHER_FINALIZER = 'external-attacher/ebs-csi-aws-com';
