import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Part } from './user-data.ts';

/** cloud-init's place. */
const cloud = '/var/lib/cloud';

/** Runs what is to run at this boot. A script that fails is told of on the console and stops nothing, as with cloud-init. */
export async function runScripts(instanceId: string, parts: readonly Part[]): Promise<void> {
  const folder = join(cloud, 'instances', instanceId);
  await mkdir(join(folder, 'scripts'), { recursive: true });
  for (const [index, part] of parts.entries()) {
    const name = `part-${String(index + 1).padStart(3, '0')}`;
    if (part.type === 'text/cloud-boothook') await runScript(join(folder, 'scripts', name), part.content);
    else if (part.type !== 'text/x-shellscript' && part.type !== 'application/node.eks.aws') console.log(`user data: ${name} is of type ${part.type}, which is not acted on`);
  }
  if (!(await claim(join(folder, 'sem'), 'config_scripts_user'))) return;
  for (const [index, part] of parts.entries()) {
    if (part.type === 'text/x-shellscript') await runScript(join(folder, 'scripts', `part-${String(index + 1).padStart(3, '0')}`), part.content);
  }
}

/** True for the first caller in the instance's life; taken before the scripts run, so that none ever runs twice. */
async function claim(dir: string, name: string): Promise<boolean> {
  await mkdir(dir, { recursive: true });
  return writeFile(join(dir, name), '', { flag: 'wx' }).then(() => true, () => false);
}

/** Its output goes where this program's goes: to the console and to /var/log/cloud-init-output.log (the runit service `console`). */
async function runScript(path: string, content: Buffer): Promise<void> {
  await writeFile(path, content, { mode: 0o700 });
  // A boothook has no interpreter line of its own.
  const argv = content.subarray(0, 2).toString() === '#!' ? [path] : ['/bin/sh', path];
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'inherit', 'inherit'], cwd: '/' });
  // `exit`, not `close`: what a script leaves running in the background is not waited for.
  const why = await Promise.race([
    once(child, 'exit').then(([code, signal]) => (code === 0 ? undefined : `ended with ${String(signal ?? code)}`)),
    once(child, 'error').then(([error]) => `did not start: ${String(error)}`),
  ]);
  if (why) console.log(`user data: ${path} ${why}`);
}
