import { readFileSync, statSync } from 'node:fs';
import type { DesiredInstance } from '../../wire/host.ts';
import type { Folder } from './folder.ts';

export interface SpecInput {
  folder: Folder;
  wish: Pick<DesiredInstance, 'vcpus' | 'memoryMiB' | 'hostName'>;
  cgroup: string;
  networkNamespace: string;
  repository: string;
  /** Folders of engines, mounted read-only, by where. */
  engines: Readonly<Record<string, string>>;
}

/**
 * The OCI runtime configuration (runtime-spec 1.2, config.md) of an instance: a system container with an init of its own that runs
 * containers itself. It has all capabilities that this host has to give: as with kind's nodes, its walls hold in mistakes, not
 * attackers. Its cgroup namespace lets it manage its own subtree on v1 as well as on v2.
 */
export function runtimeSpec({ folder, wish, cgroup, networkNamespace, repository, engines }: SpecInput): object {
  const capabilities = ownCapabilities();
  return {
    ociVersion: '1.2.0',
    hostname: wish.hostName,
    root: { path: folder.root, readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      cwd: '/',
      args: ['/sbin/runit'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', 'container=gantry'],
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities, inheritable: [], ambient: [] },
      noNewPrivileges: false,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', 'relatime'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'mode=1777'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=755'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] },
      bind('/var/lib/containerd', folder.containerd),
      bind('/var/lib/ecs', folder.ecs),
      bind('/opt/gantry', repository, 'ro'),
      ...Object.entries(engines).map(([path, folder]) => bind(path, folder, 'ro')),
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }, { type: 'ipc' }, { type: 'cgroup' }, { type: 'network', path: networkNamespace }],
      cgroupsPath: cgroup,
      // Nothing that is mounted on one side later is seen on the other (the instance makes its own side shared, images/instance/files/etc/runit/1).
      rootfsPropagation: 'rprivate',
      readonlyPaths: ['/proc/sysrq-trigger'],
      devices: ['/dev/fuse', '/dev/kmsg', '/dev/net/tun'].flatMap(device),
      resources: {
        devices: [{ allow: true, access: 'rwm' }],
        cpu: { shares: wish.vcpus * 1024, quota: wish.vcpus * 100_000, period: 100_000 },
        memory: { limit: wish.memoryMiB * 1024 * 1024 },
        pids: { limit: 32_768 },
      },
      sysctl: {
        'net.ipv4.ip_forward': '1',
        // The task credentials address 169.254.170.2 is led to the ECS agent on loopback, as AWS's own agent has it.
        'net.ipv4.conf.all.route_localnet': '1',
      },
    },
  };
}

const bind = (destination: string, source: string, mode: 'rw' | 'ro' = 'rw') => ({ destination, type: 'bind', source, options: ['bind', mode] });

/** A device of the host, if it has it. */
function device(path: string): object[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isCharacterDevice()) return [];
  // glibc's gnu_dev_major and gnu_dev_minor, for numbers below 2^12 and 2^20.
  const major = (status.rdev >> 8) & 0xfff;
  const minor = (status.rdev & 0xff) | ((status.rdev >> 12) & 0xfff00);
  return [{ path, type: 'c', major, minor, fileMode: status.mode & 0o777, uid: 0, gid: 0 }];
}

/** By number, linux/capability.h. */
const capabilityNames = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST',
  'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE',
  'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM',
  'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
];
/** Those by which an instance could change the machine itself: load modules, set its clock, restart it. */
const withheld = new Set(['SYS_MODULE', 'SYS_TIME', 'SYS_RAWIO']);

/** What this process may do: nobody can give on more (CAP_SYS_RESOURCE is often missing where the host is a container or small VM). */
function ownCapabilities(): string[] {
  const set = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  return capabilityNames.filter((name, number) => (set >> BigInt(number)) & 1n && !withheld.has(name)).map((name) => `CAP_${name}`);
}
