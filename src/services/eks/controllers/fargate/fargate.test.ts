import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../../../kube/types.ts';
import type { Resource } from '../../../../kube/resources.ts';
import { startApiServer, whyNotHere } from '../../testing/api-server.ts';
import type { TestApiServer } from '../../testing/api-server.ts';
import { nodeConfig } from '../../../../instance/eks/node-config.ts';
import { parts } from '../../../../instance/user-data.ts';
import { nodeNameOf } from './node-config.ts';
import { fargatePods } from './pod.ts';
import type { FargatePod } from './pod.ts';
import { refusalOf } from './refusals.ts';
import { sandboxWish } from './sandboxes.ts';
import { admissionPolicy, matches, POLICY } from './selectors.ts';
import { capacityOf, quantity, sizeOf } from './sizes.ts';
import type { Sandbox } from './records.ts';

const pod = (spec: FargatePod['spec'] = {}, metadata: Partial<FargatePod['metadata']> = {}): FargatePod => ({ metadata: { name: 'job', namespace: 'batch', ...metadata }, spec });
const asking = (...requests: Record<string, string>[]) => pod({ containers: requests.map((one, index) => ({ name: `c${index}`, resources: { requests: one } })) });
const capacity = (one: FargatePod) => {
  const size = sizeOf(one);
  return size && capacityOf(size);
};

test('a pod gets the smallest combination that holds its requests and 256 MiB more', () => {
  assert.equal(capacity(pod({ containers: [{ name: 'a' }] })), '0.25vCPU 0.5GB');
  assert.equal(capacity(asking({ cpu: '250m', memory: '256Mi' })), '0.25vCPU 0.5GB');
  assert.equal(capacity(asking({ cpu: '250m', memory: '257Mi' })), '0.25vCPU 1GB');
  assert.equal(capacity(asking({ cpu: '0.2' }, { cpu: '100m' })), '0.5vCPU 1GB');
  // 8 GB and the components' 256 MiB: 9 GB, of which 1 vCPU has none.
  assert.equal(capacity(asking({ cpu: '1', memory: '8Gi' })), '2vCPU 9GB');
  assert.equal(capacity(asking({ cpu: '5', memory: '17Gi' })), '8vCPU 20GB');
  assert.equal(capacity(asking({ cpu: '17' })), undefined);
});

test('init containers count by the largest of them, restartable ones with the rest', () => {
  const init = (cpu: string, restartPolicy?: string) => ({ name: `i${cpu}`, resources: { requests: { cpu } }, ...(restartPolicy ? { restartPolicy } : {}) });
  const main = { name: 'a', resources: { requests: { cpu: '250m' } } };
  assert.equal(capacity(pod({ containers: [main], initContainers: [init('1'), init('500m')] })), '1vCPU 2GB');
  assert.equal(capacity(pod({ containers: [main], initContainers: [init('250m', 'Always')] })), '0.5vCPU 1GB');
});

test('quantities as Kubernetes writes them', () => {
  assert.deepEqual(['100m', '1', '1.5', '2Ki', '3M', '1e3', '128974848'].map(quantity), [0.1, 1, 1.5, 2048, 3e6, 1000, 128974848]);
});

test('what cannot run on Fargate is refused in AWS\'s words', () => {
  assert.equal(refusalOf(pod({ containers: [{ name: 'a' }], volumes: [{ name: 'token', projected: {} }, { name: 'tmp', emptyDir: {} }] })), undefined);
  assert.equal(
    refusalOf(pod({ hostNetwork: true, containers: [{ name: 'a', securityContext: { privileged: true }, ports: [{ hostPort: 80 }] }], volumes: [{ name: 'host', hostPath: { path: '/' } }] })),
    'Pod not supported on Fargate: fields not supported: HostNetwork, invalid SecurityContext fields: Privileged, port contains HostIP or HostPort, volumes not supported: host is of an unsupported volume Type',
  );
  assert.match(refusalOf(pod({}, { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }] })) ?? '', /DaemonSet/);
});

const PROFILES = [
  { name: 'web', selectors: [{ namespace: 'prod-*', labels: { tier: 'web?', 'app/*': '*' } }] },
  { name: 'all', selectors: [{ namespace: 'prod-eu', labels: {} }, { namespace: 'batch', labels: {} }] },
];
const CASES: { namespace: string; labels: Record<string, string>; profile: string }[] = [
  { namespace: 'batch', labels: {}, profile: 'all' },
  { namespace: 'batches', labels: {}, profile: '' },
  { namespace: 'prod-us', labels: { tier: 'web1', 'app/name': 'x' }, profile: 'web' },
  { namespace: 'prod-us', labels: { tier: 'web', 'app/name': 'x' }, profile: '' },
  { namespace: 'prod-us', labels: { tier: 'web1' }, profile: '' },
  // Both take it: the first by name, unless the pod names one.
  { namespace: 'prod-eu', labels: { tier: 'web1', 'app/name': 'x' }, profile: 'all' },
  { namespace: 'prod-eu', labels: { tier: 'web1', 'app/name': 'x', 'eks.amazonaws.com/fargate-profile': 'web' }, profile: 'web' },
  { namespace: 'batch', labels: { 'eks.amazonaws.com/fargate-profile': 'web' }, profile: '' },
];

