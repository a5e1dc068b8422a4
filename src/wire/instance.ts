/** `/etc/gantry/instance.json` inside of an instance: what it cannot learn from its kernel, which is the host's. */
export interface InstanceFile {
  instanceId: string;
  /** The image's name: `ecs-optimized`. */
  image: string;
  vcpus: number;
  memoryMiB: number;
}

export const instanceFilePath = '/etc/gantry/instance.json';
