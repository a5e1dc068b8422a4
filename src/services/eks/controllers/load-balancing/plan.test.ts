import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndpointSlice, Ingress, KubeNode, KubeService } from '../../../../kube/types.ts';
import { groupOf, isAlb, planIngresses } from './ingresses.ts';
import { finalizerOf, itemsOf, stackOf } from './items.ts';
import { PlanError } from './plan.ts';
import { isOurs, planService } from './services.ts';
import { targetsOf } from './targets.ts';

const NLB = 'service.beta.kubernetes.io/aws-load-balancer-';
const ALB = 'alb.ingress.kubernetes.io/';
const under = (prefix: string, values: Record<string, string>) => Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));

const service = (annotations: Record<string, string> = {}, spec: Partial<KubeService['spec']> = {}): KubeService => ({
  kind: 'Service', metadata: { name: 'web', namespace: 'default', uid: 'u1', annotations: under(NLB, annotations) },
  spec: { type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }], ...spec },
});
const ingress = (name: string, annotations: Record<string, string>, rules: Ingress['spec']['rules'], more: Partial<Ingress['spec']> = {}): Ingress => ({
  kind: 'Ingress', metadata: { name, namespace: 'default', uid: `uid-${name}`, annotations: under(ALB, annotations) }, spec: { ingressClassName: 'alb', ...(rules ? { rules } : {}), ...more },
});
const to = (path: string, pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific', name = 'web') => ({ path, pathType, backend: { service: { name, port: { number: 80 } } } });
const find = (_namespace: string, name: string) => (name === 'web' ? service() : undefined);
const plan = (...members: Ingress[]) => planIngresses('shop', groupOf(members[0]!), members, find);

describe('a Service', () => {
  it('goes by its node ports unless told otherwise', () => {
    const { type, scheme, listeners, groups } = planService('shop', service());
    assert.deepEqual([type, scheme], ['network', 'internet-facing']);
    assert.deepEqual(listeners.map(({ port, protocol }) => [port, protocol]), [[80, 'TCP']]);
    assert.deepEqual(groups.map(({ targetType, port, healthCheck }) => [targetType, port, healthCheck.protocol, healthCheck.port]), [['instance', 30080, 'TCP', 'traffic-port']]);
  });

  it('takes addresses, scheme, checks, ranges and attributes from annotations', () => {
    const { scheme, groups, inboundCidrs, attributes } = planService('shop', service({
      type: 'external', 'nlb-target-type': 'ip', scheme: 'internal', 'healthcheck-protocol': 'http', 'healthcheck-path': '/up', 'healthcheck-interval': '20', attributes: 'load_balancing.cross_zone.enabled=true', 'proxy-protocol': '*',
    }, { loadBalancerSourceRanges: ['10.0.0.0/8'] }));
    assert.equal(scheme, 'internal');
    assert.deepEqual(inboundCidrs, ['10.0.0.0/8']);
    assert.deepEqual(attributes, { 'load_balancing.cross_zone.enabled': 'true' });
    const [group] = groups;
    assert.deepEqual([group?.targetType, group?.port, group?.healthCheck.protocol, group?.healthCheck.path, group?.healthCheck.intervalSeconds], ['ip', 8080, 'HTTP', '/up', 20]);
    assert.deepEqual(group?.attributes, { 'proxy_protocol_v2.enabled': 'true' });
  });

  it('gives another group another name whenever it cannot be changed into what is wanted', () => {
    const name = (annotations: Record<string, string>) => planService('shop', service(annotations)).groups[0]?.name;
    assert.equal(name({ 'healthcheck-interval': '20' }), name({}));
    assert.notEqual(name({ 'nlb-target-type': 'ip' }), name({}));
    assert.match(name({}) ?? '', /^k8s-default-web-[0-9a-f]{10}$/);
  });

  it('checks the health of nodes where only local endpoints are served', () => {
    const { healthCheck } = planService('shop', service({}, { externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 })).groups[0]!;
    assert.deepEqual([healthCheck.protocol, healthCheck.port, healthCheck.path], ['HTTP', '31000', '/healthz']);
  });

  it('is told what is wrong with it', () => {
    assert.throws(() => planService('shop', service({ scheme: 'public' })), new PlanError(`invalid value of annotation ${NLB}scheme: public`));
    assert.throws(() => planService('shop', service({}, { ports: [{ port: 53, protocol: 'UDP' }] })), /UDP are not implemented/);
  });

  it('of another class or type is not ours', () => {
    assert.deepEqual([service(), service({}, { loadBalancerClass: 'service.k8s.aws/nlb' }), service({}, { loadBalancerClass: 'other/class' }), service({}, { type: 'ClusterIP' })].map(isOurs), [true, true, false, false]);
  });
});

describe('Ingresses', () => {
  it('become rules of hosts and paths, the most precise first, and 404 for the rest', () => {
    const { listeners, groups } = plan(ingress('shop', { 'target-type': 'ip' }, [{ host: 'shop.test', http: { paths: [to('/', 'Prefix'), to('/img*', 'ImplementationSpecific'), to('/a', 'Prefix'), to('/a/b', 'Prefix'), to('/exact', 'Exact')] } }]));
    const [listener] = listeners;
    assert.deepEqual(listener?.rules.map(({ conditions }) => conditions.find(({ field }) => field === 'path-pattern')?.values), [['/exact'], ['/a/b', '/a/b/*'], ['/a', '/a/*'], undefined, ['/img*']]);
    assert.ok(listener?.rules.every(({ conditions }) => conditions.some(({ field, values }) => field === 'host-header' && values[0] === 'shop.test')));
    assert.deepEqual([listener?.port, listener?.defaultAction], [80, { type: 'fixed-response', statusCode: '404', contentType: 'text/plain', body: '' }]);
    assert.deepEqual(groups.map(({ targetType, protocol, healthCheck }) => [targetType, protocol, healthCheck.path, healthCheck.matcher]), [['ip', 'HTTP', '/', '200']]);
  });

  it('answer 503 for a Service that is not there, and say which port a Service lacks', () => {
    const { listeners, groups } = plan(ingress('a', {}, undefined, { defaultBackend: { service: { name: 'gone', port: { number: 80 } } } }));
    assert.deepEqual([listeners[0]?.defaultAction.type, groups.length], ['fixed-response', 0]);
    assert.throws(() => plan(ingress('a', {}, undefined, { defaultBackend: { service: { name: 'web', port: { number: 81 } } } })), /service default\/web has no port 81/);
  });

  it('share a balancer by group, in the order they ask for', () => {
    const [first, second] = [ingress('a', { 'group.name': 'g', 'group.order': '2' }, [{ host: 'a.test', http: { paths: [to('/', 'Prefix')] } }]), ingress('b', { 'group.name': 'g', 'listen-ports': '[{"HTTP": 80}, {"HTTP": 8080}]' }, [{ host: 'b.test', http: { paths: [to('/', 'Prefix')] } }])];
    const { listeners } = plan(first, second);
    assert.deepEqual(listeners.map(({ port, rules }) => [port, rules.map(({ conditions }) => conditions[0]?.values[0])]), [[80, ['b.test', 'a.test']], [8080, ['b.test']]]);
    assert.throws(() => plan(ingress('a', { 'group.name': 'g', scheme: 'internal' }, []), ingress('b', { 'group.name': 'g', scheme: 'internet-facing' }, [])), /conflicting scheme/);
  });

  it('redirect, answer and split by actions of annotations, in either spelling', () => {
    const backend = (name: string) => ({ service: { name, port: { name: 'use-annotation' } } });
    const action = (value: object) => plan(ingress('a', { 'actions.x': JSON.stringify(value) }, undefined, { defaultBackend: backend('x') })).listeners[0]?.defaultAction;
    assert.deepEqual(action({ type: 'fixed-response', fixedResponseConfig: { contentType: 'text/plain', statusCode: '418', messageBody: 'tea' } }), { type: 'fixed-response', statusCode: '418', contentType: 'text/plain', body: 'tea' });
    assert.deepEqual(action({ Type: 'redirect', RedirectConfig: { Host: 'new.test', StatusCode: 'HTTP_302' } }), { type: 'redirect', protocol: '#{protocol}', host: 'new.test', port: '#{port}', path: '/#{path}', query: '#{query}', statusCode: 'HTTP_302' });
    const split = action({ type: 'forward', forwardConfig: { targetGroups: [{ serviceName: 'web', servicePort: 80, weight: 20 }, { serviceName: 'gone', servicePort: 80, weight: 80 }] } });
    assert.deepEqual(split?.type === 'forward' && split.groups.map(({ weight }) => weight), [20]);
    assert.throws(() => action({ type: 'dance' }), /actions\.x/);
  });

  it('of class alb, by name or by controller, are ours', () => {
    const of = (ingressClassName: string) => isAlb(ingress('a', {}, [], { ingressClassName }), new Set(['mine']));
    assert.deepEqual([of('alb'), of('mine'), of('nginx')], [true, true, false]);
  });
});

describe('targets', () => {
  const slice = (endpoints: EndpointSlice['endpoints'], port = 8080): EndpointSlice => ({
    kind: 'EndpointSlice', metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', ports: [{ name: '', port }], ...(endpoints ? { endpoints } : {}),
  });
  const node = (id: string, ready: boolean, labels: Record<string, string> = {}): KubeNode => ({
    kind: 'Node', metadata: { name: id, labels }, spec: { providerID: `aws:///us-east-1a/${id}` }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });

  it('are the ready endpoints of the port, each once', () => {
    const [group] = planService('shop', service({ 'nlb-target-type': 'ip' })).groups;
    const slices = [slice([{ addresses: ['10.0.0.1'], conditions: { ready: true } }, { addresses: ['10.0.0.2'], conditions: { ready: false } }, { addresses: ['10.0.0.3'], conditions: { ready: true, terminating: true } }]), slice([{ addresses: ['10.0.0.1'] }]), { ...slice([{ addresses: ['10.0.0.9'] }]), metadata: { name: 'o', namespace: 'other', labels: { 'kubernetes.io/service-name': 'web' } } }];
    assert.deepEqual(targetsOf(group!, slices, []), [{ id: '10.0.0.1', port: 8080 }]);
  });

  it('are Ready nodes that do not stand aside, at the node port', () => {
    const [group] = planService('shop', service()).groups;
    const nodes = [node('i-01', true), node('i-02', false), node('i-03', true, { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }), node('i-04', true, { 'eks.amazonaws.com/compute-type': 'fargate' })];
    assert.deepEqual(targetsOf(group!, [], nodes), [{ id: 'i-01', port: 30080 }]);
  });
});

describe('items', () => {
  const known = { services: [service()], ingresses: [ingress('shop', {}, [{ http: { paths: [to('/', 'Prefix')] } }]), ingress('other', {}, [])] };
  it('are the stacks that a changed object concerns', () => {
    const of = (object: Parameters<typeof itemsOf>[1]) => itemsOf('eks/cluster/1/r/shop', object, known);
    assert.deepEqual(of({ kind: 'EndpointSlice', metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } } }), ['eks/cluster/1/r/shop|service|default/web', 'eks/cluster/1/r/shop|ingress|default/shop']);
    assert.deepEqual(of({ kind: 'IngressClass', metadata: { name: 'alb' } }), ['eks/cluster/1/r/shop']);
    const moved = ingress('shop', { 'group.name': 'new' }, []);
    moved.metadata.finalizers = [finalizerOf({ kind: 'ingress', id: 'old' }), finalizerOf({ kind: 'ingress', id: 'default/shop' })];
    assert.deepEqual(of(moved).map((item) => stackOf(item).stack?.id), ['new', 'old', 'default/shop']);
  });
});
