import type { KubeNode, Taint } from '../../../kube/types.ts';
import type { Nodegroup, Update } from '../records.ts';
import { kubernetesEffect } from './user-data.ts';

/**
 * The merge patch that gives a node what the group says now; undefined if it has it. Labels and taints that the updates under way
 * removed are removed; what others put there stays.
 */
export function nodePatch(node: KubeNode, group: Nodegroup, underWay: Update[]): object | undefined {
  const removedLabels = parsed<string>(underWay, 'LabelsToRemove').filter((key) => !(key in group.labels));
  const removedTaints = parsed<{ key: string; effect: Nodegroup['taints'][number]['effect'] }>(underWay, 'TaintsToRemove').map(({ key, effect }) => name({ key, effect: kubernetesEffect(effect) }));
  const labels = {
    ...Object.fromEntries(Object.entries(group.labels).filter(([key, value]) => node.metadata.labels?.[key] !== value)),
    ...Object.fromEntries(removedLabels.filter((key) => node.metadata.labels?.[key] !== undefined).map((key) => [key, null])),
  };
  const wanted: Taint[] = group.taints.map(({ key, value, effect }) => ({ key, effect: kubernetesEffect(effect), ...(value ? { value } : {}) }));
  const before = node.spec.taints ?? [];
  const others = before.filter((taint) => !removedTaints.includes(name(taint)) && !wanted.some((one) => name(one) === name(taint)));
  const kept = wanted.map((taint) => before.find((one) => name(one) === name(taint) && (one.value ?? '') === (taint.value ?? '')) ?? taint);
  const taints = [...others, ...kept];
  const same = taints.length === before.length && taints.every((taint) => before.includes(taint));
  if (same && !Object.keys(labels).length) return undefined;
  return {
    // A taint that someone adds meanwhile would be lost in this list: then the patch fails, and is made again.
    metadata: { resourceVersion: node.metadata.resourceVersion, ...(Object.keys(labels).length ? { labels } : {}) },
    ...(same ? {} : { spec: { taints } }),
  };
}

const name = ({ key, effect }: Pick<Taint, 'key' | 'effect'>) => `${key}:${effect}`;
const parsed = <T>(updates: Update[], type: string) => updates.flatMap(({ params }) => params.filter((param) => param.type === type).flatMap(({ value }) => JSON.parse(value) as T[]));
