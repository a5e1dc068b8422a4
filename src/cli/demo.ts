import { join } from 'node:path';
import type { Command } from './command.ts';
import { needRoot, UserError } from './command.ts';
import { awsEnvironment } from './env.ts';
import { demoPackages, ensurePackages } from './packages.ts';
import { inTerminal } from './spawn.ts';
import { steps } from './terminal.ts';
import { up } from './up.ts';
import { root } from './version.ts';

export const command: Command = {
  usage: '',
  summary: 'starts Gantry and opens a web shop of eleven services on it; again, it takes seconds',
  async run({ name }) {
    needRoot();
    const installation = await up(name);
    await steps().run('Debian packages of the demo', (progress) => ensurePackages(progress, demoPackages));
    const code = await inTerminal([process.execPath, join(root, 'examples/shop/shop.ts')], await awsEnvironment(installation));
    const gantry = `./gantry${name === 'gantry' ? '' : ` --name ${name}`}`;
    if (code !== 0) throw new UserError(`the demo did not come to its end; \`${gantry} doctor\` says what this machine lacks, \`${gantry} logs\` what went wrong. Run again, it goes on from here.`);
    console.log([
      '', 'Three things worth typing next:',
      `  ${gantry} aws ecs update-service --cluster shop --service storefront --desired-count 4`,
      `  ${gantry} aws logs filter-log-events --log-group-name /shop --filter-pattern listens --query 'events[].message'`,
      `  ${gantry} aws ec2 terminate-instances --instance-ids $(${gantry} aws ec2 describe-instances --query 'Reservations[0].Instances[0].InstanceId' --output text)   # and watch it heal`,
      '', `What it did is in examples/shop; \`${gantry} down --purge\` takes all of it away.`,
    ].join('\n'));
    return 0;
  },
};
