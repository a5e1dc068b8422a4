/**
 * The images that upstream's conformance tests run, made of Debian packages and of the programs of `engines/conformance`, so that no
 * hub is needed. One Debian layer, with all that the tests call in any of them, lies below most; what an image has beside it is said
 * here. Upstream's own are `test/images/<name>/Dockerfile` of Kubernetes. Tags are not said: `e2e.test --list-images` knows them.
 */
export interface TestImage {
  /** Whether it lies on the Debian layer; else it has its files alone. */
  debian: boolean;
  /** Where each file is, and what it is made of. */
  files?: Readonly<Record<string, Made>>;
  folders?: readonly string[];
  /** OCI image-spec, config.md: `config`. */
  config: { Entrypoint?: string[]; Cmd?: string[]; User?: string };
}

/** A program or file of an engine, a link, or text. */
type Made = { engine: 'conformance' | 'coredns' | 'etcd'; name: string; mode?: number } | { link: string } | { text: string; mode?: number };

const agnhost: TestImage = {
  debian: true,
  files: {
    '/agnhost': { engine: 'conformance', name: 'agnhost' },
    // Tests tell by this name that an image's entrypoint was overridden.
    '/agnhost-2': { link: 'agnhost' },
    '/coredns': { engine: 'coredns', name: 'coredns' },
    '/localhost.crt': { engine: 'conformance', name: 'localhost.crt', mode: 0o644 },
    '/localhost.key': { engine: 'conformance', name: 'localhost.key', mode: 0o644 },
  },
  folders: ['/uploads'],
  config: { Entrypoint: ['/agnhost'], Cmd: ['pause'] },
};

const webPage = (name: string): TestImage => ({
  ...agnhost,
  files: { ...agnhost.files, '/data.json': { engine: 'conformance', name: `${name}.json`, mode: 0o644 } },
  config: { ...agnhost.config, Cmd: ['test-webserver'] },
});

const nginx: TestImage = {
  debian: true,
  files: {
    '/etc/nginx/nginx.conf': { text: `user www-data;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events {}
http {
  include mime.types;
  access_log /dev/stdout;
  server { listen 80; root /usr/share/nginx/html; }
}
` },
  },
  config: { Cmd: ['nginx', '-g', 'daemon off;'] },
};

/** Ends well when it is told to, as upstream's does (agnhost's own `pause` ends with 2). */
const pause = '#!/bin/bash\ntrap "exit 0" INT TERM\nsleep infinity & wait\n';

/** A test finds upstream's base in kitten, by name: the file is what it has to read there. */
export const testImages: Readonly<Record<string, TestImage>> = {
  agnhost,
  kitten: { ...webPage('kitten'), files: { ...webPage('kitten').files, '/etc/os-release': { text: 'NAME="Debian, in place of Alpine Linux"\n' } } },
  nautilus: webPage('nautilus'),
  busybox: { debian: true, config: { Cmd: ['sh'] } },
  'glibc-dns-testing': { debian: true, config: { Cmd: ['bash'] } },
  nginx,
  nonewprivs: { debian: true, files: { '/usr/local/bin/nnp': { engine: 'conformance', name: 'nnp', mode: 0o6755 } }, config: { Cmd: ['nnp'] } },
  nonroot: { debian: true, config: { User: '1234', Cmd: ['bash'] } },
  etcd: { debian: false, files: { '/usr/local/bin/etcd': { engine: 'etcd', name: 'etcd' } }, config: { Cmd: ['/usr/local/bin/etcd'] } },
  'sample-apiserver': { debian: false, files: { '/sample-apiserver': { engine: 'conformance', name: 'sample-apiserver' } }, config: { Entrypoint: ['/sample-apiserver'] } },
  pause: { debian: true, files: { '/pause': { text: pause, mode: 0o755 } }, config: { Entrypoint: ['/pause'] } },
};

/** Of the Debian layer: what upstream's images have of Alpine and busybox, and nginx. */
export const packages = ['bash', 'bsdextrautils', 'curl', 'dnsutils', 'hostname', 'iperf', 'iproute2', 'iputils-ping', 'netcat-openbsd', 'nginx-light', 'procps', 'wget'] as const;

/**
 * Done in the Debian layer once the packages are in it. Debian's own `sh` drops names of the environment that have a dash or a dot,
 * which tests read. The user and the group are agnhost's: a test asks for supplemental groups that an image defines.
 */
export const hooks = [
  'ln -sf bash "$1/bin/sh"',
  // busybox has all of its programs in /bin.
  'ln -s ../sbin/sysctl "$1/usr/bin/sysctl"',
  'chroot "$1" useradd --uid 1000 --create-home user-defined-in-image',
  'chroot "$1" groupadd --gid 50000 group-defined-in-image',
  'chroot "$1" usermod --append --groups group-defined-in-image user-defined-in-image',
] as const;
