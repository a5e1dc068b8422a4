/**
 * Makes an EKS-optimised instance a node of its cluster, as nodeadm does on AWS's: what NodeConfig in user data says becomes the files
 * of the kubelet and of kube-proxy, then they start. Done anew at each boot.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../engines/command.ts';
import type { InstanceFile } from '../wire/instance.ts';
import { nodeFacts, podPrefixes } from './eks/facts.ts';
import { nodeFiles, type NodeFile } from './eks/kubelet.ts';
import { nodeConfig } from './eks/node-config.ts';
import { dropUnknownServices, masquerade, writeCni } from './eks/pod-network.ts';
import type { Imds } from './imds.ts';
import type { Part } from './user-data.ts';

const prefixRetryMs = 500;

export async function startNode(imds: Imds, parts: readonly Part[], instance: InstanceFile): Promise<void> {
  const config = nodeConfig(parts);
  if (!config) return console.log('eks: there is no NodeConfig in user data: this machine joins no cluster');
  const [facts, early, meminfo] = await Promise.all([nodeFacts(imds, instance), podPrefixes(imds), readFile('/proc/meminfo', 'utf8')]);
  for (const file of nodeFiles(facts, config, early.length, meminfo)) await write(file);
  await masquerade(facts);
  await dropUnknownServices(config.cluster.cidr);
  if (early.length > 0) await writeCni(facts, early);
  await run(['sv', 'up', 'kubelet', 'kube-proxy', 'ebs-csi']);
  console.log(`eks: the kubelet of ${facts.name} was started for cluster ${config.cluster.name}, ${early.length} prefixes`);
  if (early.length === 0) await writeCni(facts, await awaitPrefixes(imds));
}

/** Without them the node is there but not Ready: its network is missing. */
async function awaitPrefixes(imds: Imds): Promise<string[]> {
  console.log('eks: the interface has no prefixes (ec2 AssignPrivateIpAddresses, Ipv4PrefixCount): waiting for them');
  for (;;) {
    const found = await podPrefixes(imds);
    if (found.length > 0) return found;
    await sleep(prefixRetryMs);
  }
}

async function write({ path, content, mode }: NodeFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}
