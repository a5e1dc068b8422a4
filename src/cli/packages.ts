import { existsSync } from 'node:fs';
import { CommandError, run } from '../engines/command.ts';
import type { Progress } from '../engines/progress.ts';
import { UserError } from './command.ts';

/** A Debian package that Gantry uses, and how one sees that it (or what it stands for, elsewhere) is there. */
export interface Package {
  name: string;
  for: string;
  found(): Promise<boolean>;
}

const isOnPath = (program: string) => (process.env.PATH ?? '').split(':').some((dir) => dir && existsSync(`${dir}/${program}`));

const onPath = (program: string) => async () => isOnPath(program);

/** libseccomp's archive lies in a folder named after the processor; the linker knows where. */
const archive = (file: string) => () =>
  run(['gcc', `-print-file-name=${file}`]).then(({ stdout }) => stdout.trim() !== file, () => false);

/** From 1.35 on, buildah refuses to start without netavark, which Debian's package only recommends. */
const buildahHasNetwork = async () => {
  if (['/usr/lib', '/usr/libexec', '/usr/local/lib', '/usr/local/libexec'].some((dir) => existsSync(`${dir}/podman/netavark`))) return true;
  const version = await run(['buildah', '--version']).then(({ stdout }) => /(\d+)\.(\d+)/.exec(stdout), () => null);
  return version !== null && version[1] === '1' && Number(version[2]) < 35;
};

export const packages: readonly Package[] = [
  { name: 'iproute2', for: 'network namespaces', found: onPath('ip') },
  { name: 'procps', for: 'kernel settings of networks', found: onPath('sysctl') },
  { name: 'nftables', for: 'security groups, addresses', found: onPath('nft') },
  { name: 'iptables', for: 'ports of containers (CNI plugins)', found: onPath('iptables') },
  { name: 'haproxy', for: 'load balancers', found: onPath('haproxy') },
  { name: 'mmdebstrap', for: 'the machine image', found: onPath('mmdebstrap') },
  { name: 'util-linux', for: 'locks, namespaces', found: onPath('flock') },
  { name: 'mount', for: 'mounts, volumes', found: onPath('losetup') },
  { name: 'gcc', for: 'building runc', found: onPath('gcc') },
  { name: 'libc6-dev', for: 'building runc', found: archive('libc.a') },
  { name: 'pkg-config', for: 'building runc', found: onPath('pkg-config') },
  { name: 'libseccomp-dev', for: 'building runc', found: archive('libseccomp.a') },
];

/** What `gantry demo` needs beside. */
export const demoPackages: readonly Package[] = [
  { name: 'buildah', for: 'building the demo\'s images', found: onPath('buildah') },
  { name: 'netavark', for: 'buildah', found: buildahHasNetwork },
  { name: 'awscli', for: 'what the demo says is worth typing next', found: onPath('aws') },
];

/** What `gantry conformance` needs beside, to push the tests' images. */
export const conformancePackages: readonly Package[] = [{ name: 'skopeo', for: 'pushing the images of the conformance tests', found: onPath('skopeo') }];

/** ldd fails on what needs no shared library, as in an image that holds busybox alone. */
const isStatic = (file: string) => () => run(['ldd', file]).then(() => false, () => existsSync(file));

/** What `gantry test` needs beside: a user's clients. */
export const testPackages: readonly Package[] = [
  ...demoPackages,
  { name: 'busybox-static', for: 'an image for tests', found: isStatic('/bin/busybox') },
  { name: 'curl', for: 'tests with HTTP', found: onPath('curl') },
  { name: 'jq', for: 'the acceptance scripts', found: onPath('jq') },
  { name: 'skopeo', for: 'tests that push images', found: onPath('skopeo') },
];

export async function missingPackages(wanted: readonly Package[] = packages): Promise<Package[]> {
  const found = await Promise.all(wanted.map((one) => one.found()));
  return wanted.filter((_, i) => !found[i]);
}

/** Installs what is missing where there is apt; elsewhere says what to install. */
export async function ensurePackages(progress: Progress, wanted: readonly Package[] = packages): Promise<void> {
  const missing = await missingPackages(wanted);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  if (!isOnPath('apt-get')) {
    throw new UserError(`this is not Debian: please install what its packages ${names.join(', ')} hold (gantry doctor says what each is for)`);
  }
  // A list that cannot be had may be of a mirror that nothing is wanted from.
  const stale = await apt(['update'], (state) => progress({ ...state, what: 'downloading the package lists' })).then(() => undefined, (error: unknown) => error);
  await apt(['install', '--yes', '--no-install-recommends', ...names], progress).catch((error: unknown) => {
    throw stale ?? error;
  });
  const left = await missingPackages(wanted);
  if (left.length > 0) throw new Error(`still missing after their installation: ${left.map(({ name }) => name).join(', ')}`);
}

/** apt tells its progress on the descriptor that it is given: `dlstatus:3:42.1:Retrieving file 3 of 40 (…)`, `pmstatus:libc6-dev:amd64:17.5:Unpacking …`. */
const STATUS = /^(dl|pm)status:.*?:([\d.]+):/;

async function apt(args: string[], progress: Progress): Promise<void> {
  const argv = ['apt-get', '-q', '-o', 'APT::Status-Fd=2', '-o', 'DPkg::Lock::Timeout=300', ...args];
  await run(argv, {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    onLine(line) {
      const [, kind, percent] = STATUS.exec(line) ?? [];
      if (kind) progress({ what: kind === 'dl' ? 'downloading' : 'installing', done: Math.round(Number(percent)), total: 100 });
    },
  }).catch((error: unknown) => {
    const said = error instanceof CommandError ? `${error.stdout}\n${error.stderr}`.split('\n').filter((line) => /^(E: |W: |Err:|dpkg: )/.test(line)) : [];
    throw new UserError(`apt-get ${args[0]} failed; with that mended, run this again\n${said.join('\n') || String(error)}`);
  });
}
