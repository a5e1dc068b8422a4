/** Kubernetes' objects, with the members that Gantry reads or writes. Their meaning is the Kubernetes API reference's. */

export interface Metadata {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: Metadata;
}

/** Any object, as from a manifest. */
export interface Manifest extends KubeObject {
  [member: string]: unknown;
}

export interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  timeAdded?: string;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface KubeNode extends KubeObject {
  spec: { providerID?: string; unschedulable?: boolean; taints?: Taint[] };
  status?: { conditions?: Condition[]; addresses?: { type: string; address: string }[]; nodeInfo?: { kubeletVersion?: string } };
}

export interface Pod extends KubeObject {
  spec: { nodeName?: string; containers?: { name: string; ports?: { name?: string; containerPort: number; protocol?: string }[] }[]; tolerations?: { key?: string; operator?: string; effect?: string }[] };
  status?: { phase?: string; podIP?: string };
}

export interface ServicePort {
  name?: string;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
  port: number;
  targetPort?: number | string;
  nodePort?: number;
}

export interface BalancerStatus {
  loadBalancer?: { ingress?: { hostname?: string; ip?: string }[] };
}

export interface KubeService extends KubeObject {
  spec: {
    type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
    loadBalancerClass?: string;
    loadBalancerSourceRanges?: string[];
    externalTrafficPolicy?: 'Cluster' | 'Local';
    healthCheckNodePort?: number;
    ports?: ServicePort[];
  };
  status?: BalancerStatus;
}

export interface EndpointSlice extends KubeObject {
  addressType: string;
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }; nodeName?: string; zone?: string }[];
  ports?: { name?: string; port?: number; protocol?: string }[];
}

export interface IngressBackend {
  service?: { name: string; port?: { name?: string; number?: number } };
}

export interface IngressPath {
  path?: string;
  pathType?: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  backend: IngressBackend;
}

export interface Ingress extends KubeObject {
  spec: { ingressClassName?: string; defaultBackend?: IngressBackend; rules?: { host?: string; http?: { paths: IngressPath[] } }[]; tls?: unknown[] };
  status?: BalancerStatus;
}

export interface IngressClass extends KubeObject {
  spec: { controller?: string };
}

export interface PodDisruptionBudget extends KubeObject {
  status?: { disruptionsAllowed?: number };
}

export interface KubeEvent extends KubeObject {
  involvedObject: { apiVersion?: string; kind?: string; name: string; namespace?: string; uid?: string };
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string;
  lastTimestamp?: string;
  source?: { component?: string };
}
