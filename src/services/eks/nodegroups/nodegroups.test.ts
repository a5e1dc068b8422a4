import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwsError } from '../../../control/error.ts';
import type { KubeNode, Pod, Taint } from '../../../kube/types.ts';
import type { Instance } from '../../ec2/index.ts';
import { nodeStep } from '../controllers/nodes.ts';
import type { Nodegroup, Update } from '../records.ts';
import { checkLabels, checkTaints, scalingFrom, typesFrom, updateConfigFrom } from './check.ts';
import { drain, leaving } from './drain.ts';
import { healthOf, refused } from './health.ts';
import type { Fleet } from './health.ts';
import { nodePatch } from './node-labels.ts';
import { nodeConfig, userData } from './user-data.ts';

const BORN = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;
const group = (more: Partial<Nodegroup> = {}): Nodegroup => ({
  name: 'workers', cluster: 'shop', arn: 'arn', id: 'id', version: '1.36', releaseVersion: '1.36.3-20260101', createdAt: new Date(BORN).toISOString(), modifiedAt: new Date(BORN).toISOString(), status: 'CREATING',
  capacityType: 'ON_DEMAND', scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 2 }, instanceTypes: ['t3.medium'], subnetIds: ['subnet-1'], amiType: 'AL2023_x86_64_STANDARD', nodeRole: 'arn:aws:iam::1:role/node',
  labels: {}, taints: [], diskSize: 20, updateConfig: { maxUnavailable: 1 }, autoScalingGroupName: 'eks-workers-id', issues: [], tags: {}, ...more,
});
const inService = (...ids: string[]) => ids.map((id) => ({ id, zone: 'a', lifecycleState: 'InService', launchedAt: BORN, templateVersion: 1 }));
const fleet = (instances: Fleet['instances'], failure?: string): Fleet => ({ desired: 2, instances, failure });
const words = (message: string) => (error: unknown) => error instanceof AwsError && error.code === 'InvalidParameterException' && error.message === message;

describe('what is asked of a node group', () => {
  it('has sizes in order', () => {
    const before = { minSize: 1, maxSize: 2, desiredSize: 2 };
    assert.deepEqual(scalingFrom({ maxSize: 5 }, before), { minSize: 1, maxSize: 5, desiredSize: 2 });
    assert.throws(() => scalingFrom({ desiredSize: 3 }, before), words("desired capacity 3 can't be greater than max size 2"));
    assert.throws(() => scalingFrom({ desiredSize: 0 }, before), words("Minimum capacity 1 can't be greater than desired size 0"));
  });

  it('has an amount of nodes that may be unavailable, as a number or a share', () => {
    assert.deepEqual(updateConfigFrom(undefined, { maxUnavailable: 1 }), { maxUnavailable: 1 });
    assert.deepEqual(updateConfigFrom({ maxUnavailablePercentage: 50 }, { maxUnavailable: 1 }), { maxUnavailablePercentage: 50 });
    assert.deepEqual(updateConfigFrom({ updateStrategy: 'MINIMAL' }, { maxUnavailable: 2 }), { maxUnavailable: 2, updateStrategy: 'MINIMAL' });
    assert.throws(() => updateConfigFrom({ maxUnavailable: 1, maxUnavailablePercentage: 10 }, { maxUnavailable: 1 }), /Only one of/);
    assert.throws(() => updateConfigFrom({ maxUnavailablePercentage: 200 }, { maxUnavailable: 1 }), /between 1 and 100/);
  });

  it("has its instance types from the group or from the template, t3.medium where neither says", () => {
    const choice = { id: 'lt-1', name: 'lt', version: '1' };
    assert.deepEqual([typesFrom(undefined, undefined), typesFrom(['t3.large'], { choice }), typesFrom(undefined, { choice }), typesFrom(undefined, { choice, instanceType: 't3.large' })], [['t3.medium'], ['t3.large'], ['t3.medium'], []]);
    assert.throws(() => typesFrom(['t3.large'], { choice, instanceType: 't3.large' }), /cannot specify an instance type/);
    assert.throws(() => typesFrom(['z9.huge'], undefined), words('The following supplied instance types do not exist: [z9.huge]'));
  });

  it('has labels and taints that Kubernetes takes and that are not its own', () => {
    assert.throws(() => checkLabels({ 'eks.amazonaws.com/x': 'y' }), words('Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]'));
    assert.throws(() => checkLabels({ 'node.kubernetes.io/x': 'y' }), /reserved/);
    assert.throws(() => checkLabels({ a: 'two words' }), /not a valid Kubernetes label value/);
    assert.deepEqual(checkLabels({ tier: 'web', 'example.com/team': '' }), { tier: 'web', 'example.com/team': '' });
    assert.throws(() => checkTaints([{ key: 'a', effect: 'NO_SCHEDULE' }, { key: 'a', value: 'b', effect: 'NO_SCHEDULE' }]), /unique/);
    assert.throws(() => checkTaints([{ key: 'a', value: 'two words', effect: 'NO_SCHEDULE' }]), /not a valid Kubernetes taint value/);
  });
});

