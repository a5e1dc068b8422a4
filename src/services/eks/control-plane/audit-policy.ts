/** What is written to the audit log: requests by their metadata, and nothing of what is read all the time by the cluster itself. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"]
  verbs: [get, list, watch, update, patch]
  resources: [{group: coordination.k8s.io}, {group: ""}, {group: discovery.k8s.io}]
- level: None
  userGroups: ["system:nodes"]
  resources: [{group: coordination.k8s.io}, {group: "", resources: [nodes, nodes/status]}]
- level: None
  nonResourceURLs: ["/healthz*", "/readyz*", "/livez*", "/version", "/openapi/*"]
- level: None
  resources: [{group: "", resources: [events]}, {group: events.k8s.io, resources: [events]}]
- level: Metadata
  resources: [{group: "", resources: [secrets, configmaps, serviceaccounts/token]}, {group: authentication.k8s.io, resources: [tokenreviews]}]
- level: Request
  verbs: [create, update, patch, delete, deletecollection]
- level: Metadata
`;
