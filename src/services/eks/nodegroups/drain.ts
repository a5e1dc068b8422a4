import type { KubeNode, Pod } from '../../../kube/types.ts';
import type { Fleet } from './health.ts';

/**
 * What is left to do before nodes may go (`kubectl drain`'s rules): no new pods, then evictions, which respect disruption budgets.
 * Pods of daemon sets would come back and static pods cannot be evicted: both go with their node.
 */
export interface Drain {
  cordon: string[];
  evict: Pod[];
  /** Nothing is left. */
  empty: boolean;
  /** Or it has waited long enough. */
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
    empty: !left.length, done: !left.length || forMs > (others ? PATIENCE_MS : NOWHERE_MS),
  };
}

function mustGo({ metadata, status }: Pod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
  return !metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'DaemonSet');
}

/**
 * Which instances go when a group shrinks: those already cordoned for it, then those that are no Ready nodes, then the oldest of the
 * most crowded zone.
 */
export function leaving(fleet: Fleet, desired: number, { cordoned, ready }: { cordoned: ReadonlySet<string>; ready: ReadonlySet<string> }): string[] {
  let left = fleet.instances.filter(({ lifecycleState }) => lifecycleState === 'InService' || lifecycleState === 'Pending');
  const gone: string[] = [];
  while (left.length > desired) {
    const crowd = (zone: string) => left.filter((one) => one.zone === zone).length;
    const [first] = [...left].sort((a, b) =>
      Number(cordoned.has(b.id)) - Number(cordoned.has(a.id)) || Number(ready.has(a.id)) - Number(ready.has(b.id)) || crowd(b.zone) - crowd(a.zone) || a.launchedAt - b.launchedAt);
    if (!first) break;
    gone.push(first.id);
    left = left.filter((one) => one !== first);
  }
  return gone;
}
