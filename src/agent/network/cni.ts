import { join } from 'node:path';
import { run } from '../../engines/command.ts';

/** Calls a CNI plugin as the specification says (https://www.cni.dev/docs/spec/, 1.0.0): parameters in the environment, the configuration on its standard input. */
export interface CniCall {
  binDir: string;
  containerId: string;
  /** Path of the namespace file. */
  netns: string;
  interfaceName: string;
}

export interface CniConfig {
  name: string;
  type: string;
  [option: string]: unknown;
}

export interface CniResult {
  interfaces?: { name: string; mac?: string; sandbox?: string }[];
  ips?: { address: string; gateway?: string; interface?: number }[];
}

export const CNI_VERSION = '1.0.0';

export async function cniAdd(call: CniCall, config: CniConfig): Promise<CniResult> {
  return JSON.parse((await exec('ADD', call, config)).stdout) as CniResult;
}

/** Succeeds on what is not there. */
export async function cniDel(call: CniCall, config: CniConfig): Promise<void> {
  await exec('DEL', call, config);
}

const exec = (command: 'ADD' | 'DEL', call: CniCall, config: CniConfig) =>
  run([join(call.binDir, config.type)], {
    input: JSON.stringify({ cniVersion: CNI_VERSION, ...config }),
    env: { CNI_COMMAND: command, CNI_CONTAINERID: call.containerId, CNI_NETNS: call.netns, CNI_IFNAME: call.interfaceName, CNI_PATH: call.binDir },
    timeoutMs: 60_000,
  });
