import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EC2 } from '@aws-sdk/client-ec2';
import { run } from '../engines/command.ts';
import { binDir } from '../engines/index.ts';
import type { DesiredChange } from '../wire/host.ts';
import type { Installation } from '../wire/installation.ts';
import { runDirOf } from '../wire/paths.ts';
import { needRoot, UserError, type Command } from './command.ts';
import { endpointOf, installationOf, readAdminKey } from './installation.ts';

/** Failures on purpose, as sudden as real ones: what is killed is killed with -9 and nobody is told. */
export const command: Command = {
  usage: 'kill-zone --cluster CLUSTER --zone ZONE | kill-instance ID | kill-process ID PROGRAM',
  summary: 'breaks something, to see it heal: a zone of an EKS control plane, an instance, a program in one',
  options: { cluster: { type: 'string' }, zone: { type: 'string' } },
  async run({ name, values, positionals: [verb, id, program] }) {
    needRoot();
    const installation = await installationOf(name);
    if (verb === 'kill-zone' && typeof values.cluster === 'string' && typeof values.zone === 'string') {
      const members = await controlPlaneIn(installation, values.cluster, values.zone);
      if (!members.length) throw new UserError(`nothing of the control plane of ${values.cluster} is in zone ${values.zone}`);
      for (const member of members) await killInstance(installation, member);
      return console.log(`killed in zone ${values.zone}: ${members.join(' ')}`);
    }
    if (verb === 'kill-instance' && id) return killInstance(installation, id);
    if (verb === 'kill-process' && id && program) return killProcess(installation, id, program);
    throw new UserError(`Usage: gantry drill ${command.usage}`);
  },
};

/** Members are hidden, but their interfaces are in the customer's subnets, as AWS shows them; this host knows who holds each. */
async function controlPlaneIn(installation: Installation, cluster: string, zone: string): Promise<string[]> {
  const ec2 = new EC2({ endpoint: endpointOf(installation), region: installation.region, credentials: await readAdminKey(installation) });
  const zones = installation.zones.filter((one) => one === zone || one.endsWith(zone));
  const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({
    Filters: [{ Name: 'description', Values: [`Amazon EKS ${cluster}`] }, { Name: 'availability-zone', Values: zones }],
  });
  const ids = new Set(NetworkInterfaces.map((one) => one.NetworkInterfaceId));
  const wished = JSON.parse(await readFile(join(installation.stateDir, 'host/desired.json'), 'utf8')) as DesiredChange[];
  const owners = wished.flatMap((one) => (one.kind === 'interface' && ids.has(one.id) ? one.value?.attachment?.owner ?? [] : []));
  return owners.filter((owner) => owner.startsWith('i-'));
}

const runc = async (installation: Installation) => [join(await binDir('runc'), 'runc'), '--root', join(runDirOf(installation.name), 'runc')];

async function killInstance(installation: Installation, id: string): Promise<void> {
  await run([...(await runc(installation)), 'kill', id, 'KILL']);
}

async function killProcess(installation: Installation, id: string, program: string): Promise<void> {
  await run([...(await runc(installation)), 'exec', id, 'pkill', '-KILL', '-f', `^([^ ]*/)?${program}( |$)`]);
}
