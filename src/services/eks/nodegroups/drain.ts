import type { KubeNode, Pod } from '../../../kube/types.ts';

/**
 * What is left to do before nodes may go (`kubectl drain`'s rules): no new pods, then evictions, which respect disruption budgets.
 * Pods of daemon sets would come back and static pods cannot be evicted: both go with their node.
 */
export interface Drain {
  cordon: string[];
  evict: Pod[];
  /** Nothing is left, or it has waited long enough. */
  done: boolean;
}

/** As EKS: a node that is not drained by then goes all the same. */
const PATIENCE_MS = 5 * 60_000;
/** Where no other node could take the pods, a budget that is used up stays used up: waiting would be in vain. */
const NOWHERE_MS = 20_000;

export interface DrainSituation {
  nodes: KubeNode[];
  /** All pods on these nodes. */
  pods: Pod[];
  /** Ready and schedulable nodes beside these. */
  others: number;
  /** How long it has been drained for. */
  forMs: number;
}

export function drain({ nodes, pods, others, forMs }: DrainSituation): Drain {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const left = pods.filter((pod) => names.has(pod.spec.nodeName ?? '') && mustGo(pod));
  return {
    cordon: nodes.filter(({ spec }) => !spec.unschedulable).map(({ metadata }) => metadata.name),
    evict: left.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    done: !left.length || forMs > (others ? PATIENCE_MS : NOWHERE_MS),
  };
}

function mustGo({ metadata, status }: Pod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
  return !metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'DaemonSet');
}
