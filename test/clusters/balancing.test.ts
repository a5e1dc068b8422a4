import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kubectlOf, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { get } from '../fixtures/http.ts';
import { deployment, ingress, namespace, service, type Balanced, type Items, type Node, type Pod } from '../fixtures/kubernetes.ts';
import { clients, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { ec2, elb } = clients;
const NLB = 'service.beta.kubernetes.io/aws-load-balancer';
const QUICK = { [`${NLB}-type`]: 'external', [`${NLB}-healthcheck-interval`]: '5', [`${NLB}-healthcheck-timeout`]: '3', [`${NLB}-healthcheck-healthy-threshold`]: '2' };
const PAGE = '/cgi-bin/index.cgi';

/** Services and Ingresses are balancers of the VPC, with the pods or the nodes behind them. */
describe('balancing', { skip, timeout: 3_600_000 }, () => {
  const name = unique('balancing');
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let groups: string[] = [];

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    groups = await securityGroups();
    await kubectl.apply(namespace(name), deployment(name, 'one', `${cluster.image}:1`, 2), deployment(name, 'two', `${cluster.image}:2`, 2));
    for (const one of ['one', 'two']) await kubectl('rollout', 'status', `--namespace=${name}`, `deployment/${one}`, '--timeout=600s');
    await kubectl.apply(
      service(name, 'one', { ...QUICK, [`${NLB}-nlb-target-type`]: 'ip' }),
      service(name, 'two', { ...QUICK, [`${NLB}-nlb-target-type`]: 'instance' }),
      ingress(name, { 'one.example.com': 'one', 'two.example.com': 'two' }),
    );
  });

  after(async () => {
    await kubectl('delete', 'namespace', name, '--wait=false');
  });

  const securityGroups = async () => ((await ec2.describeSecurityGroups({})).SecurityGroups ?? []).map(({ GroupId = '' }) => GroupId).sort();

  const hostOf = (kind: 'service' | 'ingress', one: string) => until(`${kind} ${one} has a balancer`, 60, async () => {
    const { status } = await kubectl.json<Balanced>('get', kind, one, `--namespace=${name}`);
    return status.loadBalancer?.ingress?.[0]?.hostname;
  });

  /** The balancer of that name, and the ids of its healthy targets once there are so many. */
  async function behind(dns: string, targets: number) {
    const { LoadBalancers = [] } = await elb.describeLoadBalancers({});
    const found = LoadBalancers.find(({ DNSName }) => DNSName === dns) ?? assert.fail(`no balancer is ${dns}`);
    const { TargetGroups = [] } = await elb.describeTargetGroups({ LoadBalancerArn: found.LoadBalancerArn });
    const healthy = await until('its targets are healthy', 90, async () => {
      const health = await Promise.all(TargetGroups.map(({ TargetGroupArn }) => elb.describeTargetHealth({ TargetGroupArn })));
      const all = health.flatMap(({ TargetHealthDescriptions = [] }) => TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({ id: Target?.Id ?? '', state: TargetHealth?.State })));
      return holds(all, () => all.length === targets && all.every(({ state }) => state === 'healthy'));
    });
    return { type: found.Type, scheme: found.Scheme, targets: healthy.map(({ id }) => id).sort() };
  }

  const answer = (dns: string, words: RegExp, host?: string) =>
    until(`${dns} answers ${words}`, 60, async () => holds(await get(`http://${dns}${PAGE}`, { ...(host && { host }) }), ({ status, body }) => status === 200 && words.test(body)));

  it('makes a network load balancer of a Service, whose targets are its pods', async () => {
    const dns = await hostOf('service', 'one');
    const { items } = await kubectl.json<Items<Pod>>('get', 'pods', `--namespace=${name}`, '--selector=app=one');
    assert.deepEqual(await behind(dns, 2), { type: 'network', scheme: 'internet-facing', targets: items.map(({ status }) => status.podIP ?? '').sort() });
    await answer(dns, /^version 1 from one-/);
  });

  it('makes one whose targets are the nodes', async () => {
    const dns = await hostOf('service', 'two');
    const { items } = await kubectl.json<Items<Node>>('get', 'nodes', '--selector=tier=web');
    assert.deepEqual((await behind(dns, 2)).targets, items.map(({ spec }) => spec.providerID?.split('/').at(-1) ?? '').sort());
    await answer(dns, /^version 2 from two-/);
  });

  it('makes an application load balancer of an Ingress, by host, and follows its changes', async () => {
    const dns = await hostOf('ingress', 'shop');
    assert.equal((await behind(dns, 4)).type, 'application');
    await answer(dns, /^version 1 from one-/, 'one.example.com');
    await answer(dns, /^version 2 from two-/, 'two.example.com');
    assert.equal((await get(`http://${dns}${PAGE}`, { host: 'three.example.com' })).status, 404);
    assert.equal((await get(`http://${dns}/elsewhere`, { host: 'one.example.com' })).status, 404);
    await kubectl.apply(ingress(name, { 'one.example.com': 'two' }));
    await answer(dns, /^version 2 from two-/, 'one.example.com');
    await until('the other host is gone', 30, async () => holds(await get(`http://${dns}${PAGE}`, { host: 'two.example.com' }), ({ status }) => status === 404));
  });

  it('follows its pods', async () => {
    await kubectl('scale', 'deployment/one', '--replicas=3', `--namespace=${name}`);
    await kubectl('rollout', 'status', `--namespace=${name}`, 'deployment/one', '--timeout=600s');
    const { items } = await kubectl.json<Items<Pod>>('get', 'pods', `--namespace=${name}`, '--selector=app=one');
    assert.equal(items.length, 3);
    assert.deepEqual((await behind(await hostOf('service', 'one'), 3)).targets, items.map(({ status }) => status.podIP ?? '').sort());
  });

  it('says in an event what it cannot do', async () => {
    await kubectl.apply(service(name, 'bad', { ...QUICK, [`${NLB}-nlb-target-type`]: 'pods' }));
    await until('an event says so', 30, async () => {
      const { items } = await kubectl.json<Items<{ message?: string; type?: string }>>('get', 'events', `--namespace=${name}`, '--field-selector=involvedObject.name=bad');
      return items.some(({ type, message = '' }) => type === 'Warning' && /nlb-target-type/.test(message));
    });
    await kubectl('delete', 'service', 'bad', `--namespace=${name}`);
  });

  it('leaves nothing when they are deleted', async () => {
    await kubectl('delete', 'service/one', 'service/two', 'ingress/shop', `--namespace=${name}`);
    const { LoadBalancers } = await elb.describeLoadBalancers({});
    assert.deepEqual(LoadBalancers?.filter(({ LoadBalancerName = '' }) => LoadBalancerName.startsWith('k8s-')).map(({ LoadBalancerName }) => LoadBalancerName), []);
    const { TargetGroups } = await elb.describeTargetGroups({});
    assert.deepEqual(TargetGroups?.map(({ TargetGroupName }) => TargetGroupName).filter((one) => one?.startsWith('k8s-')), []);
    assert.deepEqual((await securityGroups()).filter((id) => !groups.includes(id)), []);
  });
});
