import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { run } from '../../src/engines/command.ts';
import { kubectlOf, kubectlProgram, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { openGroup, terminate } from '../fixtures/network.ts';
import { ask, launchProbe, listening, type Probe } from '../fixtures/probe.ts';
import { clients, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';
import { deployment, namespace, type Items, type Node, type Pod } from '../fixtures/kubernetes.ts';

const { ec2 } = clients;

/** What runs in a cluster is where it should be: on real nodes, at addresses of the VPC, behind its security groups. */
describe('pods', { skip, timeout: 3_600_000 }, () => {
  const name = unique('pods');
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let pods: Pod[] = [];

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    const web = deployment(name, 'web', `${cluster.image}:1`, 4);
    const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', nodeTaintsPolicy: 'Honor', labelSelector: web.spec.selector };
    Object.assign(web.spec.template.spec, { topologySpreadConstraints: [spread] });
    await kubectl.apply(namespace(name), web);
  });

  after(() => kubectl('delete', 'namespace', name, '--wait=false'));

  it('are managed by kubectl with the kubeconfig that the AWS CLI wrote, as it is', async () => {
    const { stdout } = await run([await kubectlProgram(), 'version', '--output=json'], { env: cluster.env });
    assert.match((JSON.parse(stdout) as { serverVersion: { gitVersion: string } }).serverVersion.gitVersion, /^v1\.36\.\d+$/);
  });

  it('have nodes of the group, one an instance, that say where they are', async () => {
    const { items } = await kubectl.json<Items<Node>>('get', 'nodes', '--selector=tier=web');
    assert.equal(items.length, 2);
    for (const { metadata, spec, status } of items) {
      const [, zone = '', id = ''] = /^aws:\/\/\/([^/]+)\/(i-[0-9a-f]{17})$/.exec(spec.providerID ?? '') ?? [];
      const { Reservations } = await ec2.describeInstances({ InstanceIds: [id] });
      const instance = Reservations?.[0]?.Instances?.[0];
      assert.deepEqual([instance?.Placement?.AvailabilityZone, instance?.PrivateDnsName, instance?.State?.Name], [zone, metadata.name, 'running']);
      assert.deepEqual(['topology.kubernetes.io/zone', 'node.kubernetes.io/instance-type', 'eks.amazonaws.com/nodegroup'].map((label) => metadata.labels?.[label]), [zone, 't3.medium', cluster.nodegroup]);
      assert.deepEqual(status.addresses?.filter(({ type }) => type === 'InternalIP').map(({ address }) => address), [instance?.PrivateIpAddress]);
      assert.equal(status.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
    }
    assert.equal(new Set(items.map(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'])).size, 2, 'their zones differ');
  });

  it('run from an image in ECR, on both nodes, each with an address of the VPC', async () => {
    await kubectl('rollout', 'status', `--namespace=${name}`, 'deployment/web', '--timeout=600s');
    pods = (await kubectl.json<Items<Pod>>('get', 'pods', `--namespace=${name}`, '--selector=app=web')).items;
    assert.equal(pods.length, 4);
    assert.equal(new Set(pods.map(({ spec }) => spec.nodeName)).size, 2);
    const { Vpcs } = await ec2.describeVpcs({ VpcIds: [cluster.vpcId] });
    const [network = '', prefix = ''] = Vpcs?.[0]?.CidrBlock?.split('/') ?? [];
    const vpc = new BlockList();
    vpc.addSubnet(network, Number(prefix));
    for (const { status } of pods) assert.ok(vpc.check(status.podIP ?? ''), `${status.podIP} is not in ${network}/${prefix}`);
  });

  it('show their output and let one in', async () => {
    const pod = pods[0]?.metadata.name ?? '';
    assert.match(await kubectl('logs', `--namespace=${name}`, pod), /^serving version 1$/m);
    assert.equal(await kubectl('exec', `--namespace=${name}`, pod, '--', 'hostname'), pod);
  });

  it('find each other by cluster DNS, at a service, all of those behind it', async () => {
    await kubectl('expose', `--namespace=${name}`, 'deployment/web', '--port=80', '--target-port=8080');
    const from = pods[0]?.metadata.name ?? '';
    const fetch = (host: string) => kubectl('exec', `--namespace=${name}`, from, '--', 'timeout', '5', 'wget', '-q', '-O', '-', `http://${host}/cgi-bin/index.cgi`);
    await until('the service answers', 30, () => fetch(`web.${name}.svc.cluster.local`));
    const seen = new Set<string>();
    await until('each of them was reached', 30, async () => {
      seen.add(await fetch('web'));
      return holds(seen, ({ size }) => size === 4);
    });
    assert.deepEqual([...seen].sort(), pods.map(({ metadata }) => `version 1 from ${metadata.name}`).sort());
  });

  describe('behind the security group of the cluster', () => {
    let group = '';
    let probe: Probe;

    before(async () => {
      group = await openGroup(clients, cluster.vpcId, name, [8080]);
      probe = await launchProbe(clients, { SecurityGroupIds: [group], SubnetId: cluster.subnets[0] ?? '' });
      await listening(probe.publicAddress);
    });

    after(async () => {
      await terminate(clients, [probe.id]);
      await until('the security group is free', 60, async () => (await ec2.deleteSecurityGroup({ GroupId: group })).$metadata);
    });

    it('are reached by an instance outside of it once a rule says so, and no longer than that', async () => {
      const GroupId = (await clients.eks.describeCluster({ name: cluster.name })).cluster?.resourcesVpcConfig?.clusterSecurityGroupId;
      const rule = { GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: group }] }] };
      const reached = () => ask(probe.publicAddress, { url: `http://${pods[0]?.status.podIP}:8080/none`, timeoutMs: 2_000 });
      assert.equal((await reached()).status, 0);
      await ec2.authorizeSecurityGroupIngress(rule);
      await until('it is let in', 30, async () => holds(await reached(), ({ status }) => status === 404));
      await ec2.revokeSecurityGroupIngress(rule);
      await until('it is kept out again', 30, async () => holds(await reached(), ({ status }) => status === 0));
    });
  });
});
