import { existsSync } from 'node:fs';
import { mkdir, realpath, rmdir, stat, statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../engines/command.ts';
import { DRIVER } from './driver.ts';
import { formatAndMount, growFilesystem, mountAt, sizeOf, unmount } from './filesystem.ts';
import { RpcError } from './rpc.ts';
import type { Methods } from './rpc.ts';

/** Of csi.proto, what is read here. */
interface Capability {
  mount?: { fsType: string; mountFlags: string[] } | null;
}

interface StageRequest {
  volumeId: string;
  stagingTargetPath: string;
  volumeCapability: Capability | null;
  publishContext: Record<string, string>;
}

interface PublishRequest extends StageRequest {
  targetPath: string;
  readonly: boolean;
}

/** Nitro's 28 attachments, less the root disk, an interface and one more of each. */
const MOST_VOLUMES = 25;
const FILE_SYSTEMS = ['ext3', 'ext4'];
/** The attachment is there before the kubelet asks; its device follows at once. */
const DEVICE_MS = 20_000;

/** The CSI's Node service (https://github.com/container-storage-interface/spec/blob/master/spec.md#node-service-rpc); every call may come again. */
export function nodeService({ instanceId, zone }: { instanceId: string; zone: string }): Methods {
  return {
    nodeGetInfo: () => ({
      nodeId: instanceId, maxVolumesPerNode: MOST_VOLUMES,
      accessibleTopology: { segments: { [`topology.${DRIVER}/zone`]: zone, 'topology.kubernetes.io/zone': zone } },
    }),
    nodeGetCapabilities: () => ({
      capabilities: ['STAGE_UNSTAGE_VOLUME', 'EXPAND_VOLUME', 'GET_VOLUME_STATS', 'SINGLE_NODE_MULTI_WRITER'].map((type) => ({ rpc: { type } })),
    }),

    async nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability, publishContext }: StageRequest) {
      const wanted = volumeCapability?.mount;
      // The kubelet would put the device on a loop device, which instances have none of.
      if (!wanted) throw new RpcError('INVALID_ARGUMENT', 'NodeStageVolume: block volumes are not implemented by Gantry');
      const device = await deviceOf(volumeId, publishContext);
      const type = wanted.fsType || 'ext4';
      if (!FILE_SYSTEMS.includes(type)) throw new RpcError('INVALID_ARGUMENT', `NodeStageVolume: invalid fstype ${type}`);
      const mounted = await mountAt(stagingTargetPath);
      if (mounted?.device === (await numberOf(device))) return {};
      if (mounted) throw new RpcError('INTERNAL', `another device, ${mounted.device}, is mounted at ${stagingTargetPath}`);
      await mkdir(stagingTargetPath, { recursive: true });
      await formatAndMount(device, stagingTargetPath, type, wanted.mountFlags);
      return {};
    },

    async nodeUnstageVolume({ stagingTargetPath }: StageRequest) {
      await unmount(stagingTargetPath);
      return {};
    },

    async nodePublishVolume({ volumeId, stagingTargetPath, targetPath, readonly }: PublishRequest) {
      if (await mountAt(targetPath)) return {};
      if (!(await mountAt(stagingTargetPath))) throw new RpcError('FAILED_PRECONDITION', `${volumeId} is not staged at ${stagingTargetPath}`);
      await mkdir(targetPath, { recursive: true });
      await run(['mount', '--bind', stagingTargetPath, targetPath]);
      if (readonly) await run(['mount', '-o', 'remount,bind,ro', targetPath]);
      return {};
    },

    async nodeUnpublishVolume({ targetPath }: PublishRequest) {
      await unmount(targetPath);
      const left = await stat(targetPath).catch(() => undefined);
      // Never recursively: what is in it would be the user's.
      if (left) await rmdir(targetPath);
      return {};
    },

    async nodeGetVolumeStats({ volumePath }: { volumePath: string }) {
      if (!existsSync(volumePath)) throw new RpcError('NOT_FOUND', `path ${volumePath} does not exist`);
      const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(volumePath);
      return {
        usage: [
          { unit: 'BYTES', total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize },
          { unit: 'INODES', total: files, available: ffree, used: files - ffree },
        ],
      };
    },

    async nodeExpandVolume({ volumeId }: { volumeId: string }) {
      const device = await deviceOf(volumeId, {});
      // Without CAP_SYS_RESOURCE this fails for as long as the volume is mounted; it grows when a pod next gets it.
      await growFilesystem(device);
      return { capacityBytes: await sizeOf(device) };
    },
  };
}

/** As udev's rules on AWS's images name it, or as it was attached. */
async function deviceOf(volumeId: string, { devicePath }: Record<string, string>): Promise<string> {
  const places = [`/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace('-', '')}`, ...(devicePath ? [devicePath] : [])];
  for (const end = Date.now() + DEVICE_MS; ; ) {
    const found = places.find((path) => existsSync(path));
    if (found) return realpath(found);
    if (Date.now() > end) throw new RpcError('INTERNAL', `failed to find the device of ${volumeId}: none of ${places.join(', ')} exists`);
    await sleep(100);
  }
}

/** `<major>:<minor>`, as mountinfo has it. */
async function numberOf(device: string): Promise<string> {
  const { rdev } = await stat(device);
  // glibc's gnu_dev_major and gnu_dev_minor, for numbers below 2^12 and 2^20.
  return `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
}
