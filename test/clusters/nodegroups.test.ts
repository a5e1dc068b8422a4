import assert from 'node:assert/strict';
import type { UpdateNodegroupConfigCommandInput } from '@aws-sdk/client-eks';
import { after, before, describe, it } from 'node:test';
import { kubectlOf, nodegroupActive, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { deployment, isReady, namespace, type Deployment, type Items, type Node, type Pod } from '../fixtures/kubernetes.ts';
import { clients, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { ec2, eks } = clients;
const REPLICAS = 6;

/** A managed node group is as large as it is told to be; pods leave a node before the node goes. */
describe('a node group', { skip, timeout: 3_600_000 }, () => {
  const name = unique('nodes');
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let before3: string[] = [];

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    await kubectl.apply(namespace(name));
    before3 = (await nodes()).map(({ metadata }) => metadata.name);
  });

  after(async () => {
    await kubectl('delete', 'namespace', name, '--wait=false');
    await nodegroupActive(clients, cluster.name, cluster.nodegroup);
    await configure({ scalingConfig: { desiredSize: 2 }, labels: { removeLabels: ['added'] }, taints: { removeTaints: [taint] } });
    await nodegroupActive(clients, cluster.name, cluster.nodegroup);
  });

  const taint = { key: 'later', value: 'yes', effect: 'PREFER_NO_SCHEDULE' as const };
  const nodes = async () => (await kubectl.json<Items<Node>>('get', 'nodes', '--selector=tier=web')).items;
  const configure = (change: Omit<UpdateNodegroupConfigCommandInput, 'clusterName' | 'nodegroupName'>) => eks.updateNodegroupConfig({ clusterName: cluster.name, nodegroupName: cluster.nodegroup, ...change });

  it('grows, and gives all of its nodes the labels and taints that it is given', async () => {
    const { update } = await configure({ scalingConfig: { desiredSize: 3 }, labels: { addOrUpdateLabels: { added: 'later' } }, taints: { addOrUpdateTaints: [taint] } });
    assert.equal(update?.status, 'InProgress');
    await nodegroupActive(clients, cluster.name, cluster.nodegroup);
    const now = await nodes();
    assert.deepEqual(now.map((node) => [isReady(node), node.metadata.labels?.added]), Array.from({ length: 3 }, () => [true, 'later']));
    for (const { spec } of now) assert.ok(spec.taints?.some(({ key, value, effect }) => key === 'later' && value === 'yes' && effect === 'PreferNoSchedule'), JSON.stringify(spec.taints));
    assert.deepEqual(before3.filter((one) => !now.some(({ metadata }) => metadata.name === one)), [], 'who was there stays');
    const done = await eks.describeUpdate({ name: cluster.name, nodegroupName: cluster.nodegroup, updateId: update?.id });
    assert.equal(done.update?.status, 'Successful');
  });

  it('shrinks: pods are evicted first, as their disruption budget allows, and the node goes after them', async () => {
    const web = deployment(name, 'web', `${cluster.image}:1`, REPLICAS);
    const spread = [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: web.spec.selector }];
    Object.assign(web.spec.template.spec, { topologySpreadConstraints: spread });
    await kubectl.apply(web, budget(0));
    await kubectl('rollout', 'status', `--namespace=${name}`, 'deployment/web', '--timeout=600s');
    const there = await nodes();

    await configure({ scalingConfig: { desiredSize: 2 } });
    const leaving = await until('a node is cordoned', 60, async () => (await nodes()).find(({ spec }) => spec.unschedulable));
    const { items } = await kubectl.json<Items<Pod>>('get', 'pods', `--namespace=${name}`, `--field-selector=spec.nodeName=${leaving.metadata.name}`);
    assert.ok(items.length > 0, 'pods run on the node that leaves');
    assert.equal((await kubectl.json<Deployment>('get', 'deployment', 'web', `--namespace=${name}`)).status.readyReplicas, REPLICAS, 'its budget lets none of them go');
    assert.equal((await nodes()).length, 3);

    await kubectl.apply(budget(1));
    await nodegroupActive(clients, cluster.name, cluster.nodegroup);
    const left = await until('two nodes are left', 60, async () => holds(await nodes(), ({ length }) => length === 2));
    assert.deepEqual(left.map(({ metadata }) => metadata.name).sort(), there.map(({ metadata }) => metadata.name).filter((one) => one !== leaving.metadata.name).sort());
    await kubectl('rollout', 'status', `--namespace=${name}`, 'deployment/web', '--timeout=600s');
    const instance = leaving.spec.providerID?.split('/').at(-1) ?? '';
    await until('its instance has gone', 60, async () => {
      const { Reservations } = await ec2.describeInstances({ InstanceIds: [instance] });
      return holds(Reservations?.[0]?.Instances?.[0]?.State?.Name, (state) => state === 'terminated');
    });
  });

  it('that cannot come up says why, and can be deleted', async () => {
    const broken = { clusterName: cluster.name, nodegroupName: name };
    const { LaunchTemplate } = await ec2.createLaunchTemplate({ LaunchTemplateName: name, LaunchTemplateData: { ImageId: 'ami-0123456789abcdef0', InstanceType: 't3.medium' } });
    await eks.createNodegroup({ ...broken, nodeRole: cluster.roles.node, subnets: cluster.subnets, scalingConfig: { minSize: 1, maxSize: 1, desiredSize: 1 }, launchTemplate: { id: LaunchTemplate?.LaunchTemplateId } });
    await until('it says why', 60, async () => holds((await eks.describeNodegroup(broken)).nodegroup?.health?.issues, (issues) => /ami-0123456789abcdef0/.test(issues?.[0]?.message ?? '')));
    await eks.deleteNodegroup(broken);
    await until('it has gone', 60, async () => !(await eks.listNodegroups({ clusterName: cluster.name })).nodegroups?.includes(name));
    await ec2.deleteLaunchTemplate({ LaunchTemplateName: name });
  });

  /** How many of the web server's pods may be missing. */
  const budget = (maxUnavailable: number) =>
    ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace: name }, spec: { maxUnavailable, selector: { matchLabels: { app: 'web' } } } });
});
