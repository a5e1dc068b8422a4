import type { Controller } from '../../../../control/controller.ts';
import { AwsError } from '../../../../control/error.ts';
import type { Env, Scope } from '../../../../control/service.ts';
import { isConflict, isNotFound } from '../../../../kube/errors.ts';
import { endpointSlices, ingressClasses, ingresses, nodes, services } from '../../../../kube/resources.ts';
import type { Resource } from '../../../../kube/resources.ts';
import type { BalancerStatus, Ingress, KubeObject } from '../../../../kube/types.ts';
import { clusters } from '../../records.ts';
import type { Cluster } from '../../records.ts';
import { clusterWorlds } from '../../worlds.ts';
import type { World } from '../../worlds.ts';
import { applyPlan, removeStack } from './apply.ts';
import type { Stack } from './apply.ts';
import { tell } from './events.ts';
import { finalizerOf, itemsOf, stackOf } from './items.ts';
import { groupOf, inOrder, isAlb, planIngresses } from './ingresses.ts';
import { PlanError } from './plan.ts';
import type { BalancerPlan } from './plan.ts';
import { isOurs, planService } from './services.ts';
import { targetsOf } from './targets.ts';

/**
 * What the AWS Load Balancer Controller does, beside the cluster as EKS Auto Mode does it: a Service of type LoadBalancer becomes a
 * network load balancer, an Ingress of class `alb` an application load balancer. An item is a Service, a group of Ingresses, or a
 * cluster (for its IngressClass).
 */
const WATCHED = { services, ingresses, endpointSlices, nodes, ingressClasses };
type Sight = World<typeof WATCHED>;

const worlds = clusterWorlds(WATCHED, (cluster, object, scope, caches) => itemsOf(clusters.key(scope, cluster.name), object, { services: caches.services.list(), ingresses: caches.ingresses.list() }));

export const loadBalancingController: Controller = {
  name: 'eks/load-balancing',
  watches: [{ prefix: clusters.prefix }],
  listen: worlds.listen,
  async reconcile(item, env) {
    const { clusterKey, stack } = stackOf(item);
    const cluster = (await clusters.at(env.store, clusterKey))?.value;
    if (!cluster || cluster.status === 'CREATING' || cluster.status === 'FAILED') return undefined;
    const scope = clusters.parse(clusterKey);
    const sight = worlds.of(env, clusterKey);
    if (!sight) return { againInMs: 1000 };
    if (!stack) return keepClass(sight);
    return stack.kind === 'service' ? settleService(env, scope, cluster, sight, stack) : settleIngresses(env, scope, cluster, sight, stack);
  },
};

/** Each cluster has the class from birth; a user who deletes it gets it back, as Auto Mode's add-ons do. */
async function keepClass({ client, caches }: Sight): Promise<void> {
  if (!caches.ingressClasses.get('alb')) await client.apply(ingressClasses, { metadata: { name: 'alb' }, spec: { controller: 'ingress.k8s.aws/alb' } });
}

async function settleService(env: Env, scope: Scope, cluster: Cluster, sight: Sight, stack: Stack) {
  const [namespace = '', name = ''] = stack.id.split('/');
  const service = sight.caches.services.get(name, namespace);
  if (!service) return undefined;
  const view: View<typeof services> = { env, scope, cluster, sight, stack, resource: services, members: isOurs(service) ? [service] : [], leaving: isOurs(service) ? [] : [service] };
  return settle(view, () => planService(cluster.name, service));
}

async function settleIngresses(env: Env, scope: Scope, cluster: Cluster, sight: Sight, stack: Stack) {
  const all = sight.caches.ingresses.list();
  const classes = new Set(sight.caches.ingressClasses.list().filter(({ spec }) => spec.controller === 'ingress.k8s.aws/alb' || spec.controller === 'eks.amazonaws.com/alb').map(({ metadata }) => metadata.name));
  const isMember = (ingress: Ingress) => isAlb(ingress, classes) && groupOf(ingress).name === stack.id;
  const members = inOrder(all.filter(isMember));
  const leaving = all.filter((ingress) => !isMember(ingress) && ingress.metadata.finalizers?.includes(finalizerOf(stack)));
  return settle({ env, scope, cluster, sight, stack, resource: ingresses, members, leaving }, () => planIngresses(cluster.name, { name: stack.id, explicit: !stack.id.includes('/') }, members, (namespace, name) => sight.caches.services.get(name, namespace)));
}