describe('a node group is', () => {
  const status = (more: Partial<Parameters<typeof healthOf>[0]>) => healthOf({ now: BORN + MINUTE, group: group(), fleet: fleet(inService('i-1', 'i-2')), ready: new Set(['i-1', 'i-2']), ...more });

  it('ACTIVE once all that are desired are Ready nodes', () => {
    assert.equal(status({}).status, 'ACTIVE');
    assert.equal(status({ ready: new Set(['i-1']) }).status, 'CREATING');
    assert.equal(status({ fleet: fleet(inService('i-1')), ready: new Set(['i-1']) }).status, 'CREATING');
  });

  it('CREATE_FAILED when launches fail for long, or instances do not join; and stays so', () => {
    const failing = fleet([], 'no room');
    assert.deepEqual(status({ fleet: failing }), { status: 'CREATING', issues: [{ code: 'AsgInstanceLaunchFailures', message: 'no room', resourceIds: ['eks-workers-id'] }] });
    assert.equal(status({ fleet: failing, now: BORN + 4 * MINUTE }).status, 'CREATE_FAILED');
    const lost = status({ ready: new Set(['i-1']), now: BORN + 11 * MINUTE });
    assert.deepEqual([lost.status, lost.issues[0]?.code, lost.issues[0]?.resourceIds], ['CREATE_FAILED', 'NodeCreationFailure', ['i-2']]);
    assert.equal(status({ group: group({ status: 'CREATE_FAILED' }) }).status, 'CREATE_FAILED');
    assert.deepEqual(refused(BORN + 4 * MINUTE, group(), { code: 'ValidationError', message: 'You must use a valid fully-formed launch template.' }).issues[0]?.code, 'Ec2LaunchTemplateInvalidConfiguration');
  });

  it('DEGRADED while an active one cannot launch or has lost its group, and ACTIVE again after', () => {
    const active = group({ status: 'ACTIVE' });
    assert.equal(status({ group: active, fleet: fleet(inService('i-1'), 'no room') }).status, 'DEGRADED');
    assert.equal(status({ group: active, fleet: undefined }).issues[0]?.code, 'AutoScalingGroupNotFound');
    assert.deepEqual(status({ group: group({ status: 'DEGRADED' }) }), { status: 'ACTIVE', issues: [] });
  });
});

describe('draining', () => {
  const node = (name: string, unschedulable = false): KubeNode => ({ metadata: { name }, spec: { unschedulable } });
  const pod = (name: string, nodeName: string, more: Partial<Pod['metadata']> = {}, phase = 'Running'): Pod => ({ metadata: { name, namespace: 'default', ...more }, spec: { nodeName }, status: { phase } });
  const daemon = { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }] };

  it('evicts what would not come back by itself, and waits for what is on its way out', () => {
    const pods = [pod('web', 'a'), pod('leaving', 'a', { deletionTimestamp: 'now' }), pod('daemon', 'a', daemon), pod('static', 'a', { annotations: { 'kubernetes.io/config.mirror': 'x' } }), pod('done', 'a', {}, 'Succeeded'), pod('elsewhere', 'b')];
    const plan = drain({ nodes: [node('a'), node('c', true)], pods, others: 1, forMs: 0 });
    assert.deepEqual([plan.cordon, plan.evict.map(({ metadata }) => metadata.name), plan.done], [['a'], ['web'], false]);
  });

  it('is done when only daemons are left, or after five minutes; sooner where pods have nowhere to go', () => {
    const left = (others: number, forMs: number) => drain({ nodes: [node('a', true)], pods: [pod('web', 'a')], others, forMs }).done;
    assert.equal(drain({ nodes: [node('a', true)], pods: [pod('daemon', 'a', daemon)], others: 1, forMs: 0 }).done, true);
    assert.deepEqual([left(1, 4 * MINUTE), left(1, 6 * MINUTE), left(0, MINUTE)], [false, true, true]);
  });
});

describe('a group that shrinks', () => {
  const one = (id: string, zone: string, age: number, lifecycleState = 'InService') => ({ id, zone, lifecycleState, launchedAt: BORN - age, templateVersion: 1 });
  const instances = [one('old', 'a', 9), one('young', 'a', 1), one('alone', 'b', 99), one('going', 'b', 99, 'Terminating')];
  const all = new Set(['old', 'young', 'alone']);

  it('gives up what is no node first, then the oldest of the fullest zone; and goes on with what it began', () => {
    const of = (desired: number, ready = all, cordoned = new Set<string>()) => leaving({ desired: 3, instances, failure: undefined }, desired, { ready, cordoned });
    assert.deepEqual([of(3), of(2), of(1)], [[], ['old'], ['old', 'alone']]);
    assert.deepEqual(of(2, new Set(['old', 'alone'])), ['young']);
    assert.deepEqual(of(2, all, new Set(['alone'])), ['alone']);
  });
});

