import type { Command } from './command.ts';
import { awsEnvironment } from './env.ts';
import { installationOf } from './installation.ts';
import { inTerminal } from './spawn.ts';

export const command: Command = {
  usage: '…',
  summary: 'your own `aws` with the right endpoint and credentials',
  raw: true,
  run: async ({ name, positionals }) => inTerminal(['aws', ...positionals], await awsEnvironment(await installationOf(name))),
};
