import type { EndpointSlice, Ingress, IngressClass, KubeEvent, KubeNode, KubeObject, KubeService, Pod, PodDisruptionBudget } from './types.ts';

/** A kind of objects and where the API has it. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `v1`, `apps/v1` */
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Never set: carries the type of the objects. */
  readonly of?: T;
}

export interface Ref {
  namespace?: string | undefined;
  name: string;
}

const namespaced = <T extends KubeObject = KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> => ({ apiVersion, kind, plural, namespaced: true });
const clusterWide = <T extends KubeObject = KubeObject>(apiVersion: string, kind: string, plural: string): Resource<T> => ({ apiVersion, kind, plural, namespaced: false });

export const nodes = clusterWide<KubeNode>('v1', 'Node', 'nodes');
export const pods = namespaced<Pod>('v1', 'Pod', 'pods');
export const services = namespaced<KubeService>('v1', 'Service', 'services');
export const events = namespaced<KubeEvent>('v1', 'Event', 'events');
export const endpointSlices = namespaced<EndpointSlice>('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices');
export const ingresses = namespaced<Ingress>('networking.k8s.io/v1', 'Ingress', 'ingresses');
export const ingressClasses = clusterWide<IngressClass>('networking.k8s.io/v1', 'IngressClass', 'ingressclasses');
export const podDisruptionBudgets = namespaced<PodDisruptionBudget>('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets');

/** `/api/v1/namespaces/default/pods/web-0/status` */
export function pathOf(resource: Resource, { namespace, name }: Partial<Ref> = {}, subresource?: string): string {
  const root = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const parts = [root, ...(resource.namespaced && namespace !== undefined ? ['namespaces', encodeURIComponent(namespace)] : []), resource.plural];
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}
