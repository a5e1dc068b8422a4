import { omit } from '../../../control/omit.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Fleet } from '../nodegroups/health.ts';
import { boundFleet, dismiss, fleetOf, growFleet } from '../nodegroups/resources.ts';
import { rolloutStep, surplus } from '../nodegroups/rollout.ts';
import { nodegroups, updates } from '../records.ts';
import type { Nodegroup, Rollout, Update } from '../records.ts';
import { cordon, drainNodes, nodesOf, readyInstances } from './nodegroup-drain.ts';
import type { View } from './nodegroup-drain.ts';

/** As EKS: for so long pods may refuse to go, or new nodes to come; then the update has failed, unless it was forced. */
const PATIENCE_MS = 15 * 60_000;

/** One step of moving the group's nodes to its template's newest version. True once there is nothing left to do. */
export async function rolledOut(env: Env, scope: Scope, key: string, view: View): Promise<boolean> {
  const { rollout } = view.group;
  if (!rollout) return true;
  const fleet = await fleetOf(env, scope, view.group);
  if (!fleet || !rollout.target || !view.world) return false;
  return rollout.failed ? takenBack(env, scope, key, view, fleet, rollout.target) : stepped(env, scope, key, view, fleet, rollout.target);
}

async function stepped(env: Env, scope: Scope, key: string, view: View, fleet: Fleet, target: NonNullable<Rollout['target']>): Promise<boolean> {
  const { group, world, own } = view;
  const step = rolloutStep({ fleet, ready: readyInstances(own), ...target, updateConfig: group.updateConfig });
  if (step.done) return finished(env, scope, key, group);
  if (fleet.desired < step.desired) await growFleet(env, scope, group, step.desired);
  if (world) await cordon(world, nodesOf(own, step.cordon).filter(({ spec }) => !spec.unschedulable).map(({ metadata }) => metadata.name), true);
  const { since = '', force = false } = group.rollout ?? {};
  const leaving = nodesOf(own, step.leave.map(({ id }) => id));
  const drained = step.leave.length ? await drainNodes(env, { world, own: leaving }, since) : 'waiting';
  if (drained === 'empty' || (drained === 'late' && force)) {
    for (const { id, withPlace } of step.leave) await dismiss(env, scope, group, id, withPlace);
    await change(env, key, (now) => ({ ...now, since: env.now().toISOString() }));
  } else if (env.now().getTime() - Date.parse(since) > PATIENCE_MS) {
    await fail(env, scope, key, view, fleet, leaving.map(({ metadata }) => metadata.name));
  }
  return false;
}

const change = (env: Env, key: string, next: (rollout: Rollout) => Rollout) =>
  nodegroups.update(env.store, key, (now) => (now.rollout ? { ...now, rollout: next(now.rollout) } : undefined));

async function finished(env: Env, scope: Scope, key: string, group: Nodegroup): Promise<boolean> {
  await boundFleet(env, scope, group);
  await nodegroups.update(env.store, key, (now) => omit(now, 'rollout'));
  return true;
}

/** The old nodes take pods again. */
async function fail(env: Env, scope: Scope, key: string, { group, world, own }: View, fleet: Fleet, stuck: string[]): Promise<void> {
  const error: Update['errors'][number] = stuck.length
    ? { errorCode: 'PodEvictionFailure', errorMessage: `Reached max retries while trying to evict pods from nodes in node group ${group.name}`, resourceIds: stuck }
    : { errorCode: 'NodeCreationFailure', errorMessage: fleet.failure ?? 'Couldn\'t proceed with upgrade process as new nodes are not joining node group', resourceIds: [group.autoScalingGroupName ?? ''] };
  for (const { key: at, value } of await updates.list(env.store, scope, group.cluster)) {
    if (value.nodegroup === group.name && value.status === 'InProgress') await updates.update(env.store, at, (now) => ({ ...now, status: 'Failed', errors: [error] }));
  }
  if (world) await cordon(world, own.filter(({ spec }) => spec.unschedulable).map(({ metadata }) => metadata.name), false);
  await change(env, key, (now) => ({ ...now, failed: true, since: env.now().toISOString() }));
}

async function takenBack(env: Env, scope: Scope, key: string, { group, world, own }: View, fleet: Fleet, target: NonNullable<Rollout['target']>): Promise<boolean> {
  const ids = surplus({ fleet, ...target });
  if (!ids.length) return finished(env, scope, key, group);
  if ((await drainNodes(env, { world, own: nodesOf(own, ids) }, group.rollout?.since ?? '')) === 'waiting') return false;
  for (const id of ids) await dismiss(env, scope, group, id);
  return false;
}
