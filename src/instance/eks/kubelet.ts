import type { NodeFacts } from './facts.ts';
import { laidOver, type NodeConfig } from './node-config.ts';

/** AWS's places on its EKS-optimised images. */
export const kubeletConfigPath = '/etc/kubernetes/kubelet/config.json';
export const kubeconfigPath = '/var/lib/kubelet/kubeconfig';
const authorityPath = '/etc/kubernetes/pki/ca.crt';
const proxyConfigPath = '/etc/kubernetes/kube-proxy/config.json';
const credentialProviders = '/etc/eks/image-credential-provider';

/** Seven prefixes of 16 addresses, less two each; 110 at most. */
const mostPods = 98;
const podsOf = (prefixes: number) => (prefixes === 0 ? mostPods : Math.min(110, prefixes * 14));

const node = '/opt/gantry/node_modules/node/bin/node';

export interface NodeFile {
  path: string;
  content: string;
  mode: number;
}

/** Everything that the kubelet and kube-proxy read. JSON is YAML. `meminfo` is the machine's /proc/meminfo. */
export function nodeFiles(facts: NodeFacts, config: NodeConfig, prefixes: number, meminfo: string): NodeFile[] {
  const json = (path: string, value: object): NodeFile => ({ path, content: `${JSON.stringify(value, null, 2)}\n`, mode: 0o644 });
  const args = (program: string, list: string[]): NodeFile => ({ path: `/etc/kubernetes/${program}.args`, content: `${list.join('\n')}\n`, mode: 0o644 });
  return [
    { path: authorityPath, content: Buffer.from(config.cluster.certificateAuthority, 'base64').toString(), mode: 0o644 },
    { path: '/run/gantry/meminfo', content: ownMeminfo(meminfo, facts.memoryMiB), mode: 0o444 },
    { path: `${credentialProviders}/ecr-credential-provider`, content: `#!/bin/sh\nexec ${node} /opt/gantry/src/instance/eks/ecr-credential-provider.ts\n`, mode: 0o755 },
    json(`${credentialProviders}/config.json`, credentialProviderConfig(facts)),
    json(kubeconfigPath, kubeconfig(facts, config)),
    json(kubeletConfigPath, laidOver(kubeletConfiguration(facts, config, podsOf(prefixes)), config.kubelet.config)),
    json(proxyConfigPath, kubeProxyConfiguration(facts)),
    args('kubelet', [
      `--config=${kubeletConfigPath}`, `--kubeconfig=${kubeconfigPath}`, `--node-ip=${facts.address}`, `--hostname-override=${facts.name}`,
      `--image-credential-provider-config=${credentialProviders}/config.json`, `--image-credential-provider-bin-dir=${credentialProviders}`,
      `--node-labels=${labels(facts)}`, ...config.kubelet.flags,
    ]),
    args('kube-proxy', [`--config=${proxyConfigPath}`]),
  ];
}

/** Those that a cloud controller sets elsewhere; they stay the kubelet's own (NodeRestriction lets it set them). */
const labels = ({ instanceType, region, zone }: NodeFacts) =>
  `node.kubernetes.io/instance-type=${instanceType},topology.kubernetes.io/region=${region},topology.kubernetes.io/zone=${zone}`;

