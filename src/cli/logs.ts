import { existsSync } from 'node:fs';
import { UserError, type Command } from './command.ts';
import { installationOf } from './installation.ts';
import { inTerminal } from './spawn.ts';
import { logFile, programs, supervisor } from './supervisor/programs.ts';

export const command: Command = {
  usage: '[control-plane|host-agent|supervisor] [-f] [-n LINES]',
  summary: 'what the programs say',
  options: { follow: { type: 'boolean', short: 'f' }, lines: { type: 'string', short: 'n', default: '50' } },
  async run({ name, values, positionals }) {
    const installation = await installationOf(name);
    const all = [...programs, supervisor].map((program) => program.name);
    const chosen = positionals.length ? positionals : all;
    const files = chosen.map((word) => {
      const program = all.find((one) => one === word);
      if (!program) throw new UserError(`there is no program \`${word}\`: ${all.join(', ')}`);
      return logFile(installation, program);
    });
    const there = values.follow ? files : files.filter((file) => existsSync(file));
    if (there.length === 0) throw new UserError('no logs yet: gantry up');
    return inTerminal(['tail', '-n', String(values.lines), ...(values.follow ? ['-F'] : []), ...there]);
  },
};
