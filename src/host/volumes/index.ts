/**
 * EBS volumes and snapshots of one machine. A volume is a sparse file; attached it stands on a loop device, whose node is put into the
 * instance's /dev, also after each start of the instance. A volume that is mounted is not taken from its instance: it stays, told
 * as busy, until it is unmounted or the instance has gone. Devices and files outlive the agent and are found again.
 *
 * A snapshot is a copy, which takes its time: what is written to the volume meanwhile may be in it or not.
 * Not here: encryption, limits of IOPS and throughput, several attachments of one volume, volumes that move to another host.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredVolume, ObservedVolume } from '../../wire/host.ts';
import { folderOf } from '../instances/folder.ts';
import { initPid } from '../instances/init.ts';
import { keepItems } from '../instances/items.ts';
import { readJson, writeJson } from '../kept-file.ts';
import type { Desired, MakePart, Teardown } from '../part.ts';
import { attachmentIn, growImage, imageIn, imagesIn, makeImage, removeImage, sizeInGiB, snapshotsDir, volumesDir } from './files.ts';
import { addLoop, growLoop, isBusy, loops, removeLoop } from './loops.ts';
import { putNodes, removeNodes } from './nodes.ts';

type Attachment = NonNullable<DesiredVolume['attachment']>;

/** How often a busy device, or a snapshot that is not there yet, is looked at again. */
const againMs = 500;

