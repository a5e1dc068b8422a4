import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clusterActive, kubectlOf, nodegroupActive, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { gantry, status } from '../fixtures/gantry.ts';
import { deployment, isReady, namespace, type Items, type Node } from '../fixtures/kubernetes.ts';
import { etcdMembers, membersOf, type Member } from '../fixtures/members.ts';
import { clients, shared, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';
import { writeConfigMaps } from '../fixtures/writer.ts';

/** The promise of a control plane in three zones. */
const AWAY_AT_MOST_MS = 5_000;
const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

/**
 * What a control plane is made of is killed with -9 while a deployment rolls and a client writes. Each write that was acknowledged is
 * there, the API was never away for long, the rollout completes, and what died is replaced.
 */
describe('a part of a cluster is killed while a deployment rolls and a client writes', { skip, timeout: 3_600_000 }, () => {
  const name = unique('faults');
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let tag = 1;

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    await kubectl.apply(namespace(name), deployment(name, 'web', `${cluster.image}:${tag}`, 4));
    await rolledOut();
  });

  after(async () => {
    await until('the namespace goes', 30, () => kubectl('delete', 'namespace', name, '--wait=false'));
  });

  const rolledOut = () => kubectl('rollout', 'status', `--namespace=${name}`, 'deployment/web', '--timeout=600s');

  /** Rolls, kills in the middle of it, waits for the rollout and for what must have healed; then counts. */
  async function endure(kill: () => Promise<unknown>, healed: () => Promise<unknown>): Promise<void> {
    await using writer = writeConfigMaps(kubectl, name);
    await until('the client writes', 30, () => writer.acknowledged.length > 3);
    tag = 3 - tag;
    await kubectl('set', 'image', `--namespace=${name}`, 'deployment/web', `web=${cluster.image}:${tag}`);
    await kill();
    await until('the rollout completes', 120, rolledOut);
    await healed();
    await writer.stop();
    const { items } = await kubectl.json<Items<{ metadata: { name: string }; data?: object }>>('get', 'configmaps', `--namespace=${name}`);
    const there = new Set(items.map(({ metadata }) => metadata.name));
    assert.deepEqual(writer.acknowledged.filter((one) => !there.has(one)), [], 'acknowledged writes that are lost');
    assert.ok(writer.longestGapMs() <= AWAY_AT_MOST_MS, `the API was away for ${writer.longestGapMs()} ms:\n${writer.failures.join('\n')}`);
  }

  /** Three members are there, in three zones, without those that died, and etcd counts them all and no other. */
  function threeMembers(dead: readonly string[] = []): Promise<unknown> {
    return until('three healthy members', 120, async () => {
      const members = await membersOf(cluster.name);
      const [first] = members;
      const etcd = first ? await etcdMembers(first) : [];
      return holds({ members, etcd }, () => new Set(members.map(({ zone }) => zone)).size === 3 && members.length === 3 && members.every(({ id }) => !dead.includes(id))
        && etcd.length === 3 && etcd.every(({ healthy, name: id }) => healthy && members.some((member) => member.id === id)));
    });
  }

  const inZone = async (letter: string): Promise<Member> => (await membersOf(cluster.name)).find(({ zone }) => zone.endsWith(letter)) ?? assert.fail(`no member in zone ${letter}`);

  /** A program of which one works at a time is killed where it does. */
  async function holderOf(program: string, otherwise: Member): Promise<Member> {
    const holder = await kubectl('get', 'lease', program, '--namespace=kube-system', '--output=jsonpath={.spec.holderIdentity}');
    return (await membersOf(cluster.name)).find(({ address }) => holder.startsWith(`ip-${address.replaceAll('.', '-')}_`)) ?? otherwise;
  }

  it('each program of the control plane in turn, those that lead where they do', async () => {
    const member = await inZone('b');
    const members = await membersOf(cluster.name);
    await endure(async () => {
      for (const program of PROGRAMS) {
        const leads = program === 'kube-controller-manager' || program === 'kube-scheduler';
        const { id } = leads ? await until(`${program} has a leader`, 20, () => holderOf(program, member)) : member;
        await gantry(shared.name, 'drill', 'kill-process', id, program);
      }
    }, () => threeMembers());
    assert.deepEqual((await membersOf(cluster.name)).map(({ id }) => id).sort(), members.map(({ id }) => id).sort(), 'a program is started again where it was');
  });

  it('the member whose etcd leads: another one takes its place', async () => {
    const members = await membersOf(cluster.name);
    const leader = await until('one leads', 30, async () => (await etcdMembers(members[0] ?? assert.fail('no member'))).find(({ leads }) => leads)?.name);
    await endure(() => gantry(shared.name, 'drill', 'kill-instance', leader), () => threeMembers([leader]));
  });

  it('a zone of the control plane, and a node', async () => {
    const { id } = await inZone('a');
    const { items } = await kubectl.json<Items<Node>>('get', 'nodes', '--selector=tier=web');
    const node = items[0]?.metadata.name ?? '';
    const instance = items[0]?.spec.providerID?.split('/').at(-1) ?? '';
    await endure(
      () => Promise.all([gantry(shared.name, 'drill', 'kill-zone', '--cluster', cluster.name, '--zone', 'a'), clients.ec2.terminateInstances({ InstanceIds: [instance] })]),
      async () => {
        await threeMembers([id]);
        await until('two nodes are ready again', 120, async () => {
          const now = await kubectl.json<Items<Node>>('get', 'nodes', '--selector=tier=web');
          const ready = now.items.filter(isReady).map(({ metadata }) => metadata.name);
          return holds(now.items.map(({ metadata }) => metadata.name), (all) => all.length === 2 && ready.length === 2 && !all.includes(node));
        });
      },
    );
    await nodegroupActive(clients, cluster.name, cluster.nodegroup);
  });

  it("Gantry's own control plane: the cluster does not notice", async () => {
    await endure(
      async () => process.kill((await status(shared.name)).controlPlane.pid ?? assert.fail('no control plane'), 'SIGKILL'),
      () => clusterActive(clients, cluster.name),
    );
    await threeMembers();
  });
});
