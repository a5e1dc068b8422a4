/**
 * Instance types with the vCPUs and memory that AWS publishes (https://aws.amazon.com/ec2/instance-types/), as compact data.
 * Those with local disks, GPUs and bare metal are left out: there is nothing behind them here.
 */
export interface InstanceType {
  name: string;
  family: string;
  architecture: 'x86_64' | 'arm64';
  vcpus: number;
  memoryMiB: number;
  threadsPerCore: 1 | 2;
  burstable: boolean;
  /** Network interfaces, and IPv4 addresses on each. */
  interfaces: number;
  addressesPerInterface: number;
}

const M5 = 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge';
const M6I = `${M5} 32xlarge`;
const M7I = `${M5} 48xlarge`;
const M6A = `${M5} 32xlarge 48xlarge`;
const M6G = 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge';
const M8G = `${M6G} 24xlarge 48xlarge`;
const C5 = 'large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge';

/** Families whose memory is in proportion to vCPUs: GiB a vCPU, then sizes. */
const PROPORTIONAL: Record<string, [gibPerVcpu: number, sizes: string]> = {
  m5: [4, M5], m5a: [4, M5], m6i: [4, M6I], m6a: [4, M6A], m7i: [4, M7I], m7a: [4, `medium ${M6A}`], m6g: [4, M6G], m7g: [4, M6G], m8g: [4, M8G],
  'm7i-flex': [4, 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge'],
  c5: [2, C5], c5a: [2, M5], c6i: [2, M6I], c6a: [2, M6A], c7i: [2, M7I], c7a: [2, `medium ${M6A}`], c6g: [2, M6G], c7g: [2, M6G], c8g: [2, M8G],
  'c7i-flex': [2, 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge'],
  r5: [8, M5], r5a: [8, M5], r6i: [8, M6I], r6a: [8, M6A], r7i: [8, M7I], r7a: [8, `medium ${M6A}`], r6g: [8, M6G], r7g: [8, M6G], r8g: [8, M8G],
};

/** Others, `size:vcpus:GiB:interfaces:addresses`. */
const T3 = 'nano:2:0.5:2:2 micro:2:1:2:2 small:2:2:3:4 medium:2:4:3:6 large:2:8:3:12 xlarge:4:16:4:15 2xlarge:8:32:4:15';
const LISTED: Record<string, string> = {
  t2: 'nano:1:0.5:2:2 micro:1:1:2:2 small:1:2:3:4 medium:2:4:3:6 large:2:8:3:12 xlarge:4:16:3:15 2xlarge:8:32:3:15',
  t3: T3, t3a: T3.replace('small:2:2:3', 'small:2:2:2'), t4g: T3,
  m1: 'small:1:1.7:2:4',
};

const isArm = (family: string) => /^[a-z]\dg/.test(family);

/** How many interfaces and addresses, by vCPUs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html */
function networkLimits(vcpus: number): [interfaces: number, addresses: number] {
  if (vcpus < 2) return [2, 4];
  if (vcpus < 4) return [3, 10];
  if (vcpus < 16) return [4, 15];
  return vcpus < 64 ? [8, 30] : [15, 50];
}

const vcpusOf = (size: string) => ({ medium: 1, large: 2, xlarge: 4 })[size] ?? 4 * Number.parseInt(size, 10);

function* build(): Iterable<InstanceType> {
  for (const [family, sizes] of Object.entries(LISTED)) {
    for (const size of sizes.split(' ')) {
      const [name, vcpus = 0, gib = 0, interfaces = 0, addressesPerInterface = 0] = size.split(':').map((part, i) => (i ? Number(part) : part)) as [string, ...number[]];
      yield {
        name: `${family}.${name}`, family, architecture: isArm(family) ? 'arm64' : 'x86_64', vcpus, memoryMiB: Math.floor(gib * 1024),
        threadsPerCore: isArm(family) || vcpus === 1 || family === 't2' ? 1 : 2, burstable: family.startsWith('t'), interfaces, addressesPerInterface,
      };
    }
  }
  for (const [family, [gibPerVcpu, sizes]] of Object.entries(PROPORTIONAL)) {
    for (const size of sizes.split(' ')) {
      const vcpus = vcpusOf(size);
      const [interfaces, addressesPerInterface] = networkLimits(vcpus);
      yield {
        name: `${family}.${size}`, family, architecture: isArm(family) ? 'arm64' : 'x86_64', vcpus, memoryMiB: vcpus * gibPerVcpu * 1024,
        threadsPerCore: isArm(family) || vcpus === 1 || family.endsWith('7a') ? 1 : 2, burstable: false, interfaces, addressesPerInterface,
      };
    }
  }
}

/** By name, in order of name. */
export const instanceTypes: ReadonlyMap<string, InstanceType> = new Map([...build()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((type) => [type.name, type]));
