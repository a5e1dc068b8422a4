import type { FargatePod, PodContainer } from './pod.ts';

/** What a pod on Fargate gets, by https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html. */
export interface Size {
  vcpus: number;
  memoryMiB: number;
}

const GIB = 1024;
const steps = (from: number, to: number, by: number) => Array.from({ length: (to - from) / by + 1 }, (_, index) => (from + index * by) * GIB);

/** Memory that goes with each number of vCPUs, smallest first. */
const COMBINATIONS: { vcpus: number; memoryMiB: number[] }[] = [
  { vcpus: 0.25, memoryMiB: [512, 1024, 2048] },
  { vcpus: 0.5, memoryMiB: steps(1, 4, 1) },
  { vcpus: 1, memoryMiB: steps(2, 8, 1) },
  { vcpus: 2, memoryMiB: steps(4, 16, 1) },
  { vcpus: 4, memoryMiB: steps(8, 30, 1) },
  { vcpus: 8, memoryMiB: steps(16, 60, 4) },
  { vcpus: 16, memoryMiB: steps(32, 120, 8) },
];

/** For the kubelet, kube-proxy and containerd. */
const COMPONENTS_MIB = 256;

/** The smallest size that holds the pod's requests; undefined if none does. */
export function sizeOf({ spec }: FargatePod): Size | undefined {
  const init = spec.initContainers ?? [];
  // A restartable init container (a sidecar) runs for as long as the pod.
  const long = [...(spec.containers ?? []), ...init.filter(({ restartPolicy }) => restartPolicy === 'Always')];
  const short = init.filter(({ restartPolicy }) => restartPolicy !== 'Always');
  const asked = (name: 'cpu' | 'memory') => Math.max(long.reduce((sum, one) => sum + request(one, name), 0), ...short.map((one) => request(one, name)));
  const cpu = asked('cpu');
  const memory = asked('memory') / (1024 * 1024) + COMPONENTS_MIB;
  for (const { vcpus, memoryMiB } of COMBINATIONS) {
    const enough = vcpus >= cpu ? memoryMiB.find((one) => one >= memory) : undefined;
    if (enough !== undefined) return { vcpus, memoryMiB: enough };
  }
  return undefined;
}

const request = ({ resources }: PodContainer, name: 'cpu' | 'memory') => quantity(resources?.requests?.[name] ?? '0');

const SUFFIXES: Record<string, number> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export function quantity(text: string | number): number {
  const [, number = '', suffix = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(text)) ?? [];
  return Number(number || Number.NaN) * (SUFFIXES[suffix] ?? Number.NaN);
}

/** As AWS annotates a pod: `0.25vCPU 0.5GB`. */
export const capacityOf = ({ vcpus, memoryMiB }: Size) => `${vcpus}vCPU ${memoryMiB / GIB}GB`;
