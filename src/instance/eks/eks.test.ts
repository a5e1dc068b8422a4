import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parts } from '../user-data.ts';
import type { NodeFacts } from './facts.ts';
import { dnsAddress, nodeFiles } from './kubelet.ts';
import { nodeConfig } from './node-config.ts';
import { cniConfiguration } from './pod-network.ts';

const facts: NodeFacts = {
  instanceId: 'i-1', instanceType: 't3.small', region: 'us-east-1', zone: 'us-east-1a', name: 'ip-10-0-0-5.ec2.internal', address: '10.0.0.5', subnetCidr: '10.0.0.0/20', vpcCidrs: ['10.0.0.0/16'],
  vcpus: 2, memoryMiB: 2048, hostCpus: 8, endpoint: 'http://api.shop.internal:4566',
};
const cluster = ['apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  cluster: { name: shop, apiServerEndpoint: "https://x", certificateAuthority: Y2E=, cidr: 172.20.0.0/16 }'];
const more = ['apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  kubelet: { config: { maxPods: 5, evictionHard: { memory.available: 1Gi } }, flags: [--node-labels=a=b] }'];
const mime = (...documents: string[][]) => Buffer.from(`Content-Type: multipart/mixed; boundary="//"\n\n${documents.map((lines) => `--//\nContent-Type: application/node.eks.aws\n\n${lines.join('\n')}\n`).join('')}--//--\n`);
const json = (files: ReturnType<typeof nodeFiles>, path: string) => JSON.parse(files.find((file) => file.path.endsWith(path))!.content) as Record<string, never>;

test('NodeConfigs are laid over one another; what is no NodeConfig, or joins nothing, is said so', () => {
  assert.equal(nodeConfig(parts(Buffer.from('#!/bin/sh\n'))), undefined);
  const config = nodeConfig(parts(mime(cluster, more)));
  assert.deepEqual(config, {
    cluster: { name: 'shop', apiServerEndpoint: 'https://x', certificateAuthority: 'Y2E=', cidr: '172.20.0.0/16' },
    kubelet: { config: { maxPods: 5, evictionHard: { 'memory.available': '1Gi' } }, flags: ['--node-labels=a=b'] },
  });
  assert.deepEqual(nodeConfig(parts(Buffer.from(cluster.join('\n'))))?.cluster.name, 'shop');
  assert.throws(() => nodeConfig(parts(mime(more))), /spec\.cluster needs name/);
  assert.throws(() => nodeConfig(parts(mime(['kind: Pod']))), /not a NodeConfig/);
});

test("the kubelet's configuration: the user's on top, the machine's processors held back, the instance's memory shown", () => {
  const files = nodeFiles(facts, nodeConfig(parts(mime(cluster, more)))!, 7, 'MemTotal:       16000000 kB\nMemFree:         1000 kB\nSwapTotal:       5 kB\n');
  const kubelet = json(files, 'kubelet/config.json') as unknown as { maxPods: number; evictionHard: Record<string, string>; systemReserved: object; kubeReserved: object; clusterDNS: string[]; providerID: string };
  assert.deepEqual([kubelet.maxPods, kubelet.evictionHard['memory.available'], kubelet.evictionHard['nodefs.available'], kubelet.clusterDNS, kubelet.providerID], [5, '1Gi', '0%', ['172.20.0.10'], 'aws:///us-east-1a/i-1']);
  assert.deepEqual([kubelet.systemReserved, kubelet.kubeReserved], [{ cpu: '6' }, { cpu: '70m', memory: '442Mi' }]);
  assert.equal(files.find(({ path }) => path.endsWith('meminfo'))?.content, 'MemTotal:       2097152 kB\nMemFree:         1000 kB\nSwapTotal:       0 kB\n');
  assert.match(files.find(({ path }) => path.endsWith('kubelet.args'))!.content, /--node-labels=a=b\n$/);
  const providers = json(files, 'credential-provider/config.json') as unknown as { providers: { matchImages: string[] }[] };
  assert.deepEqual(providers.providers[0]?.matchImages, ['*.dkr.ecr.*.shop.internal:4566']);
  assert.equal(json(nodeFiles(facts, nodeConfig(parts(mime(cluster)))!, 0, ''), 'kubelet/config.json').maxPods, 98);
  assert.equal(dnsAddress('10.100.255.250/8'), '10.101.0.4');
});

test('every address of a prefix is a pod\'s', () => {
  const { ranges } = cniConfiguration(facts, ['10.0.1.16/28', '10.0.1.240/28']).plugins[0]!.ipam!;
  assert.deepEqual(ranges[0], [
    { subnet: '10.0.0.0/20', rangeStart: '10.0.1.16', rangeEnd: '10.0.1.31', gateway: '10.0.0.5' },
    { subnet: '10.0.0.0/20', rangeStart: '10.0.1.240', rangeEnd: '10.0.1.255', gateway: '10.0.0.5' },
  ]);
});