export const makeVolumesPart: MakePart = (host) => {
  const [volumes, snapshots] = [volumesDir(host.stateDir), snapshotsDir(host.stateDir)];
  let desired: Desired | undefined;

  const pidOf = (instanceId: string) => initPid({
    installationName: host.installation.name, id: instanceId, folder: folderOf(join(host.stateDir, 'instances'), instanceId), runcRoot: join(host.runDir, 'runc'),
  });

  const report = (id: string, value: ObservedVolume | null) => host.report('volume', id, value);

  /** Takes it from whatever it was attached to; false while it is mounted there. */
  async function detach(id: string, was: Attachment): Promise<boolean> {
    const file = imageIn(volumes, id);
    const loop = (await loops()).get(file);
    if (loop) {
      if (await isBusy(loop)) return false;
      const pid = await pidOf(was.instanceId);
      if (pid !== undefined) await removeNodes(pid, id, was.device, loop);
      await removeLoop(loop);
      // Opened in the meantime.
      if ((await loops()).has(file)) return false;
    }
    await writeJson(attachmentIn(volumes, id), null);
    return true;
  }

  async function attach(id: string, wish: Attachment): Promise<void> {
    const file = imageIn(volumes, id);
    await writeJson(attachmentIn(volumes, id), wish);
    const loop = (await loops()).get(file) ?? (await addLoop(file));
    const pid = await pidOf(wish.instanceId);
    if (pid !== undefined) await putNodes(pid, id, wish.device, loop);
  }

  async function ensureFile(id: string, { sizeGiB, snapshotId }: DesiredVolume): Promise<void> {
    const file = imageIn(volumes, id);
    const standing = await sizeInGiB(file);
    if (standing === undefined) {
      report(id, { state: 'creating', sizeGiB });
      return makeImage(file, sizeGiB, snapshotId && imageIn(snapshots, snapshotId));
    }
    if (standing >= sizeGiB) return;
    await growImage(file, sizeGiB);
    const loop = (await loops()).get(file);
    if (loop) await growLoop(loop);
  }

  async function keepVolume(id: string): Promise<{ againInMs: number } | void> {
    const wish = desired?.volume.get(id);
    const was = await readJson<Attachment | null>(attachmentIn(volumes, id));
    const same = was && wish?.attachment && was.instanceId === wish.attachment.instanceId && was.device === wish.attachment.device;
    if (was && !same && !(await detach(id, was))) {
      report(id, { state: 'attached', sizeGiB: (await sizeInGiB(imageIn(volumes, id))) ?? 0, attachedTo: was, busy: true });
      return { againInMs: againMs };
    }
    if (!wish) {
      await removeImage(volumes, id);
      return report(id, null);
    }
    const { sizeGiB, snapshotId, attachment } = wish;
    if (snapshotId && (await sizeInGiB(imageIn(volumes, id))) === undefined && (await sizeInGiB(imageIn(snapshots, snapshotId))) === undefined) {
      const coming = desired?.snapshot.has(snapshotId) ?? false;
      report(id, coming ? { state: 'creating', sizeGiB } : { state: 'error', sizeGiB, reason: `the snapshot ${snapshotId} is not on this host` });
      return { againInMs: againMs };
    }
    await ensureFile(id, wish);
    if (attachment) await attach(id, attachment);
    report(id, { state: attachment ? 'attached' : 'available', sizeGiB, ...(attachment && { attachedTo: attachment }) });
  }

  async function keepSnapshot(id: string): Promise<{ againInMs: number } | void> {
    const wish = desired?.snapshot.get(id);
    const file = imageIn(snapshots, id);
    if (!wish) {
      if (await isBeingCopied(id)) return { againInMs: againMs };
      await removeImage(snapshots, id);
      return host.report('snapshot', id, null);
    }
    if ((await sizeInGiB(file)) === undefined) {
      const volume = imageIn(volumes, wish.volumeId);
      if ((await sizeInGiB(volume)) === undefined) {
        host.report('snapshot', id, { state: 'error', reason: `the volume ${wish.volumeId} is not on this host` });
        return { againInMs: againMs };
      }
      host.report('snapshot', id, { state: 'pending' });
      await makeImage(file, undefined, volume);
    }
    host.report('snapshot', id, { state: 'completed' });
  }

  async function isBeingCopied(snapshotId: string): Promise<boolean> {
    for (const [id, volume] of desired?.volume ?? []) {
      if (volume.snapshotId === snapshotId && (await sizeInGiB(imageIn(volumes, id))) === undefined) return true;
    }
    return false;
  }

  /** Before anything is done: what is there, so that the control plane never takes silence for absence. */
  async function reportKnown(): Promise<void> {
    for (const id of await imagesIn(volumes)) {
      const [sizeGiB, was] = await Promise.all([sizeInGiB(imageIn(volumes, id)), readJson<Attachment | null>(attachmentIn(volumes, id))]);
      report(id, { state: sizeGiB === undefined ? 'creating' : was ? 'attached' : 'available', sizeGiB: sizeGiB ?? 0, ...(was && { attachedTo: was }) });
    }
    for (const id of await imagesIn(snapshots)) host.report('snapshot', id, { state: (await sizeInGiB(imageIn(snapshots, id))) === undefined ? 'pending' : 'completed' });
  }

  const items = keepItems(
    (id) => (id.startsWith('snap-') ? keepSnapshot(id) : keepVolume(id)),
    (id, error) => {
      host.log('volume failed, will try again', { id, error: String(error) });
      const wish = desired?.volume.get(id);
      if (wish) report(id, { state: 'error', sizeGiB: wish.sizeGiB, reason: error instanceof Error ? error.message : String(error) });
    },
  );

  return {
    name: 'volumes',
    async reconcile(wished) {
      if (!desired) await reportKnown();
      desired = wished;
      const standing = [...(await imagesIn(volumes)), ...(await imagesIn(snapshots))];
      for (const id of new Set([...wished.volume.keys(), ...wished.snapshot.keys(), ...standing, ...items.busy()])) items.kick(id);
    },
  };
};

/** The files stay in the agent's folder. */
export const teardownVolumes: Teardown = async ({ stateDir }) => {
  const dir = volumesDir(join(stateDir, 'host'));
  if (!(await readdir(dir).catch(() => undefined))) return;
  for (const [file, loop] of await loops()) if (file.startsWith(`${dir}/`)) await removeLoop(loop);
};