interface View<R extends Resource> {
  env: Env;
  scope: Scope;
  cluster: Cluster;
  sight: Sight;
  stack: Stack;
  resource: R;
  /** Whose balancer it is. */
  members: KubeObject[];
  /** Deleted, or no longer of this stack: let go once what was theirs is gone. */
  leaving: KubeObject[];
}

/** Finalizers first, so that nothing is made that nobody takes away; the status last, when it is true. */
async function settle<R extends Resource>(view: View<R>, planOf: () => BalancerPlan): Promise<undefined | { againInMs: number }> {
  const { env, scope, cluster, sight, stack, members } = view;
  const finalizer = finalizerOf(stack);
  const held = view.leaving.filter(({ metadata }) => metadata.finalizers?.includes(finalizer));
  if (!members.length) {
    if (held.length && !(await removeStack(env, scope, cluster, stack))) return { againInMs: 1000 };
    for (const object of held) await letGo(view, object, finalizer);
    return undefined;
  }
  try {
    for (const { metadata } of members) if (!metadata.finalizers?.includes(finalizer)) await patch(view, metadata, { metadata: { resourceVersion: metadata.resourceVersion, finalizers: [...(metadata.finalizers ?? []), finalizer] } });
    const { caches } = sight;
    const hostname = await applyPlan(env, scope, cluster, stack, planOf(), (group) => targetsOf(group, caches.endpointSlices.list(), caches.nodes.list()));
    for (const object of members) await publish(view, object, hostname);
  } catch (error) {
    await complain(view, error);
    if (error instanceof PlanError) return undefined;
    throw error;
  }
  for (const object of held) await letGo(view, object, finalizer);
  return undefined;
}

async function patch<R extends Resource>({ sight, resource }: View<R>, ref: KubeObject['metadata'], change: object, subresource?: 'status'): Promise<void> {
  await sight.client.patch(resource, ref, change, subresource).catch((error: unknown) => {
    // It changed or went meanwhile: that change wakes the item again.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  });
}

async function publish<R extends Resource>(view: View<R>, object: KubeObject & { status?: BalancerStatus }, hostname: string): Promise<void> {
  const shown = object.status?.loadBalancer?.ingress;
  if (shown?.length === 1 && shown[0]?.hostname === hostname) return;
  await patch(view, object.metadata, { status: { loadBalancer: { ingress: [{ hostname }] } } }, 'status');
  await tell(view.env, view.sight.client, object, 'Normal', 'SuccessfullyReconciled', 'Successfully reconciled');
}

async function letGo<R extends Resource>(view: View<R>, object: KubeObject & { status?: BalancerStatus }, finalizer: string): Promise<void> {
  const { metadata, status } = object;
  await patch(view, metadata, { metadata: { resourceVersion: metadata.resourceVersion, finalizers: (metadata.finalizers ?? []).filter((one) => one !== finalizer) } });
  if (metadata.deletionTimestamp === undefined && status?.loadBalancer?.ingress?.length) await patch(view, metadata, { status: { loadBalancer: null } }, 'status');
}

async function complain<R extends Resource>({ env, sight, members }: View<R>, error: unknown): Promise<void> {
  const wrong = error instanceof PlanError || error instanceof AwsError;
  if (!wrong) return;
  const reason = error instanceof PlanError ? 'FailedBuildModel' : 'FailedDeployModel';
  const words = error instanceof PlanError ? `Failed build model due to ${error.message}` : `Failed deploy model due to ${error.code}: ${error.message}`;
  for (const object of members) await tell(env, sight.client, object, 'Warning', reason, words);
}
