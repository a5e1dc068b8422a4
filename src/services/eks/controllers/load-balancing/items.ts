import type { Ingress, KubeObject, KubeService } from '../../../../kube/types.ts';
import type { Stack } from './apply.ts';
import { groupOf } from './ingresses.ts';

/** The controller's items: `<cluster key>|<kind>|<id>`, or the cluster's key alone for what each cluster has. */
export const itemOf = (clusterKey: string, { kind, id }: Stack) => `${clusterKey}|${kind}|${id}`;

export function stackOf(item: string): { clusterKey: string; stack?: Stack } {
  const [clusterKey = '', kind, id = ''] = item.split('|');
  return kind === 'service' || kind === 'ingress' ? { clusterKey, stack: { kind, id } } : { clusterKey };
}

const GROUP_FINALIZER = 'group.ingress.k8s.aws/';

/** As the AWS Load Balancer Controller has them. */
export function finalizerOf({ kind, id }: Stack): string {
  if (kind === 'service') return 'service.k8s.aws/resources';
  return id.includes('/') ? 'ingress.k8s.aws/resources' : `${GROUP_FINALIZER}${id}`;
}

/** Stacks that a changed object concerns. */
export function itemsOf(clusterKey: string, object: KubeObject, known: { services: KubeService[]; ingresses: Ingress[] }): string[] {
  const { namespace = '', name } = object.metadata;
  const stacks = stacksOf(object, namespace, name, known);
  return stacks === undefined ? [clusterKey] : stacks.map((stack) => itemOf(clusterKey, stack));
}

function stacksOf(object: KubeObject, namespace: string, name: string, { services, ingresses }: { services: KubeService[]; ingresses: Ingress[] }): Stack[] | undefined {
  const ofService = (service: string): Stack[] => [{ kind: 'service', id: `${namespace}/${service}` }, ...ingresses.filter((ingress) => ingress.metadata.namespace === namespace && mentions(ingress, service)).map(ofIngress)];
  switch (object.kind) {
    case 'Service': return ofService(name);
    case 'EndpointSlice': return ofService(object.metadata.labels?.['kubernetes.io/service-name'] ?? '');
    case 'Ingress': return [ofIngress(object as Ingress), ...groupsLeft(object)];
    case 'Node': return [...services.filter(({ spec }) => spec.type === 'LoadBalancer').map(({ metadata }): Stack => ({ kind: 'service', id: `${metadata.namespace}/${metadata.name}` })), ...ingresses.map(ofIngress)];
    case undefined:
    default: return undefined;
  }
}

const ofIngress = (ingress: Ingress): Stack => ({ kind: 'ingress', id: groupOf(ingress).name });

/** Those that an Ingress was in before: its finalizers tell. */
function groupsLeft({ metadata }: KubeObject): Stack[] {
  return (metadata.finalizers ?? []).flatMap((finalizer): Stack[] => {
    if (finalizer.startsWith(GROUP_FINALIZER)) return [{ kind: 'ingress', id: finalizer.slice(GROUP_FINALIZER.length) }];
    return finalizer === 'ingress.k8s.aws/resources' ? [{ kind: 'ingress', id: `${metadata.namespace}/${metadata.name}` }] : [];
  });
}

/** Any word of it: an action in an annotation names Services too. */
const mentions = (ingress: Ingress, service: string) => JSON.stringify([ingress.spec, ingress.metadata.annotations]).includes(service);
