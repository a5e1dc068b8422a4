import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CNI_VERSION } from './cni.ts';

/**
 * The network that the runtime gives each sandbox: Docker's default bridge, 172.17.0.0/16 with the instance at .1, by the standard
 * CNI plugins `bridge` and `host-local`. Translation of ports and addresses is the agent's own table (ports.ts), made anew from what
 * runs, and not the plugin `portmap`'s, which only ever adds and takes away.
 */
export const TASK_BRIDGE = 'ecs0';
export const TASK_SUBNET = '172.17.0.0/16';

export const LEASES = '/run/cni/networks';

export const taskNetwork = {
  cniVersion: CNI_VERSION,
  name: 'ecs',
  plugins: [
    {
      type: 'bridge',
      bridge: TASK_BRIDGE,
      isDefaultGateway: true,
      hairpinMode: true,
      // Leases go with a reboot, as sandboxes do.
      ipam: { type: 'host-local', dataDir: LEASES, ranges: [[{ subnet: TASK_SUBNET }]] },
    },
  ],
};

/** The runtime reads the folder again whenever something in it changes. */
export async function writeTaskNetwork(confDir: string): Promise<void> {
  const file = join(confDir, '10-ecs.conflist');
  const text = `${JSON.stringify(taskNetwork, null, 2)}\n`;
  await mkdir(confDir, { recursive: true });
  if ((await readFile(file, 'utf8').catch(() => '')) !== text) await writeFile(file, text);
}
