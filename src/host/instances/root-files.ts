import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DesiredInstance } from '../../wire/host.ts';
import type { ImageName } from '../../wire/images.ts';
import type { Installation } from '../../wire/installation.ts';
import { instanceFilePath, type InstanceFile } from '../../wire/instance.ts';

export interface RootFilesInput {
  installation: Installation;
  id: string;
  image: ImageName;
  wish: Pick<DesiredInstance, 'hostName' | 'vcpus' | 'memoryMiB'>;
  /** Of its primary interface. */
  address: string | undefined;
}

/** The files in an instance's root that differ from its image: by path, what cloud-init and DHCP write on EC2. */
export function rootFiles({ installation, id, image, wish, address }: RootFilesInput): Record<string, string> {
  const { region, account, domain, port } = installation;
  const registry = `${account}.dkr.ecr.${region}.${domain}:${port}`;
  const [shortName = '', ...search] = wish.hostName.split('.');
  const instanceFile: InstanceFile = { instanceId: id, image, vcpus: wish.vcpus, memoryMiB: wish.memoryMiB };
  return {
    '/etc/hostname': `${wish.hostName}\n`,
    '/etc/hosts': `127.0.0.1 localhost\n${address ? `${address} ${wish.hostName} ${shortName}\n` : ''}`,
    '/etc/resolv.conf': `${search.length > 0 ? `search ${search.join('.')}\n` : ''}nameserver 169.254.169.253\n`,
    '/etc/machine-id': `${createHash('sha256').update(id).digest('hex').slice(0, 32)}\n`,
    '/etc/environment': `AWS_ENDPOINT_URL=http://api.${domain}:${port}\nAWS_REGION=${region}\nAWS_DEFAULT_REGION=${region}\n`,
    [instanceFilePath]: `${JSON.stringify(instanceFile)}\n`,
    // containerd's hosts.toml: the registry speaks plain HTTP.
    [`/etc/containerd/certs.d/${registry}/hosts.toml`]: `server = "http://${registry}"\n\n[host."http://${registry}"]\n  capabilities = ["pull", "resolve"]\n`,
  };
}

/** At the first start; later ones leave alone what was changed inside, but for what EC2 itself may have changed (the instance type). */
export async function writeRootFiles(upper: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(upper, path);
    await mkdir(dirname(file), { recursive: true });
    if (path === instanceFilePath || !existsSync(file)) await writeFile(file, content);
  }
}
