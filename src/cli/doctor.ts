import { mkdir, readFile, rm, rmdir, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { run } from '../engines/command.ts';
import { cacheDir } from '../engines/cache.ts';
import { goVersion, isOldGo, OLDEST_GO } from '../engines/go.ts';
import { everydayEngines, list } from '../engines/index.ts';
import type { Command } from './command.ts';
import { packages, missingPackages } from './packages.ts';
import { table } from './terminal.ts';

interface Finding {
  what: string;
  /** `lacks` costs everything, `weak` a feature or speed. */
  state: 'good' | 'weak' | 'lacks';
  found: string;
  mend?: string;
}

export const command: Command = {
  usage: '',
  summary: 'what this machine lacks for Gantry, and how to mend it',
  async run() {
    const findings = (await Promise.all([root(), system(), packagesFound(), go(), enginesFound(), kernel(), cgroups(), firewall(), awsCli(), room()])).flat();
    const marks = { good: '✔', weak: '!', lacks: '✘' };
    console.log(table(findings.map(({ what, state, found }) => [marks[state], what, found])));
    for (const { what, mend } of findings) if (mend) console.log(`\n${what}: ${mend}`);
    return findings.some(({ state }) => state === 'lacks') ? 1 : 0;
  },
};

async function root(): Promise<Finding> {
  const user = process.getuid?.();
  return user === 0 ? { what: 'root', state: 'good', found: 'yes' } : { what: 'root', state: 'lacks', found: `user ${user}`, mend: 'run gantry as root' };
}

async function system(): Promise<Finding> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const found = /^PRETTY_NAME="?(.*?)"?$/m.exec(release)?.[1] ?? 'unknown';
  const debian = /^ID=debian$/m.test(release) && Number(/^VERSION_ID="?(\d+)/m.exec(release)?.[1] ?? 99) >= 12;
  return debian
    ? { what: 'system', state: 'good', found }
    : { what: 'system', state: 'weak', found, mend: 'Gantry is tried on Debian 12 and later; elsewhere install by hand what its packages hold' };
}

async function packagesFound(): Promise<Finding> {
  const missing = await missingPackages();
  if (missing.length === 0) return { what: 'packages', state: 'good', found: packages.map(({ name }) => name).join(' ') };
  const lines = missing.map(({ name, for: why }) => `\n  ${name}: ${why}`).join('');
  return { what: 'packages', state: 'lacks', found: `without ${missing.map(({ name }) => name).join(' ')}`, mend: `on Debian gantry up installs them by itself${lines}` };
}

async function go(): Promise<Finding> {
  const version = await goVersion();
  if (version && !isOldGo(version)) return { what: 'Go', state: 'good', found: version };
  return { what: 'Go', state: 'lacks', found: version ?? 'none', mend: `install Go ${OLDEST_GO} or later: https://go.dev/dl` };
}

async function enginesFound(): Promise<Finding> {
  const missing = (await list()).filter(({ name, state }) => everydayEngines.includes(name) && state === 'missing');
  if (missing.length === 0) return { what: 'engines', state: 'good', found: cacheDir('engines') };
  return { what: 'engines', state: 'weak', found: `not built: ${missing.map(({ name }) => name).join(' ')}`, mend: 'gantry up builds them once (some minutes), or now: gantry engines build' };
}

/** Tries what Gantry will do, in a namespace and a mount of its own that are gone afterwards. */
async function kernel(): Promise<Finding[]> {
  if ((await missingPackages()).length > 0) return [{ what: 'kernel', state: 'weak', found: 'not tried without the packages' }];
  const netns = `doctor-${process.pid}`;
  const inside = (...argv: string[]) => run(['ip', 'netns', 'exec', netns, ...argv], { timeoutMs: 30_000 });
  const attempts: [what: string, mend: string, attempt: () => Promise<unknown>][] = [
    ['network namespaces', 'Gantry needs CAP_SYS_ADMIN and CAP_NET_ADMIN: in a container, run it with --privileged', () => run(['ip', 'netns', 'add', netns])],
    ['veth links', 'the kernel lacks the module veth', () => inside('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1')],
    ['nftables', 'the kernel lacks nf_tables with inet, conntrack and nat', () =>
      inside('nft', 'table inet t { chain c { type nat hook prerouting priority 0; ct state new ip daddr 192.0.2.1 dnat ip to 192.0.2.2; }; }')],
    ['overlay mounts', 'the kernel lacks overlay, or the folder for caches is itself on one', overlay],
  ];
  const findings: Finding[] = [];
  for (const [what, mend, attempt] of attempts) {
    const failure = await attempt().then(() => undefined, (error: Error) => error);
    findings.push(failure ? { what, state: 'lacks', found: failure.message.split('\n')[0] ?? '', mend } : { what, state: 'good', found: 'tried' });
  }
  await run(['ip', 'netns', 'del', netns]).catch(() => {});
  return findings;
}

async function overlay(): Promise<void> {
  const { stdout } = await run(['mktemp', '-d', '-p', '/var/lib', '.gantry-doctor-XXXXXX']);
  const folder = stdout.trim();
  try {
    await run(['mkdir', `${folder}/lower`, `${folder}/upper`, `${folder}/work`, `${folder}/merged`]);
    const options = `lowerdir=${folder}/lower,upperdir=${folder}/upper,workdir=${folder}/work`;
    // In a mount namespace of its own: killed at any moment, nothing stays mounted.
    await run(['unshare', '--mount', 'mount', '-t', 'overlay', 'overlay', '-o', options, `${folder}/merged`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function cgroups(): Promise<Finding> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const unified = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(() => undefined);
  const version = unified === undefined ? 'v1' : 'v2';
  const has = (name: string) => (unified === undefined ? new RegExp(`^\\S+ \\S+ cgroup \\S*\\b${name}\\b`, 'm').test(mounts) : unified.split(/\s/).includes(name));
  const missing = ['cpu', 'memory', 'pids'].filter((name) => !has(name));
  const group = join('/sys/fs/cgroup', unified === undefined ? 'memory' : '', `gantry-doctor-${process.pid}`);
  const failure = await mkdir(group).then(() => rmdir(group)).catch((error: Error) => error);
  if (failure) return { what: 'cgroups', state: 'lacks', found: failure.message, mend: 'Gantry makes groups of its own below the root of cgroups: in a container, run it with --privileged --cgroupns=host' };
  if (missing.length === 0) return { what: 'cgroups', state: 'good', found: version };
  return { what: 'cgroups', state: 'weak', found: `${version} without ${missing.join(', ')}`, mend: `limits of ${missing.join(', ')} are not held: enable these controllers on the kernel's command line` };
}

interface Chain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

/** What iptables drops (ufw, Docker), the host agent goes before (src/host/network/firewall.ts); other tables are the user's alone. */
async function firewall(): Promise<Finding[]> {
  const { stdout } = await run(['nft', '--json', 'list', 'chains']).catch(() => ({ stdout: '{"nftables":[]}' }));
  const chains = (JSON.parse(stdout) as { nftables: { chain?: Chain }[] }).nftables.flatMap(({ chain }) => chain ?? []);
  const ofIptables = ({ family, table, name }: Chain) => family === 'ip' && table === 'filter' && name === name.toUpperCase();
  const dropping = chains.filter((chain) => ['input', 'forward'].includes(chain.hook ?? '') && chain.policy === 'drop' && ['ip', 'inet'].includes(chain.family) && !ofIptables(chain));
  const mend = dropping.map(({ family, table, name, hook }) => {
    const rule = `nft insert rule ${family} ${table} ${name}`;
    return `\n  ${rule} iifname '"g*"' accept${hook === 'forward' ? `\n  ${rule} oifname '"g*"' ct state established,related accept` : ''}`;
  }).join('');
  const firewalld = chains.some(({ table }) => table === 'firewalld');
  if (firewalld) return [{ what: 'firewall', state: 'weak', found: 'firewalld', mend: 'it rejects what instances send: firewall-cmd --permanent --zone=trusted --add-source=198.18.0.0/15 --add-source=169.254.0.0/16 && firewall-cmd --reload' }];
  if (dropping.length === 0) return [{ what: 'firewall', state: 'good', found: 'none in the way' }];
  const found = dropping.map(({ family, table, name }) => `${family} ${table} ${name} drops`).join(', ');
  return [{ what: 'firewall', state: 'weak', found, mend: `instances reach neither Gantry nor the outside unless it says (in /etc/nftables.conf, too):${mend}` }];
}

/** The first that knows AWS_ENDPOINT_URL and `endpoint_url`: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
const OLDEST_AWS: Record<string, number> = { 1: 29, 2: 13 };

async function awsCli(): Promise<Finding[]> {
  const said = await run(['aws', '--version'], { timeoutMs: 30_000 }).then(({ stdout, stderr }) => stdout + stderr, () => '');
  const [, version, major = '', minor] = /aws-cli\/((\d+)\.(\d+)\S*)/.exec(said) ?? [];
  if (!version) return [{ what: 'AWS CLI', state: 'weak', found: 'none', mend: 'gantry aws needs it: apt-get install awscli' }];
  const old = Number(minor) < (OLDEST_AWS[major] ?? 0);
  return [{ what: 'AWS CLI', state: old ? 'weak' : 'good', found: version, ...(old && { mend: 'it knows neither AWS_ENDPOINT_URL nor profiles with an endpoint, and talks to AWS itself: use it as gantry aws …, or install 2.13 or later' }) }];
}

async function room(): Promise<Finding[]> {
  const gib = 2 ** 30;
  const disk = await statfs('/var').then(({ bavail, bsize }) => (bavail * bsize) / gib);
  const memory = freemem() / gib;
  return [
    { what: 'disk', state: disk >= 10 ? 'good' : 'weak', found: `${disk.toFixed(0)} GiB free in /var`, ...(disk < 10 && { mend: 'engines, images and instances like to have 10 GiB' }) },
    { what: 'memory', state: memory >= 3 ? 'good' : 'weak', found: `${memory.toFixed(1)} GiB free`, ...(memory < 3 && { mend: 'three small instances like to have 3 GiB' }) },
  ];
}