describe('nodes of a group', () => {
  const update = (type: string, value: unknown): Update => ({ id: 'u', cluster: 'shop', type: 'ConfigUpdate', status: 'InProgress', params: [{ type, value: JSON.stringify(value) }], createdAt: '', errors: [] });
  const other: Taint = { key: 'mine', effect: 'NoSchedule' };
  const node = (labels: Record<string, string>, taints: Taint[] = []): KubeNode => ({ metadata: { name: 'n', resourceVersion: '7', labels }, spec: { taints } });

  it('get its labels and taints, lose what it removed, and keep what is not its own', () => {
    const wanted = group({ labels: { team: 'a' }, taints: [{ key: 'dedicated', value: 'web', effect: 'NO_SCHEDULE' }] });
    const removed = [update('LabelsToRemove', ['tier']), update('TaintsToRemove', [{ key: 'old', effect: 'NO_EXECUTE' }])];
    assert.deepEqual(nodePatch(node({ tier: 'web', own: 'x' }, [other, { key: 'old', effect: 'NoExecute' }]), wanted, removed), {
      metadata: { resourceVersion: '7', labels: { team: 'a', tier: null } }, spec: { taints: [other, { key: 'dedicated', value: 'web', effect: 'NoSchedule' }] },
    });
    assert.equal(nodePatch(node({ team: 'a' }, [other, { key: 'dedicated', value: 'web', effect: 'NoSchedule' }]), wanted, removed), undefined);
  });

  const instance = { id: 'i-01', zone: 'us-east-1a', instanceType: 't3.medium', privateAddress: '10.0.0.5', state: 'running' } as Instance;
  it('go with their instance, and are told where they are', () => {
    assert.deepEqual(nodeStep(node({}), undefined, 'us-east-1'), { type: 'delete' });
    assert.deepEqual(nodeStep(node({}), { ...instance, state: 'terminated' }, 'us-east-1'), { type: 'delete' });
    assert.deepEqual(nodeStep(node({}), null, 'us-east-1'), { type: 'nothing' });
    const step = nodeStep(node({}, [other, { key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule' }]), instance, 'us-east-1');
    assert.ok(step.type === 'patch');
    const patch = step.patch as { metadata: { labels: Record<string, string> }; spec: { providerID: string; taints: Taint[] } };
    assert.deepEqual([patch.spec.providerID, patch.spec.taints, patch.metadata.labels['topology.kubernetes.io/zone']], ['aws:///us-east-1a/i-01', [other], 'us-east-1a']);
  });

  it('are left alone once they have everything', () => {
    const labels = { 'topology.kubernetes.io/zone': 'us-east-1a', 'topology.kubernetes.io/region': 'us-east-1', 'node.kubernetes.io/instance-type': 't3.medium', 'topology.k8s.aws/zone-id': 'use1-az1', 'failure-domain.beta.kubernetes.io/zone': 'us-east-1a', 'failure-domain.beta.kubernetes.io/region': 'us-east-1', 'beta.kubernetes.io/instance-type': 't3.medium' };
    const whole: KubeNode = { metadata: { name: 'n', labels }, spec: { providerID: 'aws:///us-east-1a/i-01' }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.5' }] } };
    assert.deepEqual(nodeStep(whole, instance, 'us-east-1'), { type: 'nothing' });
    const stopped = nodeStep(whole, { ...instance, state: 'stopped' }, 'us-east-1');
    assert.ok(stopped.type === 'patch' && JSON.stringify(stopped.patch).includes('node.cloudprovider.kubernetes.io/shutdown'));
  });
});

describe('user data', () => {
  const config = nodeConfig({ cluster: { name: 'shop', serviceCidr: '10.100.0.0/16', endpointName: 'x.eks.test' }, certificateAuthority: 'PEM', group: group({ labels: { tier: 'web' }, taints: [{ key: 'a', effect: 'NO_EXECUTE' }] }), imageId: 'ami-1' });

  it('is a NodeConfig with the labels and taints with which the kubelet registers', () => {
    assert.match(config, /kind: NodeConfig/);
    assert.match(config, /- "--node-labels=tier=web,eks.amazonaws.com\/nodegroup=workers,/);
    assert.match(config, /- "--register-with-taints=a=:NoExecute"/);
    assert.match(config, /clusterDNS:\n {6}- 10\.100\.0\.10/);
  });

  it("is a part beside the customer's own", () => {
    const theirs = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==B=="\n\n--==B==\nContent-Type: text/x-shellscript\n\n#!/bin/sh\ntrue\n\n--==B==--\n';
    const both = userData(config, theirs);
    assert.equal(both.split('--==B==\n').length, 3);
    assert.ok(both.trimEnd().endsWith('--==B==--') && both.includes('#!/bin/sh') && both.includes('application/node.eks.aws'));
    assert.throws(() => userData(config, '#!/bin/sh\ntrue\n'), words('User data was not in the MIME multipart format'));
  });
});