test('a profile takes a pod by namespace and labels', () => {
  for (const { namespace, labels, profile } of CASES) {
    const taken = PROFILES.filter((one) => matches(one, pod({}, { namespace, labels: { 'eks.amazonaws.com/fargate-profile': one.name, ...labels } })));
    assert.equal(taken.some(({ name }) => name === profile), profile !== '', JSON.stringify({ namespace, labels }));
  }
});

test('a sandbox is a node of the cluster that takes one pod and bears the name of its session', () => {
  const sandbox: Sandbox = {
    id: 'i-0123456789abcdef0', cluster: 'shop', profile: 'batch', roleArn: 'arn:aws:iam::000000000000:role/pods', subnetId: 'subnet-1', zone: 'us-east-1a', hostId: 'h',
    createdAt: '2026-01-01T00:00:00.000Z', vcpus: 0.25, memoryMiB: 512, network: { interfaceId: 'eni-1', address: '172.31.0.9' },
  };
  const cluster = { name: 'shop', serviceCidr: '10.100.0.0/16', endpointName: 'it.gr7' } as Parameters<typeof sandboxWish>[1];
  const wish = sandboxWish(sandbox, cluster, 'PEM', 'us-east-1');
  assert.equal(wish?.hostName, 'fargate-ip-172-31-0-9.ec2.internal');
  assert.equal(nodeNameOf('eu-west-1', '10.0.0.1'), 'fargate-ip-10-0-0-1.eu-west-1.compute.internal');
  assert.deepEqual({ vcpus: wish?.vcpus, memoryMiB: wish?.memoryMiB }, { vcpus: 1, memoryMiB: 768 });
  const config = nodeConfig(parts(Buffer.from(wish?.userData ?? '', 'base64')));
  assert.equal(config?.cluster.apiServerEndpoint, 'https://it.gr7');
  assert.equal(config?.kubelet.config['maxPods'], 1);
  assert.deepEqual(config?.kubelet.flags, ['--node-labels=eks.amazonaws.com/compute-type=fargate', '--register-with-taints=eks.amazonaws.com/compute-type=fargate:NoSchedule']);
  assert.deepEqual(sandboxWish(sandbox, cluster, 'PEM', 'us-east-1'), wish);
});

describe('the admission policy in a real API server', { skip: whyNotHere() ?? false }, () => {
  let server: TestApiServer;
  const IMAGE = { name: 'a', image: 'a' };
  const namespaces: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
  const policies: Resource = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy', plural: 'mutatingadmissionpolicies', namespaced: false };
  const bindings: Resource<KubeObject & { spec: object }> = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicyBinding', plural: 'mutatingadmissionpolicybindings', namespaced: false };

  before(async () => {
    server = await startApiServer();
    for (const name of new Set(CASES.map(({ namespace }) => namespace))) await server.client.apply(namespaces, { metadata: { name } });
    await server.client.apply(policies, admissionPolicy(PROFILES));
    await server.client.apply(bindings, { metadata: { name: POLICY }, spec: { policyName: POLICY } });
    // The server takes a policy up in its own time.
    const probe = (n: number) => server.client.create(fargatePods, { metadata: { name: `probe-${n}`, namespace: 'batch' }, spec: { containers: [IMAGE] } });
    for (let n = 0; (await probe(n)).spec.schedulerName !== 'fargate-scheduler'; n++) assert.ok(n < 600 && (await sleep(100, true)), 'the policy is not in force');
  });
  after(() => server?.close());

  const created = (metadata: FargatePod['metadata'], spec: object = {}) => server.client.create(fargatePods, { metadata, spec: { containers: [IMAGE], ...spec } });

  test('hands pods of a profile over to Fargate, and no others', async () => {
    for (const [index, { namespace, labels, profile }] of CASES.entries()) {
      const made = await created({ name: `pod-${index}`, namespace, labels: { keep: 'me', ...labels } });
      assert.equal(made.spec.schedulerName, profile ? 'fargate-scheduler' : 'default-scheduler', JSON.stringify({ namespace, labels }));
      if (profile) assert.equal(made.metadata.labels?.['eks.amazonaws.com/fargate-profile'], profile);
      assert.equal(made.metadata.labels?.['keep'], 'me');
    }
  });

  test('takes a pod without labels, and leaves alone what has its node or is annotated for EC2', async () => {
    assert.equal((await created({ name: 'bare', namespace: 'batch' })).spec.schedulerName, 'fargate-scheduler');
    assert.equal((await created({ name: 'bound', namespace: 'batch' }, { nodeName: 'n' })).spec.schedulerName, 'default-scheduler');
    assert.equal((await created({ name: 'ec2', namespace: 'batch', annotations: { 'eks.amazonaws.com/compute-type': 'ec2' } })).spec.schedulerName, 'default-scheduler');
  });
});
