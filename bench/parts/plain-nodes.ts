import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureImage, enginesOf } from '../../images/index.ts';
import { run } from '../../src/engines/command.ts';
import { binDir } from '../../src/engines/index.ts';
import { instanceCgroup, removeInstallationCgroup } from '../../src/host/instances/cgroups.ts';
import { folderOf } from '../../src/host/instances/folder.ts';
import { clearInit, startInit, type Place } from '../../src/host/instances/init.ts';
import { runtimeSpec } from '../../src/host/instances/spec.ts';
import type { DesiredFile } from '../../src/wire/host.ts';
import type { ControlPlane } from './plain-control-plane.ts';

/**
 * Nodes without Gantry, as kind has them: system containers on one bridge, in each containerd, the kubelet and kube-proxy with upstream's
 * defaults, pods' addresses by the plugins that kindnet takes. The root file system is that of Gantry's instances, with none of its services.
 */
export interface Nodes {
  /** Of the bridge: where nodes reach this machine. */
  address: string;
  start(control: ControlPlane, howMany: number): Promise<void>;
  remove(): Promise<void>;
}

/** Of carriers (RFC 6598), which nothing else here is likely to have. */
const NET = '100.127';
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/opt/engines/containerd/bin:/opt/engines/runc/bin:/opt/engines/kubernetes/bin';

export async function plainNodes(folder: string, name: string): Promise<Nodes> {
  const bridge = `p${process.pid}`;
  const address = `${NET}.100.1`;
  const places: Place[] = [];
  await run(['ip', 'link', 'add', bridge, 'type', 'bridge']);
  await run(['ip', 'address', 'add', `${address}/24`, 'dev', bridge]);
  await run(['ip', 'link', 'set', bridge, 'up']);
  return {
    address,
    async start(control, howMany) {
      const numbers = Array.from({ length: howMany }, (_, index) => index + 1);
      for (const number of numbers) {
        const place = { installationName: name, id: `${name}-${number}`, folder: folderOf(folder, `${name}-${number}`), runcRoot: join(folder, 'runc') };
        places.push(place);
        await plug(place.id, bridge, number, numbers);
        await startNode(place, control, number);
      }
      for (const condition of ['create', 'condition=Ready']) await control.kubectl('wait', `--for=${condition}`, 'nodes', ...places.map(({ id }) => id), '--timeout=120s');
    },
    async remove() {
      for (const place of places) {
        await clearInit(place);
        await run(['ip', 'netns', 'delete', place.id]);
      }
      await removeInstallationCgroup(name);
      await run(['ip', 'link', 'delete', bridge]);
    },
  };
}

const nodeAddress = (number: number) => `${NET}.100.${number + 10}`;
const podNetwork = (number: number) => `${NET}.${number}.0/24`;

async function plug(namespace: string, bridge: string, number: number, all: number[]): Promise<void> {
  const end = `${bridge}-${number}`;
  const inside = (...argv: string[]) => run(['ip', '-n', namespace, ...argv]);
  await run(['ip', 'netns', 'add', namespace]);
  await run(['ip', 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
  await run(['ip', 'link', 'set', end, 'master', bridge, 'up']);
  await inside('address', 'add', `${nodeAddress(number)}/24`, 'dev', 'eth0');
  for (const link of ['lo', 'eth0']) await inside('link', 'set', link, 'up');
  await inside('route', 'add', 'default', 'via', `${NET}.100.1`);
  for (const other of all.filter((one) => one !== number)) await inside('route', 'add', podNetwork(other), 'via', nodeAddress(other));
}

async function startNode(place: Place, control: ControlPlane, number: number): Promise<void> {
  const { id, folder, runcRoot } = place;
  const runc = join(await binDir('runc'), 'runc');
  const engines = Object.fromEntries(await Promise.all(Object.entries(enginesOf['eks-optimized']).map(async ([path, engine]) => [path, await binDir(engine)] as const)));
  await mkdir(folder.path, { recursive: true });
  const spec = runtimeSpec({
    folder, engines, cgroup: instanceCgroup(place.installationName, id), networkNamespace: `/run/netns/${id}`,
    repository: join(import.meta.dirname, '../..'), wish: { vcpus: 2, memoryMiB: 4096, hostName: id },
  });
  await startInit(place, { runc, spec, lower: await ensureImage(), files: await filesOf(control, id, number) });
  const inside = (...argv: string[]) => run([runc, '--root', runcRoot, 'exec', '--env', PATH, id, ...argv]);
  const inBackground = (program: string, command: string) => run([runc, '--root', runcRoot, 'exec', '--detach', '--env', PATH, id, 'sh', '-c', `exec ${command} >/var/log/${program}.log 2>&1 </dev/null`]);
  await inBackground('containerd', '/etc/sv/containerd/run');
  await inside('sh', '-c', 'until ctr --namespace k8s.io images import /opt/images/pause.tar; do sleep 0.1; done');
  await inBackground('kubelet', `kubelet --config=/etc/kubernetes/kubelet.json --kubeconfig=/etc/kubernetes/kubelet.conf --hostname-override=${id} --node-ip=${nodeAddress(number)}`);
  await inBackground('kube-proxy', 'kube-proxy --config=/etc/kubernetes/kube-proxy.json');
}

async function filesOf(control: ControlPlane, id: string, number: number): Promise<DesiredFile[]> {
  const file = (path: string, content: string | object): DesiredFile => ({ path, content: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64'), mode: 0o644 });
  return [
    file('/etc/gantry/instance.json', '{}'),
    file('/etc/environment', ''),
    file('/etc/hosts', '127.0.0.1 localhost\n'),
    file('/etc/resolv.conf', `nameserver ${NET}.100.1\n`),
    file('/etc/machine-id', `${randomUUID().replaceAll('-', '')}\n`),
    file('/etc/containerd/config.toml', CONTAINERD),
    file('/etc/cni/net.d/10-plain.conflist', {
      cniVersion: '1.0.0', name: 'plain',
      plugins: [
        { type: 'ptp', ipMasq: false, ipam: { type: 'host-local', dataDir: '/run/cni-ipam-state', routes: [{ dst: '0.0.0.0/0' }], ranges: [[{ subnet: podNetwork(number) }]] } },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }),
    file('/etc/kubernetes/ca.crt', control.authority),
    file('/etc/kubernetes/kubelet.conf', await control.kubeconfig(`system:node:${id}`, 'system:nodes')),
    file('/etc/kubernetes/kube-proxy.conf', await control.kubeconfig('system:kube-proxy')),
    file('/etc/kubernetes/kubelet.json', {
      apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: '/etc/kubernetes/ca.crt' } }, authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock', clusterDomain: 'cluster.local', clusterDNS: ['10.96.0.10'],
      // What a system container on any machine asks for, as kind does.
      cgroupDriver: 'cgroupfs', cgroupRoot: '/', failCgroupV1: false, failSwapOn: false, oomScoreAdj: 0, imageGCHighThresholdPercent: 100,
      evictionHard: { 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%', 'imagefs.inodesFree': '0%' },
    }),
    file('/etc/kubernetes/kube-proxy.json', {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration', clientConnection: { kubeconfig: '/etc/kubernetes/kube-proxy.conf' }, hostnameOverride: id, mode: 'iptables', oomScoreAdj: 0,
      conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: '0s', tcpEstablishedTimeout: '0s' },
    }),
  ];
}

const CONTAINERD = `version = 3
imports = ["/etc/containerd/conf.d/*.toml"]
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "localhost/gantry/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
