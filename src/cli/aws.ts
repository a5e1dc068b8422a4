import type { Command } from './command.ts';
import { awsEnvironment } from './env.ts';
import { endpointOf, installationOf } from './installation.ts';
import { inTerminal } from './spawn.ts';

export const command: Command = {
  usage: '…',
  summary: 'your own `aws` with the right endpoint and credentials',
  raw: true,
  async run({ name, positionals }) {
    const installation = await installationOf(name);
    // Said to the CLI too: Debian 12's (2.9) does not know AWS_ENDPOINT_URL.
    return inTerminal(['aws', '--endpoint-url', endpointOf(installation), ...positionals], await awsEnvironment(installation));
  },
};
