import type { KubeObject } from '../../../../kube/types.ts';
import type { CachesOf } from '../../worlds.ts';
import { SELECTED_NODE } from './claims.ts';
import type { Claim, Volume, VolumeAttachment } from './resources.ts';
import type { WATCHED } from './sight.ts';

type Caches = CachesOf<typeof WATCHED>;

/** The controller's items: `<cluster key>|claim|<namespace>/<name>`, `…|volume|<name>`, `…|attachment|<name>`. */
export const claimItem = ({ metadata }: Claim) => `claim|${metadata.namespace}/${metadata.name}`;
export const volumeItem = (name: string) => `volume|${name}`;
export const attachmentItem = ({ metadata }: VolumeAttachment) => `attachment|${metadata.name}`;

/** What a changed object concerns. */
export function itemsOf(object: KubeObject, caches: Caches): string[] {
  const { name } = object.metadata;
  const attached = (which: (attachment: VolumeAttachment) => boolean) => caches.attachments.list().filter(which).map(attachmentItem);
  const waiting = (which: (claim: Claim) => boolean) => caches.claims.list().filter((claim) => !claim.spec.volumeName && which(claim)).map(claimItem);
  switch (object.kind ?? '') {
    case 'PersistentVolumeClaim': return [claimItem(object as Claim)];
    case 'PersistentVolume': return [volumeItem(name), ...attached(({ spec }) => spec.source.persistentVolumeName === name), ...claimOf(object as Volume)];
    case 'VolumeAttachment': return [attachmentItem(object as VolumeAttachment), volumeItem((object as VolumeAttachment).spec.source.persistentVolumeName ?? '')];
    case 'StorageClass': return waiting(({ spec }) => spec.storageClassName === name);
    case 'CSINode': return [...attached(({ spec }) => spec.nodeName === name), ...waiting(({ metadata }) => [undefined, name].includes(metadata.annotations?.[SELECTED_NODE]))];
    default: return [];
  }
}

export const allItems = (caches: Caches) => [
  ...caches.claims.list().map(claimItem), ...caches.volumes.list().map(({ metadata }) => volumeItem(metadata.name)), ...caches.attachments.list().map(attachmentItem),
];

function claimOf({ spec }: Volume): string[] {
  return spec.claimRef?.name === undefined ? [] : [`claim|${spec.claimRef.namespace}/${spec.claimRef.name}`];
}
