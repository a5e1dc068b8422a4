import { tell } from '../load-balancing/events.ts';
import { removeFinalizer } from './attachments.ts';
import { failureOf } from './failures.ts';
import { ATTACHER_FINALIZER, DRIVER, PROVISIONER_FINALIZER, volumes } from './resources.ts';
import type { Volume } from './resources.ts';
import type { Sight } from './sight.ts';

const LOOK_MS = 300;

/** What becomes of a volume whose claim is gone is for its reclaim policy to say. Deleted it is once nothing has it attached. */
export async function settleVolume(sight: Sight, name: string): Promise<{ againInMs: number } | undefined> {
  const volume = sight.caches.volumes.get(name);
  if (volume?.spec.csi?.driver !== DRIVER) return undefined;
  const isAttached = sight.caches.attachments.list().some(({ spec }) => spec.source.persistentVolumeName === name);
  const leaving = volume.metadata.deletionTimestamp !== undefined;
  if (isAttached) return undefined;
  const step = stepOf(volume);
  if (step === 'delete' && !(await deleteVolume(sight, volume))) return { againInMs: LOOK_MS };
  if (step === 'delete' && !leaving) {
    await sight.client.delete(volumes, volume.metadata, volume.metadata.uid ? { uid: volume.metadata.uid } : {});
    return undefined;
  }
  // One at a time: each is told of by an event.
  if (leaving && volume.metadata.finalizers?.includes(ATTACHER_FINALIZER)) await removeFinalizer(sight, volumes, volume, ATTACHER_FINALIZER);
  else if (leaving && step !== 'keep') await removeFinalizer(sight, volumes, volume, PROVISIONER_FINALIZER);
  return undefined;
}

/** `keep`: it is in use, or not ours to delete. `release`: only the object goes. */
export function stepOf({ metadata, spec, status }: Volume): 'keep' | 'delete' | 'release' {
  const isOurs = metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === DRIVER;
  const isFree = status?.phase === 'Released' || status?.phase === 'Failed' || (metadata.deletionTimestamp !== undefined && status?.phase !== 'Bound');
  if (!isFree) return 'keep';
  if (isOurs && spec.persistentVolumeReclaimPolicy === 'Delete') return 'delete';
  return metadata.deletionTimestamp === undefined ? 'keep' : 'release';
}

/** True once EC2 has it no more. */
async function deleteVolume(sight: Sight, volume: Volume): Promise<boolean> {
  const found = await sight.ebs.byId(volume.spec.csi?.volumeHandle ?? '');
  if (!found) return true;
  if (found.attachment) return false;
  try {
    await sight.ebs.delete(found.id);
  } catch (error) {
    await tell(sight.env, sight.client, volume, 'Warning', 'VolumeFailedDelete', `rpc error: code = Internal desc = Could not delete volume ID "${found.id}": ${failureOf(error)}`, DRIVER);
    throw error;
  }
  return false;
}
