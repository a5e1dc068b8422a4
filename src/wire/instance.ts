import type { ImageName } from './images.ts';

/** `/etc/gantry/instance.json` inside of an instance: what it cannot learn from its kernel, which is the host's. */
export interface InstanceFile {
  instanceId: string;
  image: ImageName;
  vcpus: number;
  memoryMiB: number;
}

export const instanceFilePath = '/etc/gantry/instance.json';
