import { lstat, mkdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../../engines/command.ts';
import { deviceNumber } from './loops.ts';

/**
 * A volume in an instance's /dev, as on AWS's own images: the device under its asked name, that name as `xvd…`, and
 * `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol…`, by which drivers look for it.
 */
function names(volumeId: string, device: string): { device: string; links: Map<string, string> } {
  const name = device.replace(/^\/dev\//, '');
  const links = new Map([[`disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace('-', '')}`, `../../${name}`]]);
  if (/^sd[a-z]+$/.test(name)) links.set(name.replace(/^sd/, 'xvd'), name);
  return { device: name, links };
}

const inside = (pid: number, name: string) => `/proc/${pid}/root/dev/${name}`;

/** Succeeds on what stands. What the instance itself put in the way is replaced; a folder that it made a link is not followed. */
export async function putNodes(pid: number, volumeId: string, at: string, loop: string): Promise<void> {
  const { device, links } = names(volumeId, at);
  const path = inside(pid, device);
  const { major, minor, rdev } = await deviceNumber(loop);
  const found = await lstat(path).catch(() => null);
  if (!found?.isBlockDevice() || found.rdev !== rdev) {
    await rm(path, { force: true });
    await run(['mknod', '-m', '660', path, 'b', String(major), String(minor)]);
  }
  for (const [name, target] of links) {
    const link = inside(pid, name);
    if ((await readlink(link).catch(() => null)) === target) continue;
    for (const folder of foldersOf(name)) {
      if ((await lstat(inside(pid, folder)).catch(() => null))?.isSymbolicLink()) throw new Error(`/dev/${folder} of the instance is a link`);
      await mkdir(inside(pid, folder), { recursive: true, mode: 0o755 });
    }
    await rm(link, { force: true });
    await symlink(target, link);
  }
}

/** `disk`, `disk/by-id` */
function foldersOf(name: string): string[] {
  const parts = dirname(name).split('/').filter((part) => part !== '.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Takes away what leads to this device; another volume may have its name by now. */
export async function removeNodes(pid: number, volumeId: string, at: string, loop: string): Promise<void> {
  const { device, links } = names(volumeId, at);
  const { rdev } = await deviceNumber(loop);
  if ((await stat(inside(pid, device)).catch(() => null))?.rdev !== rdev) return;
  for (const name of [device, ...links.keys()]) await rm(inside(pid, name), { force: true });
}
