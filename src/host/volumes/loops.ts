import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CommandError, run } from '../../engines/command.ts';

/** Loop devices: by the file that each stands on. All of the machine's are seen; only those on our files are touched. */
export async function loops(): Promise<Map<string, string>> {
  const { stdout } = await run(['losetup', '--list', '--json', '--output', 'NAME,BACK-FILE']);
  const { loopdevices } = JSON.parse(stdout || '{"loopdevices":[]}') as { loopdevices: { name: string; 'back-file': string }[] };
  return new Map(loopdevices.map((loop) => [loop['back-file'], loop.name]));
}

/** The device number, as `stat` has it (gnu_dev_makedev). */
export async function deviceNumber(loop: string): Promise<{ major: number; minor: number; rdev: number }> {
  const [major = 0, minor = 0] = (await readFile(`/sys/block/${basename(loop)}/dev`, 'utf8')).trim().split(':').map(Number);
  return { major, minor, rdev: (major << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12) };
}

/** Puts the file on a free loop device. Where /dev is not kept by the kernel, the device's node is made first. */
export async function addLoop(file: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const loop = (await run(['losetup', '--find'])).stdout.trim();
    const { major, minor } = await deviceNumber(loop);
    if (!(await stat(loop).catch(() => null))) await run(['mknod', '-m', '600', loop, 'b', String(major), String(minor)]);
    try {
      await run(['losetup', loop, file]);
      return loop;
    } catch (error) {
      // Somebody else took it meanwhile.
      if (!(error instanceof CommandError) || tries === 10) throw error;
    }
  }
}

/** The kernel lets go of it once nobody has it open: it may stay in `loops()` for a while. */
export const removeLoop = (loop: string) => run(['losetup', '--detach', loop]);

/** Tells a device that its file has grown. */
export const growLoop = (loop: string) => run(['losetup', '--set-capacity', loop]);

/** Mounted somewhere, in whichever namespace: an exclusive open (open(2), O_EXCL on a block device) fails. */
export async function isBusy(loop: string): Promise<boolean> {
  try {
    await (await open(loop, constants.O_RDWR | constants.O_EXCL)).close();
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return true;
    throw error;
  }
}
