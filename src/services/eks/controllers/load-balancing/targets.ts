import type { EndpointSlice, KubeNode } from '../../../../kube/types.ts';
import type { GroupPlan } from './plan.ts';

export interface Target {
  /** An address or an instance's id. */
  id: string;
  port: number;
}

/** What is behind a group now: the Service's ready endpoints, or the nodes that carry its node port. */
export function targetsOf(group: Pick<GroupPlan, 'targetType' | 'backend'>, slices: EndpointSlice[], nodes: KubeNode[]): Target[] {
  return group.targetType === 'ip' ? addresses(group, slices) : machines(group, nodes);
}

const SERVICE = 'kubernetes.io/service-name';
const ofBackend = ({ backend }: Pick<GroupPlan, 'backend'>, slices: EndpointSlice[]) =>
  slices.filter(({ metadata, addressType }) => addressType === 'IPv4' && metadata.namespace === backend.namespace && metadata.labels?.[SERVICE] === backend.service);

/** A pod may be in two slices for a while. */
function addresses(group: Pick<GroupPlan, 'backend'>, slices: EndpointSlice[]): Target[] {
  const found = new Map<string, Target>();
  for (const { endpoints = [], ports = [] } of ofBackend(group, slices)) {
    const port = ports.find(({ name = '' }) => name === (group.backend.port.name ?? ''))?.port;
    if (port === undefined) continue;
    for (const { addresses: [id], conditions } of endpoints) {
      if (id !== undefined && conditions?.ready !== false && !conditions?.terminating) found.set(`${id}:${port}`, { id, port });
    }
  }
  return [...found.values()];
}

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Where only local endpoints are served, the health check of each node tells whether it has any. */
function machines(group: Pick<GroupPlan, 'backend'>, nodes: KubeNode[]): Target[] {
  const port = group.backend.port.nodePort;
  if (!port) return [];
  return nodes.filter(({ metadata, status }) => metadata.labels?.[EXCLUDED] === undefined && metadata.labels?.['eks.amazonaws.com/compute-type'] !== 'fargate' && status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .flatMap(({ spec }) => {
      const id = /\/(i-[0-9a-f]+)$/.exec(spec.providerID ?? '')?.[1];
      return id === undefined ? [] : [{ id, port }];
    });
}
