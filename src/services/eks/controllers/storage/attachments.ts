import { isConflict, isNotFound } from '../../../../kube/errors.ts';
import type { Resource } from '../../../../kube/resources.ts';
import type { KubeObject } from '../../../../kube/types.ts';
import { failureOf } from './failures.ts';
import { ATTACHER_FINALIZER, DRIVER, attachments, volumes } from './resources.ts';
import type { VolumeAttachment } from './resources.ts';
import type { Sight } from './sight.ts';

/** The external attacher's part (https://github.com/kubernetes-csi/external-attacher): what Kubernetes wants attached is, in EC2. */

const LOOK_MS = 200;
const RETRY_MS = 2000;

type Again = { againInMs: number } | undefined;

export async function settleAttachment(sight: Sight, name: string): Promise<Again> {
  const attachment = sight.caches.attachments.get(name);
  if (attachment?.spec.attacher !== DRIVER) return undefined;
  return attachment.metadata.deletionTimestamp ? detach(sight, attachment) : attach(sight, attachment);
}

async function attach(sight: Sight, attachment: VolumeAttachment): Promise<Again> {
  if (attachment.status?.attached) return undefined;
  const { nodeName, source } = attachment.spec;
  const volume = sight.caches.volumes.get(source.persistentVolumeName ?? '');
  const instanceId = nodeIdOf(sight, nodeName);
  if (!volume?.spec.csi) return refuse(sight, attachment, `persistentvolume "${source.persistentVolumeName}" not found`);
  if (instanceId === undefined) return refuse(sight, attachment, `CSINode ${nodeName} does not contain driver ${DRIVER}`);
  // A detachment must not lose sight of which volume it was, on which instance.
  await addFinalizer(sight, volumes, volume);
  await addFinalizer(sight, attachments, attachment, { [NODE_ID]: instanceId });
  try {
    const found = await sight.ebs.byId(volume.spec.csi.volumeHandle);
    if (!found) return await refuse(sight, attachment, `rpc error: code = NotFound desc = Volume ${volume.spec.csi.volumeHandle} not found`);
    const standing = found.attachment;
    if (standing && standing.instanceId !== instanceId) return await refuse(sight, attachment, `rpc error: code = FailedPrecondition desc = Volume ${found.id} is attached to ${standing.instanceId}`);
    if (standing?.state === 'attached') {
      await patch(sight, attachments, attachment, { status: { attached: true, attachmentMetadata: { devicePath: standing.device }, attachError: null } }, 'status');
      return undefined;
    }
    if (!standing && found.state === 'available') await sight.ebs.attach(found.id, instanceId);
    return { againInMs: LOOK_MS };
  } catch (error) {
    return refuse(sight, attachment, `rpc error: code = Internal desc = Could not attach volume "${volume.spec.csi.volumeHandle}" to node "${instanceId}": ${failureOf(error)}`);
  }
}

async function detach(sight: Sight, attachment: VolumeAttachment): Promise<Again> {
  if (!attachment.metadata.finalizers?.includes(ATTACHER_FINALIZER)) return undefined;
  const volumeId = sight.caches.volumes.get(attachment.spec.source.persistentVolumeName ?? '')?.spec.csi?.volumeHandle;
  const instanceId = attachment.metadata.annotations?.[NODE_ID] ?? nodeIdOf(sight, attachment.spec.nodeName);
  const standing = volumeId === undefined ? undefined : (await sight.ebs.byId(volumeId))?.attachment;
  if (volumeId !== undefined && standing && standing.instanceId === instanceId) {
    if (standing.state !== 'detaching') {
      await sight.ebs.detach(volumeId, instanceId).catch(async (error: unknown) => {
        await patch(sight, attachments, attachment, { status: { attached: true, detachError: { time: sight.now(), message: failureOf(error) } } }, 'status');
        throw error;
      });
    }
    return { againInMs: LOOK_MS };
  }
  await removeFinalizer(sight, attachments, attachment, ATTACHER_FINALIZER);
  return undefined;
}

const NODE_ID = 'csi.alpha.kubernetes.io/node-id';

const nodeIdOf = ({ caches }: Sight, nodeName: string) => caches.csiNodes.get(nodeName)?.spec.drivers?.find(({ name }) => name === DRIVER)?.nodeID;

async function refuse(sight: Sight, attachment: VolumeAttachment, message: string): Promise<Again> {
  if (attachment.status?.attachError?.message !== message) await patch(sight, attachments, attachment, { status: { attached: false, attachError: { time: sight.now(), message } } }, 'status');
  return { againInMs: RETRY_MS };
}

async function addFinalizer(sight: Sight, resource: Resource, { metadata }: KubeObject, annotations: Record<string, string> = {}): Promise<void> {
  if (metadata.finalizers?.includes(ATTACHER_FINALIZER)) return;
  await sight.client.patch(resource, metadata, { metadata: { resourceVersion: metadata.resourceVersion, annotations, finalizers: [...(metadata.finalizers ?? []), ATTACHER_FINALIZER] } });
}

export async function removeFinalizer(sight: Sight, resource: Resource, object: KubeObject, finalizer: string): Promise<void> {
  const { resourceVersion, finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) await patch(sight, resource, object, { metadata: { resourceVersion, finalizers: finalizers.filter((one) => one !== finalizer) } });
}

/** What changed or went meanwhile wakes its item again. */
export async function patch(sight: Sight, resource: Resource, { metadata }: KubeObject, change: object, subresource?: 'status'): Promise<void> {
  await sight.client.patch(resource, metadata, change, subresource).catch((error: unknown) => {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  });
}
