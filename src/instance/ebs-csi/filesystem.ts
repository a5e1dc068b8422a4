import { readFile } from 'node:fs/promises';
import { CommandError, run } from '../../engines/command.ts';

/** A mount as /proc/self/mountinfo tells of it (proc_pid_mountinfo(5)). */
export interface Mount {
  path: string;
  /** `<major>:<minor>` */
  device: string;
}

/** Spaces and the like are written as `\040`. */
const plain = (path: string) => path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

export function mountsIn(mountinfo: string): Mount[] {
  return mountinfo.split('\n').filter(Boolean).map((line) => {
    const [, , device = '', , path = ''] = line.split(' ');
    return { path: plain(path), device };
  });
}

export async function mountAt(path: string): Promise<Mount | undefined> {
  return mountsIn(await readFile('/proc/self/mountinfo', 'utf8')).findLast((mount) => mount.path === path);
}

/** Done also where nothing is mounted. */
export async function unmount(path: string): Promise<void> {
  while (await mountAt(path)) await run(['umount', path]);
}

/** `ext4`; undefined for a device that holds nothing known. blkid(8): 2 says that it found nothing. */
async function contentOf(device: string): Promise<string | undefined> {
  try {
    return (await run(['blkid', '--probe', '--output', 'value', '--match-tag', 'TYPE', device])).stdout.trim() || undefined;
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === 2) return undefined;
    throw error;
  }
}

/** e2fsck(8): 1 says that errors were corrected. */
async function check(device: string, flags: string[]): Promise<void> {
  await run(['e2fsck', '-p', ...flags, device]).catch((error: unknown) => {
    if (!(error instanceof CommandError) || error.exitCode !== 1) throw error;
  });
}

/** Before it is mounted, because growing a mounted one asks for CAP_SYS_RESOURCE, which not every machine has to give. */
async function checkAndGrow(device: string): Promise<void> {
  await check(device, []);
  const { stdout } = await run(['dumpe2fs', '-h', device]);
  const of = (what: string) => Number(new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(stdout)?.[1]);
  const blockSize = of('Block size');
  if ((await sizeOf(device)) < (of('Block count') + 1) * blockSize) return;
  // resize2fs wants all of it checked first.
  await check(device, ['-f']);
  await growFilesystem(device);
}

/** In bytes. */
export const sizeOf = async (device: string) => Number((await run(['blockdev', '--getsize64', device])).stdout);

/** Only an empty device is formatted; another file system than the asked one is left alone, and mounting it fails. */
export async function formatAndMount(device: string, path: string, type: string, options: string[]): Promise<void> {
  const found = await contentOf(device);
  if (found === undefined) await run([`mkfs.${type}`, '-F', '-q', '-m0', device]);
  else if (found === type) await checkAndGrow(device);
  await run(['mount', '-t', type, ...(options.length ? ['-o', options.join(',')] : []), device, path]);
}

/** To the size of its device. */
export const growFilesystem = (device: string) => run(['resize2fs', device]);
