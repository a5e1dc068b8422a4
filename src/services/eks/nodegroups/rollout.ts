import type { Nodegroup } from '../records.ts';
import type { Fleet } from './health.ts';

/**
 * Moving a node group to another version of its launch template, as EKS does
 * (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html): more nodes first, then old ones drained and replaced, as
 * many at a time as may be unavailable, and in the end as many nodes as before. By design the surge is what may be unavailable (EKS's
 * is two nodes a zone at least), for machines have an end here.
 */
export interface RolloutSituation {
  fleet: Fleet;
  /** Instances whose Node is Ready. */
  ready: ReadonlySet<string>;
  /** Instances of a lower version of the group's own template are old. */
  templateVersion: number;
  /** How many nodes the group had before. */
  size: number;
  updateConfig: Nodegroup['updateConfig'];
}

export interface RolloutStep {
  done: boolean;
  /** How many instances the fleet is to have for now. */
  desired: number;
  /** Old instances that take no new pods from now on. */
  cordon: string[];
  /** Of these the ones that go now, each with whether its place in the fleet goes too. */
  leave: { id: string; withPlace: boolean }[];
}

const alive = ({ instances }: Fleet) => instances.filter(({ lifecycleState }) => lifecycleState === 'InService' || lifecycleState === 'Pending');
const byAge = (a: Fleet['instances'][number], b: Fleet['instances'][number]) => a.launchedAt - b.launchedAt || (a.id < b.id ? -1 : 1);

export function rolloutStep({ fleet, ready, templateVersion, size, updateConfig }: RolloutSituation): RolloutStep {
  const live = alive(fleet);
  const old = live.filter((one) => one.templateVersion < templateVersion).sort((a, b) => Number(ready.has(a.id)) - Number(ready.has(b.id)) || byAge(a, b));
  const atOnce = updateConfig.maxUnavailable ?? Math.max(1, Math.floor((size * (updateConfig.maxUnavailablePercentage ?? 0)) / 100));
  const surges = updateConfig.updateStrategy !== 'MINIMAL';
  const sizeWith = (left: number) => size + (surges ? Math.min(atOnce, left) : 0);
  const serving = live.filter(({ id }) => ready.has(id)).length;
  const room = Math.max(0, Math.min(atOnce, serving - (surges ? size : size - atOnce)));
  // What is no node serves nobody: it need not wait for others.
  const useless = old.filter(({ id }) => !ready.has(id)).length;
  const going = old.slice(0, useless + room);
  let places = Math.max(fleet.desired, sizeWith(old.length));
  const leave = going.map(({ id }, index) => {
    const withPlace = places > sizeWith(old.length - index - 1);
    if (withPlace) places--;
    return { id, withPlace };
  });
  // Once others are ready, nothing new is put where it would have to leave again.
  const cordon = (surges && room ? old : going).map(({ id }) => id);
  return { done: !old.length, desired: sizeWith(old.length), cordon, leave };
}

/** A rollout that failed: the youngest of the new instances beyond the group's size, which are taken back. */
export function surplus({ fleet, templateVersion, size }: Pick<RolloutSituation, 'fleet' | 'templateVersion' | 'size'>): string[] {
  const live = alive(fleet);
  const young = live.filter((one) => one.templateVersion >= templateVersion).sort(byAge).reverse();
  return young.slice(0, Math.max(0, live.length - size)).map(({ id }) => id);
}
