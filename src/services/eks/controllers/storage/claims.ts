import { AwsError } from '../../../../control/error.ts';
import { isConflict } from '../../../../kube/errors.ts';
import { tell } from '../load-balancing/events.ts';
import { patch } from './attachments.ts';
import { failureOf } from './failures.ts';
import { PlanError, persistentVolume, planVolume, volumeName } from './plan.ts';
import type { VolumePlan } from './plan.ts';
import { bytesOf, gibOf } from './quantity.ts';
import { DRIVER, IN_TREE, claims, volumes } from './resources.ts';
import type { Claim, StorageClass } from './resources.ts';
import type { Sight } from './sight.ts';

/** The external provisioner's part, and the external resizer's: a claim of one of our classes gets its volume. */

const RETRY_MS = 2000;
const LOOK_MS = 300;
const PROVISIONERS = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner'];
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Classes of the volume plugin that Kubernetes once had itself are the driver's: the controller manager says so in the claim. */
const PROVISIONED = [DRIVER, IN_TREE];
const ZONE = 'topology.kubernetes.io/zone';

type Again = { againInMs: number } | undefined;

export async function settleClaim(sight: Sight, namespace: string, name: string): Promise<Again> {
  const claim = sight.caches.claims.get(name, namespace);
  const storageClass = sight.caches.storageClasses.get(claim?.spec.storageClassName ?? '');
  if (!claim || claim.metadata.deletionTimestamp || !storageClass || !PROVISIONED.includes(storageClass.provisioner)) return undefined;
  if (claim.spec.volumeName) return grow(sight, claim, storageClass);
  // Set by the controller manager once the claim is to be provisioned.
  if (!PROVISIONERS.some((key) => claim.metadata.annotations?.[key] === DRIVER) || sight.caches.volumes.get(volumeName(claim))) return undefined;
  return provision(sight, claim, storageClass);
}

async function provision(sight: Sight, claim: Claim, storageClass: StorageClass): Promise<Again> {
  const zone = zoneFor(sight, claim, storageClass);
  if (zone === undefined) return undefined;
  try {
    if (zone === null) throw new PlanError('error generating accessibility requirements: no available topology found');
    const plan = planVolume(sight.cluster.name, claim, storageClass, zone);
    await createVolume(sight, plan, claim, storageClass);
    return undefined;
  } catch (error) {
    const words = error instanceof PlanError ? error.message : `rpc error: code = Internal desc = Could not create volume "${volumeName(claim)}": ${failureOf(error)}`;
    await warn(sight, claim, 'ProvisioningFailed', `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${words}`);
    // The scheduler is to look for a node where EC2 has room for the volume.
    if (isOutOfRoom(error) && storageClass.volumeBindingMode === 'WaitForFirstConsumer') {
      const { resourceVersion } = claim.metadata;
      await patch(sight, claims, claim, { metadata: { resourceVersion, annotations: { [SELECTED_NODE]: null } } });
      return undefined;
    }
    if (!(error instanceof PlanError)) throw error;
    return zone === null ? { againInMs: RETRY_MS } : undefined;
  }
}

async function createVolume(sight: Sight, plan: VolumePlan, claim: Claim, storageClass: StorageClass): Promise<void> {
  // One that was made just before this program died has the claim's name already.
  const { id } = (await sight.ebs.byName(plan.name)) ?? (await sight.ebs.create(plan.input));
  await sight.client.create(volumes, persistentVolume(plan, claim, storageClass, id)).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
  await tell(sight.env, sight.client, claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${plan.name}`, DRIVER);
}

/** Undefined while the pod's node is not chosen; null where no node that has the driver is known. */
export function zoneFor({ caches }: Pick<Sight, 'caches'>, claim: Claim, storageClass: StorageClass): string | null | undefined {
  const withDriver = new Set(caches.csiNodes.list().filter(({ spec }) => spec.drivers?.some(({ name }) => name === DRIVER)).map(({ metadata }) => metadata.name));
  if (storageClass.volumeBindingMode === 'WaitForFirstConsumer') {
    const node = claim.metadata.annotations?.[SELECTED_NODE];
    if (node === undefined) return undefined;
    return (withDriver.has(node) && caches.nodes.get(node)?.metadata.labels?.[ZONE]) || null;
  }
  const allowed = storageClass.allowedTopologies?.flatMap(({ matchLabelExpressions = [] }) => matchLabelExpressions.filter(({ key }) => key.endsWith('/zone')).flatMap(({ values }) => values)) ?? [];
  const zones = caches.nodes.list().filter(({ metadata }) => withDriver.has(metadata.name)).map(({ metadata }) => metadata.labels?.[ZONE] ?? '');
  return zones.filter((zone) => zone && (!allowed.length || allowed.includes(zone))).sort()[0] ?? null;
}

/** First the volume, then what Kubernetes knows of it; the kubelet grows the file system. */
async function grow(sight: Sight, claim: Claim, storageClass: StorageClass): Promise<Again> {
  const wanted = claim.spec.resources?.requests?.storage ?? '';
  const volume = sight.caches.volumes.get(claim.spec.volumeName ?? '');
  const capacity = volume?.spec.capacity?.storage ?? '';
  if (!volume?.spec.csi || !storageClass.allowVolumeExpansion || claim.status?.phase !== 'Bound' || !(bytesOf(wanted) > bytesOf(capacity))) return undefined;
  const sizeGiB = gibOf(wanted);
  try {
    const standing = await sight.ebs.byId(volume.spec.csi.volumeHandle);
    if (standing && standing.sizeGiB < sizeGiB) {
      await sight.ebs.grow(standing.id, sizeGiB);
      return { againInMs: LOOK_MS };
    }
  } catch (error) {
    await warn(sight, claim, 'VolumeResizeFailed', `resize volume "${volume.metadata.name}" by resizer "${DRIVER}" failed: ${failureOf(error)}`);
    throw error;
  }
  const storage = `${sizeGiB}Gi`;
  const { resourceVersion } = claim.metadata;
  await patch(sight, claims, claim, {
    metadata: { resourceVersion },
    status: {
      allocatedResources: { storage }, allocatedResourceStatuses: { storage: 'NodeResizePending' },
      conditions: [{ type: 'FileSystemResizePending', status: 'True', lastTransitionTime: sight.now(), message: 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.' }],
    },
  }, 'status');
  await patch(sight, volumes, volume, { spec: { capacity: { storage } } });
  return undefined;
}

async function warn(sight: Sight, claim: Claim, reason: string, message: string): Promise<void> {
  await tell(sight.env, sight.client, claim, 'Warning', reason, message, DRIVER);
}

const isOutOfRoom = (error: unknown) => error instanceof AwsError && error.code === 'InsufficientVolumeCapacity';
