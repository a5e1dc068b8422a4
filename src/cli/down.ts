import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { powerOff, teardown } from '../host/teardown.ts';
import { runDirOf, runRoot, stateDirOf } from '../wire/paths.ts';
import { forgetChoice } from './choices.ts';
import { needRoot, type Command } from './command.ts';
import { readInstallation } from './installation.ts';
import { removeProfile } from './profile.ts';
import { alone, stopPrograms } from './supervisor/lifecycle.ts';
import { steps } from './terminal.ts';

export const command: Command = {
  usage: '[--purge]',
  summary: 'stops the installation and all that runs in it, as a machine is switched off; --purge forgets everything it kept',
  options: { purge: { type: 'boolean' } },
  async run({ name, values }) {
    needRoot();
    const installation = (await readInstallation(name)) ?? { name, stateDir: stateDirOf(name) };
    const show = steps();
    await alone(name, async () => {
      await show.run('programs', () => stopPrograms(installation));
      await show.run('instances, balancers, networks', () => (values.purge ? teardown : powerOff)(installation));
      await refuseMounts(installation.stateDir, runDirOf(name));
      await rm(runDirOf(name), { recursive: true, force: true });
      if (!values.purge) return;
      await removeProfile(name);
      await rm(installation.stateDir, { recursive: true, force: true });
      await forgetChoice(installation.stateDir);
    });
    if (values.purge) await rm(join(runRoot(), `.${name}.lock`), { force: true });
    console.log(values.purge ? `Gantry \`${name}\` is gone.` : `Gantry \`${name}\` is down; gantry up starts it again with all that it kept.`);
  },
};

/** What is mounted below a folder may be the user's own files: nothing is deleted through a mount. */
async function refuseMounts(...folders: string[]): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  const left = mounts.filter((mount) => folders.some((folder) => mount === folder || mount.startsWith(`${folder}/`)));
  if (left.length > 0) throw new Error(`still mounted, so nothing was deleted: ${left.join(', ')}`);
}
