import type { Watch } from '../../control/controller.ts';
import { observed } from '../../control/hosts.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { ObservedTarget } from '../../wire/host.ts';
import { arnOf } from './arns.ts';
import { balancerByArn, balancersUsing, requireGroup } from './lookups.ts';
import { healthSummaries, targetName, targets } from './records.ts';
import type { HealthSummary, LoadBalancer, Target, TargetGroup } from './records.ts';
import { placeOf } from './resolve.ts';
import type { Place } from './resolve.ts';
import type { TargetDescription } from './targets.ts';

export type TargetState = ObservedTarget['state'] | 'unused';

/** As DescribeTargetHealth tells it. */
export interface TargetHealth {
  target: { id: string; port: number; zone?: string };
  healthCheckPort: string;
  state: TargetState;
  /** `Elb.RegistrationInProgress`, `Target.NotRegistered` … ; none when healthy. */
  reason?: string;
  description?: string;
}

/** All targets of the group, or those asked for, in the order asked. Errors: TargetGroupNotFound. */
export async function targetHealth(env: Env, scope: Scope, targetGroupArn: string, wanted?: TargetDescription[]): Promise<TargetHealth[]> {
  const group = (await requireGroup(env, scope, targetGroupArn)).value;
  const known = (await targets.list(env.store, scope, group.id)).map((entry) => entry.value);
  const balancer = await balancerOf(env, scope, group);
  const seen = balancer?.hostId ? (await observed(env.store, balancer.hostId, 'balancer', balancer.id))?.health[group.id] : undefined;
  const asked = wanted?.length ? wanted.map(({ id, port = group.port }) => known.find((target) => target.id === id && target.port === port) ?? { id, port }) : known;
  return Promise.all(asked.map(async (target) => {
    const place = await placeOf(env, scope, group, target);
    const verdict = 'registeredAt' in target ? judge(target, place, balancer, place && seen?.[`${place.address}:${target.port}`]) : NOT_REGISTERED;
    const zone = group.targetType === 'ip' ? place?.zone : undefined;
    return {
      target: { id: target.id, port: target.port, ...(zone ? { zone } : {}) },
      healthCheckPort: group.healthCheck.port === 'traffic-port' ? String(target.port) : group.healthCheck.port,
      ...verdict,
    };
  }));
}

/** The balancer that uses a group, if one does. */
export async function balancerOf(env: Env, scope: Scope, group: TargetGroup): Promise<LoadBalancer | undefined> {
  const [arn] = await balancersUsing(env, scope, group.arn);
  return arn ? (await balancerByArn(env, scope, arn))?.value : undefined;
}

type Verdict = Pick<TargetHealth, 'state' | 'reason' | 'description'>;

const NOT_REGISTERED: Verdict = { state: 'unused', reason: 'Target.NotRegistered', description: 'Target is not registered to the target group' };

/** What ELB says of a registered target: states and reasons of the API reference's TargetHealth. */
export function judge(target: Target, place: Place | undefined, balancer: Pick<LoadBalancer, 'subnets'> | undefined, seen: ObservedTarget | undefined): Verdict {
  if (target.drainingSince) return { state: 'draining', reason: 'Target.DeregistrationInProgress', description: 'Target deregistration is in progress' };
  if (!balancer) return { state: 'unused', reason: 'Target.NotInUse', description: 'Target group is not configured to receive traffic from the load balancer' };
  if (place?.state !== 'running') return { state: 'unused', reason: 'Target.InvalidState', description: `Target is in the ${place?.state ?? 'terminated'} state` };
  if (!reachable(place, balancer)) return { state: 'unused', reason: 'Target.NotInUse', description: 'Target is in an Availability Zone that is not enabled for the load balancer' };
  if (!seen || seen.state === 'draining') return { state: 'initial', reason: 'Elb.RegistrationInProgress', description: 'Target registration is in progress' };
  if (seen.state === 'healthy') return { state: 'healthy' };
  return { state: seen.state, ...(seen.reason ? { reason: seen.reason } : {}), ...(seen.description ? { description: seen.description } : {}) };
}

export const reachable = (place: Place, balancer: Pick<LoadBalancer, 'subnets'>) => place.zone === 'all' || balancer.subnets.some((subnet) => subnet.zone === place.zone);

/** For another service's controller: which of its items to look at when the health of a target in this group changed. */
export function healthWatch(items: (targetGroupArn: string, env: Env) => string[] | Promise<string[]>): Watch {
  return { prefix: healthSummaries.prefix, items: (entry, env) => items(groupArnOf(entry.key), env) };
}

function groupArnOf(summaryKey: string): string {
  const { names: [name = '', id = ''], ...scope } = healthSummaries.parse(summaryKey);
  return arnOf(scope, 'targetgroup', name, id);
}

export const summaryKey = (scope: Scope, group: TargetGroup) => healthSummaries.key(scope, group.name, group.arn.slice(group.arn.lastIndexOf('/') + 1));

export const summaryOf = (health: TargetHealth[]): HealthSummary => Object.fromEntries(health.map((one) => [targetName(one.target), one.state]));
