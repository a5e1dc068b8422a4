import { existsSync } from 'node:fs';
import { run } from '../engines/command.ts';
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

export const packages: readonly Package[] = [
  { name: 'iproute2', for: 'network namespaces', found: onPath('ip') },
  { name: 'nftables', for: 'security groups, addresses', found: onPath('nft') },
  { name: 'iptables', for: 'ports of containers (CNI plugins)', found: onPath('iptables') },
  { name: 'haproxy', for: 'load balancers', found: onPath('haproxy') },
  { name: 'mmdebstrap', for: 'the machine image', found: onPath('mmdebstrap') },
  { name: 'util-linux', for: 'locks, mounts', found: onPath('flock') },
  { name: 'gcc', for: 'building runc', found: onPath('gcc') },
  { name: 'libc6-dev', for: 'building runc', found: archive('libc.a') },
  { name: 'pkg-config', for: 'building runc', found: onPath('pkg-config') },
  { name: 'libseccomp-dev', for: 'building runc', found: archive('libseccomp.a') },
];

/** What `gantry demo` needs beside, to build the shop's images and push them. */
export const demoPackages: readonly Package[] = [{ name: 'buildah', for: 'building the demo\'s images', found: onPath('buildah') }];

/** What `gantry conformance` needs beside, to push the tests' images. */
export const conformancePackages: readonly Package[] = [{ name: 'skopeo', for: 'pushing the images of the conformance tests', found: onPath('skopeo') }];

/** ldd fails on what needs no shared library, as in an image that holds busybox alone. */
const isStatic = (file: string) => () => run(['ldd', file]).then(() => false, () => existsSync(file));

/** What `gantry test` needs beside: a user's clients. */
export const testPackages: readonly Package[] = [
  ...demoPackages,
  { name: 'awscli', for: 'tests with the AWS CLI', found: onPath('aws') },
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
  progress({ what: 'refreshing the package lists' });
  await apt(['update'], progress, 'refreshing the package lists');
  await apt(['install', '--yes', '--no-install-recommends', ...names], progress, names.join(', '));
  const left = await missingPackages(wanted);
  if (left.length > 0) throw new Error(`still missing after their installation: ${left.map(({ name }) => name).join(', ')}`);
}

/** apt tells its progress as `dlstatus:1:42.1:…` and `pmstatus:<package>:17.5:…` on the descriptor that it is given. */
async function apt(args: string[], progress: Progress, what: string): Promise<void> {
  const argv = ['apt-get', '-q', '-o', 'APT::Status-Fd=2', '-o', 'DPkg::Lock::Timeout=300', ...args];
  await run(argv, {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    onLine(line) {
      const percent = /^(?:dl|pm)status:[^:]*:([\d.]+):/.exec(line)?.[1];
      if (percent) progress({ what, done: Math.round(Number(percent)), total: 100 });
    },
  });
}
