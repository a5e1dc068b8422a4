import { goVersion, isOldGo, OLDEST_GO } from '../engines/go.ts';
import { engineNames, ensure, everydayEngines, list, type EngineName } from '../engines/index.ts';
import { UserError, type Command } from './command.ts';
import { ensurePackages } from './packages.ts';
import { steps, table } from './terminal.ts';

export const command: Command = {
  usage: '[list | build [NAME…] | where NAME]',
  summary: 'the borrowed programs; `build` builds those that every installation needs, or the named ones',
  async run({ positionals: [verb = 'list', ...words] }) {
    const names = words.length ? words.map(engineName) : everydayEngines;
    switch (verb) {
      case 'list': {
        const rows = (await list()).map(({ name, version, state, summary, binDir }) => [name, version, state, summary, state === 'missing' ? '' : binDir]);
        return console.log(table([['NAME', 'VERSION', 'STATE', 'FOR', 'WHERE'], ...rows]));
      }
      case 'build':
        return ensureEngines(names);
      case 'where': {
        const wanted = names.length === 1 && words.length === 1 ? names[0] : undefined;
        if (!wanted) throw new UserError('Usage: gantry engines where NAME');
        return console.log((await list()).find(({ name }) => name === wanted)?.binDir);
      }
      default:
        throw new UserError(`engines can list, build and say where: not \`${verb}\``);
    }
  },
};

function engineName(word: string): EngineName {
  const name = engineNames.find((one) => one === word);
  if (!name) throw new UserError(`there is no engine \`${word}\`: ${engineNames.join(', ')}`);
  return name;
}

/** Packages first: runc is compiled with Debian's libseccomp. */
export async function ensureEngines(names: readonly EngineName[] = everydayEngines): Promise<void> {
  const missing = (await list()).filter(({ name, state }) => names.includes(name) && state === 'missing');
  if (missing.length > 0) {
    const go = await goVersion();
    if (!go || isOldGo(go)) throw new UserError(`${go ? `Go ${go} is too old` : 'Go is missing'}: install Go ${OLDEST_GO} or later (https://go.dev/dl)`);
    console.error('Once, engines are built from source (and a machine image from Debian packages): this takes some minutes.');
  }
  const show = steps();
  await show.run('Debian packages', (progress) => ensurePackages(progress));
  for (const engine of (await list()).filter(({ name }) => names.includes(name))) {
    await show.run(`${engine.name} ${engine.version}`, (progress) => ensure(engine.name, progress));
  }
}
