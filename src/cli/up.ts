import { ensureImage } from '../../images/index.ts';
import { needRoot, type Command } from './command.ts';
import { ensureEngines } from './engines.ts';
import { endpointOf, ensureInstallation, readAdminKey } from './installation.ts';
import { writeProfile } from './profile.ts';
import { running, supervisor } from './supervisor/programs.ts';
import { alone, startSupervisor, stopPrograms, waitReady } from './supervisor/lifecycle.ts';
import { duration, steps } from './terminal.ts';

export const command: Command = {
  usage: '',
  summary: 'starts the installation, making it at the first time; what runs already is left alone',
  async run({ name }) {
    needRoot();
    const started = Date.now();
    const installation = await up(name);
    const endpoint = endpointOf(installation);
    console.log(`Gantry \`${name}\` is up at ${endpoint} after ${duration(Date.now() - started)}: account ${installation.account}, region ${installation.region}.`);
    console.log(`  aws --profile ${name} sts get-caller-identity\n  eval "$(./gantry${name === 'gantry' ? '' : ` --name ${name}`} env)"`);
  },
};

/** Everything that the machine needs, then the programs; answers once they are ready. */
export async function up(name: string) {
  const show = steps();
  await ensureEngines();
  await show.run('machine image', ensureImage);
  const installation = await ensureInstallation(name);
  await show.run('Gantry', (progress) =>
    alone(name, async () => {
      const ours = !(await running(supervisor, installation));
      await startSupervisor(installation);
      try {
        await waitReady(installation, progress);
      } catch (error) {
        if (ours) await stopPrograms(installation);
        throw error;
      }
      if (!(await writeProfile(installation, await readAdminKey(installation)))) {
        console.error(`The AWS configuration has a profile \`${name}\` that is not Gantry's: left as it is.`);
      }
    }, () => progress({ what: 'waiting for another gantry up or down' })),
  );
  return installation;
}
