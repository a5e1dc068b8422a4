import type { Resource } from '../../../kube/resources.ts';
import type { KubeObject, Manifest } from '../../../kube/types.ts';

/** CoreDNS as EKS has it in kube-system: names, labels, configuration and address are those that AWS's users know. */

const RBAC = 'rbac.authorization.k8s.io';
const namespaced = (apiVersion: string, kind: string, plural: string): Resource<Manifest> => ({ apiVersion, kind, plural, namespaced: true });
const clusterWide = (apiVersion: string, kind: string, plural: string): Resource<Manifest> => ({ apiVersion, kind, plural, namespaced: false });

export interface Deployment extends KubeObject {
  spec: { replicas?: number };
  status?: { availableReplicas?: number };
}
export const deployments: Resource<Deployment> = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true };
export const COREDNS = { namespace: 'kube-system', name: 'coredns' };

const LABELS = { 'eks.amazonaws.com/component': 'coredns', 'k8s-app': 'kube-dns' };

const COREFILE = `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
`;

export interface Piece {
  resource: Resource<Manifest>;
  object: Manifest;
}

/** In the order in which they are made. */
export function coreDns({ image, clusterIp, replicas }: { image: string; clusterIp: string; replicas: number }): Piece[] {
  const metadata = (name = 'coredns') => ({ name, namespace: 'kube-system', labels: LABELS });
  const role = { name: 'system:coredns', labels: LABELS };
  const read = ['list', 'watch'];
  return [
    { resource: namespaced('v1', 'ServiceAccount', 'serviceaccounts'), object: { metadata: metadata() } },
    {
      resource: clusterWide(`${RBAC}/v1`, 'ClusterRole', 'clusterroles'),
      object: {
        metadata: role,
        rules: [{ apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: read }, { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read }],
      },
    },
    {
      resource: clusterWide(`${RBAC}/v1`, 'ClusterRoleBinding', 'clusterrolebindings'),
      object: { metadata: role, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role.name }, subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace: 'kube-system' }] },
    },
    { resource: namespaced('v1', 'ConfigMap', 'configmaps'), object: { metadata: metadata(), data: { Corefile: COREFILE } } },
    {
      resource: namespaced('v1', 'Service', 'services'),
      object: {
        metadata: { ...metadata('kube-dns'), labels: { ...LABELS, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }, annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' } },
        spec: {
          selector: { 'k8s-app': 'kube-dns' }, clusterIP: clusterIp,
          ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 }, { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 }, { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 }],
        },
      },
    },
    { resource: namespaced('apps/v1', 'Deployment', 'deployments'), object: { metadata: metadata(), spec: deploymentSpec(image, replicas) } },
    { resource: namespaced('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'), object: { metadata: metadata(), spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } } } },
  ];
}

function deploymentSpec(image: string, replicas: number) {
  const probe = (path: string, port: number) => ({ httpGet: { path, port, scheme: 'HTTP' }, timeoutSeconds: 5, failureThreshold: 5, successThreshold: 1 });
  return {
    replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }, selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        priorityClassName: 'system-cluster-critical', serviceAccountName: 'coredns', dnsPolicy: 'Default',
        tolerations: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }, { key: 'CriticalAddonsOnly', operator: 'Exists' }],
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
        affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } } }] } },
        containers: [{
          name: 'coredns', image, imagePullPolicy: 'IfNotPresent', args: ['-conf', '/etc/coredns/Corefile'],
          resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
          volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
          ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }, { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' }, { name: 'metrics', containerPort: 9153, protocol: 'TCP' }],
          livenessProbe: { ...probe('/health', 8080), initialDelaySeconds: 60 },
          readinessProbe: { ...probe('/ready', 8181), periodSeconds: 1 },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } },
        }],
        volumes: [{ name: 'config-volume', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } }],
      },
    },
  };
}