const kubeconfig = ({ region, endpoint }: NodeFacts, { cluster }: NodeConfig) => ({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'kubelet',
  clusters: [{ name: 'kubernetes', cluster: { 'certificate-authority': authorityPath, server: cluster.apiServerEndpoint } }],
  contexts: [{ name: 'kubelet', context: { cluster: 'kubernetes', user: 'kubelet' } }],
  users: [{
    name: 'kubelet',
    user: {
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never',
        command: node, args: ['/opt/gantry/src/instance/eks/token.ts', cluster.name],
        env: [{ name: 'AWS_REGION', value: region }, { name: 'AWS_ENDPOINT_URL', value: endpoint }],
      },
    },
  }],
});

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/: what nodeadm writes, but for what a shared machine asks. */
function kubeletConfiguration(facts: NodeFacts, { cluster }: NodeConfig, maxPods: number): Record<string, unknown> {
  const extraCpus = facts.hostCpus - facts.vcpus;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
    address: '0.0.0.0', readOnlyPort: 0,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m0s' }, x509: { clientCAFile: authorityPath } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    providerID: `aws:///${facts.zone}/${facts.instanceId}`,
    clusterDomain: 'cluster.local', clusterDNS: [dnsAddress(cluster.cidr)], resolvConf: '/etc/resolv.conf',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs', cgroupRoot: '/', failCgroupV1: false, failSwapOn: false,
    // An own, lower score needs CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    hairpinMode: 'hairpin-veth', maxPods, serializeImagePulls: false,
    // What containers do is looked at each second, as until 1.35. Looked at as soon as one was started, a short command is told of while it
    // runs, `kubectl run -i` attaches to it between its last word and its end, and what it said is lost (kubernetes#27264): a third of the
    // times, with an API server some milliseconds away.
    featureGates: { PLEGOnDemandRelist: false },
    kubeReserved: { cpu: `${reservedMillicores(facts.vcpus)}m`, memory: '442Mi' },
    // The machine's processors beyond the instance's.
    ...(extraCpus > 0 && { systemReserved: { cpu: String(extraCpus) } }),
    // The disk that it sees is the machine's: neither is an instance's eviction the remedy when it is full, nor an image's removal.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%', 'imagefs.inodesFree': '0%' },
    imageGCHighThresholdPercent: 100,
  };
}

const kubeProxyConfiguration = ({ name }: NodeFacts) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration',
  clientConnection: { kubeconfig: kubeconfigPath }, hostnameOverride: name, mode: 'iptables', oomScoreAdj: 0,
  healthzBindAddress: '0.0.0.0:10256', metricsBindAddress: '0.0.0.0:10249',
  iptables: { masqueradeBit: 14, minSyncPeriod: '0s', syncPeriod: '30s' },
  // Limits of connections are the machine's; what is 0 is left alone.
  conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: '0s', tcpEstablishedTimeout: '0s' },
});

/** https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/: images of ECR are pulled with the instance's role. */
const credentialProviderConfig = ({ region, endpoint }: NodeFacts) => {
  const { hostname, port } = new URL(endpoint);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig',
    providers: [{
      name: 'ecr-credential-provider', apiVersion: 'credentialprovider.kubelet.k8s.io/v1', defaultCacheDuration: '6h0m0s',
      matchImages: [`*.dkr.ecr.*.${hostname.replace(/^api\./, '')}:${port}`],
      env: [{ name: 'AWS_REGION', value: region }, { name: 'AWS_ENDPOINT_URL', value: endpoint }],
    }],
  };
};

/** The service range's tenth address. */
export function dnsAddress(cidr: string): string {
  const [base = ''] = cidr.split('/');
  const number = base.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0) + 10;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** As on AWS's images: 6 % of the first processor, 1 % of the second, 0.5 % of the next two, 0.25 % of all others. */
const reservedMillicores = (vcpus: number) =>
  Math.floor(Array.from({ length: vcpus }, (_, index) => (index === 0 ? 60 : index === 1 ? 10 : index < 4 ? 5 : 2.5)).reduce((sum, one) => sum + one, 0));

/** The machine's, but with the instance's own memory and no swap. */
function ownMeminfo(meminfo: string, memoryMiB: number): string {
  const most = memoryMiB * 1024;
  return meminfo.replace(/^(\w+):(\s+)(\d+) kB$/gm, (line, key: string, space: string, value: string) => {
    if (key === 'MemTotal') return `${key}:${space}${most} kB`;
    if (key.startsWith('Swap')) return `${key}:${space}0 kB`;
    return /^(MemFree|MemAvailable|Buffers|Cached)$/.test(key) ? `${key}:${space}${Math.min(most, Number(value))} kB` : line;
  });
}
