import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kubectlOf, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { namespace, webPod, type Items, type Node, type Pod } from '../fixtures/kubernetes.ts';
import { clients, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { eks } = clients;

/** A pod that a Fargate profile selects runs on a machine of its own; the others run where they ran before. */
describe('Fargate', { skip, timeout: 3_600_000 }, () => {
  const name = unique('fargate');
  const profile = { fargateProfileName: name, clusterName: '' };
  let cluster: TestCluster;
  let kubectl: Kubectl;

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    profile.clusterName = cluster.name;
    await kubectl.apply(namespace(name));
  });

  after(async () => {
    await kubectl('delete', 'namespace', name, '--wait=false');
  });

  it('has profiles that say which pods and where', async () => {
    await eks.createFargateProfile({ ...profile, podExecutionRoleArn: cluster.roles.pod, subnets: cluster.subnets, selectors: [{ namespace: name, labels: { where: 'fargate' } }] });
    await until('the profile is active', 60, async () => holds((await eks.describeFargateProfile(profile)).fargateProfile?.status, (status) => status === 'ACTIVE'));
  });

  it('runs the pods that they select, each on a node of its own, sized by its requests', async () => {
    const requests = { cpu: '250m', memory: '512Mi' };
    await kubectl.apply(webPod(name, 'away', `${cluster.image}:1`, { labels: { where: 'fargate' }, requests }), webPod(name, 'home', `${cluster.image}:1`, {}));
    await kubectl('wait', '--for=condition=Ready', 'pod/away', 'pod/home', `--namespace=${name}`, '--timeout=600s');
    const [away, home] = await Promise.all(['away', 'home'].map((pod) => kubectl.json<Pod>('get', 'pod', pod, `--namespace=${name}`)));
    const node = await kubectl.json<Node>('get', 'node', away?.spec.nodeName ?? '');
    assert.match(node.metadata.name, /^fargate-ip-/);
    assert.equal(node.metadata.labels?.['eks.amazonaws.com/compute-type'], 'fargate');
    assert.ok(node.spec.taints?.some(({ key, value, effect }) => key === 'eks.amazonaws.com/compute-type' && value === 'fargate' && effect === 'NoSchedule'));
    assert.equal(away?.metadata.annotations?.CapacityProvisioned, '0.25vCPU 1GB');
    assert.ok(!home?.spec.nodeName?.startsWith('fargate-'));
    assert.match(await kubectl('logs', 'away', `--namespace=${name}`), /serving version 1/);
    const fetched = await kubectl('exec', 'home', `--namespace=${name}`, '--', 'wget', '-qO-', `http://${away?.status.podIP}:8080/cgi-bin/index.cgi`);
    assert.equal(fetched, 'version 1 from away');
  });

  it('takes the machine away with the pod', async () => {
    await kubectl('delete', 'pod', 'away', `--namespace=${name}`);
    await until('its node has gone', 60, async () => holds((await kubectl.json<Items<Node>>('get', 'nodes')).items.map(({ metadata }) => metadata.name), (names) => !names.some((one) => one.startsWith('fargate-'))));
    await eks.deleteFargateProfile(profile);
    await until('the profile has gone', 60, async () => !(await eks.listFargateProfiles({ clusterName: cluster.name })).fargateProfileNames?.includes(name));
  });
});
