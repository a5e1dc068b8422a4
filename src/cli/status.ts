import { list } from '../engines/index.ts';
import type { Installation } from '../wire/installation.ts';
import { UserError, type Command } from './command.ts';
import { health } from './health.ts';
import { endpointOf, installationOf } from './installation.ts';
import { programs, running, supervisor, type Program } from './supervisor/programs.ts';
import { table } from './terminal.ts';
import { version } from './version.ts';

async function programStatus(program: Program, installation: Installation) {
  const record = await running(program, installation);
  if (!record) return { state: 'stopped' as const, pid: null };
  return { state: 'running' as const, pid: record.pid, startedAt: record.startedAt, restarts: record.restarts };
}

async function statusOf(installation: Installation) {
  const [controlPlane, hostAgent] = await Promise.all(programs.map((program) => programStatus(program, installation)));
  const answer = await health(installation);
  const { name, account, region, zones, domain, publicCidr, stateDir } = installation;
  return {
    name,
    endpoint: endpointOf(installation),
    ready: answer !== undefined && answer.hosts > 0 && hostAgent?.state === 'running',
    hosts: answer?.hosts ?? 0,
    controlPlane,
    hostAgent,
    supervisor: await programStatus(supervisor, installation),
    account,
    region,
    zones,
    domain,
    publicCidr,
    stateDir,
    engines: (await list()).map(({ name, version, state }) => ({ name, version, state })),
    versions: { gantry: version, node: process.versions.node },
  };
}

export const command: Command = {
  usage: '[--output json]',
  summary: 'what runs, and where',
  options: { output: { type: 'string', default: 'table' } },
  async run({ name, values }) {
    if (values.output !== 'json' && values.output !== 'table') throw new UserError('--output is json or table');
    const status = await statusOf(await installationOf(name));
    console.log(values.output === 'json' ? JSON.stringify(status, null, 2) : text(status));
  },
};

function text(status: Awaited<ReturnType<typeof statusOf>>): string {
  const program = (one: typeof status.controlPlane) =>
    one?.state === 'running' ? `running as ${one.pid} since ${one.startedAt}${one.restarts ? `, started again ${one.restarts} times` : ''}` : 'stopped';
  return table([
    ['installation', status.name],
    ['endpoint', status.endpoint],
    ['ready', status.ready ? 'yes' : 'no'],
    ['control plane', program(status.controlPlane)],
    ['host agent', program(status.hostAgent)],
    ['supervisor', program(status.supervisor)],
    ['account', status.account],
    ['region', `${status.region} (${status.zones.join(', ')})`],
    ['public addresses', status.publicCidr],
    ['state', status.stateDir],
    ['engines', status.engines.map(({ name, version, state }) => `${name} ${version}${state === 'missing' ? ' (missing)' : ''}`).join(', ')],
    ['versions', `gantry ${status.versions.gantry}, node ${status.versions.node}`],
  ]);
}
