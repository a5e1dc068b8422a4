import type { Issue, Nodegroup } from '../records.ts';

/** What a node group's status follows from. */
export interface Situation {
  /** Milliseconds since 1970. */
  now: number;
  group: Nodegroup;
  /** Its Auto Scaling group, unless someone deleted it. */
  fleet: Fleet | undefined;
  /** Instances whose Node is Ready. */
  ready: Set<string>;
}

export interface Fleet {
  desired: number;
  /** `templateVersion`: of the group's own launch template. */
  instances: { id: string; zone: string; lifecycleState: string; launchedAt: number; templateVersion: number }[];
  /** Why the latest launch failed, if it did. */
  failure: string | undefined;
}

/** How long a new group may be without what its first launch asks for, and an instance without becoming a node. */
const LAUNCH_MS = 3 * 60_000;
const JOIN_MS = 10 * 60_000;

/** The status and the health issues, from what is seen. A failed creation stays failed, as in EKS: it can only be deleted. */
export function healthOf({ now, group, fleet, ready }: Situation): Pick<Nodegroup, 'status' | 'issues'> {
  if (group.status === 'CREATE_FAILED' || group.status === 'DELETING' || group.status === 'DELETE_FAILED') return { status: group.status, issues: group.issues };
  const issues = issuesOf({ now, group, fleet, ready });
  if (group.status === 'CREATING') {
    const born = now - Date.parse(group.createdAt);
    if (fleet && complete(fleet, ready)) return { status: 'ACTIVE', issues: [] };
    if (!issues.length || (born < LAUNCH_MS && issues.every(({ code }) => code !== 'NodeCreationFailure'))) return { status: 'CREATING', issues };
    return { status: 'CREATE_FAILED', issues };
  }
  if (group.status === 'UPDATING') return { status: 'UPDATING', issues };
  return { status: issues.length ? 'DEGRADED' : 'ACTIVE', issues };
}

/** Another service refused what the group is to be made of. */
export function refused(now: number, group: Nodegroup, { code, message }: { code: string; message: string }): Pick<Nodegroup, 'status' | 'issues'> {
  const known = [[/LaunchTemplate|launch template/, 'Ec2LaunchTemplateInvalidConfiguration'], [/^NoSuchEntity/, 'NodeRoleNotFound'], [/InstanceProfile/, 'IamInstanceProfileNotFound'], [/Subnet/, 'Ec2SubnetNotFound'], [/LimitExceeded/, 'InstanceLimitExceeded']] as const;
  const issue = { code: known.find(([words]) => words.test(code) || words.test(message))?.[1] ?? 'InternalFailure', message };
  const failed = group.status === 'CREATING' && now - Date.parse(group.createdAt) > LAUNCH_MS;
  return { status: failed ? 'CREATE_FAILED' : group.status, issues: [issue] };
}

/** As many in service as are desired, each a Ready node. */
export function complete({ desired, instances }: Fleet, ready: Set<string>): boolean {
  const serving = instances.filter(({ lifecycleState }) => lifecycleState === 'InService');
  return serving.length === desired && serving.every(({ id }) => ready.has(id));
}

function issuesOf({ now, group, fleet, ready }: Situation): Issue[] {
  if (!fleet) return group.autoScalingGroupName === undefined ? [] : [{ code: 'AutoScalingGroupNotFound', message: `We couldn't find the Auto Scaling group associated with the managed node group: ${group.autoScalingGroupName}`, resourceIds: [group.autoScalingGroupName] }];
  const issues: Issue[] = [];
  if (fleet.failure !== undefined) issues.push({ code: 'AsgInstanceLaunchFailures', message: fleet.failure, resourceIds: [group.autoScalingGroupName ?? ''] });
  const lost = fleet.instances.filter(({ id, lifecycleState, launchedAt }) => lifecycleState === 'InService' && !ready.has(id) && now - launchedAt > JOIN_MS).map(({ id }) => id);
  // Of a group that was active its nodes' conditions tell; of a new one nothing else would.
  if (lost.length && group.status === 'CREATING') issues.push({ code: 'NodeCreationFailure', message: 'Instances failed to join the kubernetes cluster', resourceIds: lost });
  return issues;
}
