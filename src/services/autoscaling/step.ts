import type { InstanceStateName } from '../ec2/index.ts';
import * as causes from './causes.ts';
import type { Group, Member } from './records.ts';
import { chooseVictims } from './victims.ts';

/** A member, and what EC2 and the balancers say of its instance. */
export interface Seen {
  member: Member;
  /** Undefined: EC2 knows it no more, or it is still to be launched. */
  state: InstanceStateName | undefined;
  /** Of the instance, where it is not running. */
  reason?: string;
  /** Its host is silent. */
  impaired: boolean;
  /** Of the group's target groups, where the group asks for their verdict. */
  unhealthyTarget: boolean;
  /** Target groups (of the group, or that the group left) in which it is, though draining. */
  registeredIn: string[];
}

export type Action =
  /** A launch that was cut short, or is new. `subnets`: where, the best first. */
  | { type: 'launch'; cause: string; subnets: Group['subnets'] }
  | { type: 'resume'; member: Member }
  | { type: 'failed'; member: Member; message: string }
  | { type: 'serve'; member: Member }
  | { type: 'register'; member: Member; targetGroupArns: string[] }
  | { type: 'deregister'; member: Member; targetGroupArns: string[] }
  | { type: 'terminate'; member: Member; cause: string }
  | { type: 'shutDown'; member: Member }
  | { type: 'forget'; member: Member };

const DOWN: (InstanceStateName | undefined)[] = [undefined, 'stopping', 'stopped', 'shutting-down', 'terminated'];
const GONE: (InstanceStateName | undefined)[] = [undefined, 'terminated'];

/** What to do next, from what is wished and what is seen. Pure; each action is safe to do again. */
export function step(group: Group, seen: Seen[], now: Date): Action[] {
  const actions: Action[] = [];
  /** Members that count towards the desired capacity after these actions. */
  const staying: Seen[] = [];
  let unhealthy = 0;
  for (const one of seen) {
    const { member, state } = one;
    switch (member.lifecycleState) {
      case 'Pending':
        if (member.launching) actions.push({ type: 'resume', member });
        else if (state === 'running') actions.push({ type: 'serve', member });
        else if (DOWN.includes(state)) {
          actions.push({ type: 'failed', member, message: one.reason ?? 'Instance became unhealthy while waiting for instance to be in InService state.' });
          continue;
        }
        staying.push(one);
        break;
      case 'InService': {
        const cause = runs(group, 'ReplaceUnhealthy') ? sickness(group, one, now) : undefined;
        if (cause !== undefined && runs(group, 'Terminate')) {
          actions.push({ type: 'terminate', member, cause });
          unhealthy++;
          continue;
        }
        actions.push(...registrations(group, one));
        staying.push(one);
        break;
      }
      case 'Terminating':
        actions.push(...leaving(one));
        break;
      case 'Standby':
        if (one.registeredIn.length) actions.push({ type: 'deregister', member, targetGroupArns: one.registeredIn });
        break;
    }
  }
  return [...actions, ...capacity(group, staying, unhealthy, now)];
}

const runs = (group: Group, process: string) => group.suspended[process] === undefined;

/** Why a member in service must go, if it must. */
function sickness(group: Group, { member, state, impaired, unhealthyTarget }: Seen, now: Date): string | undefined {
  if (member.health === 'Unhealthy') return causes.userHealth(now);
  if (!runs(group, 'HealthCheck')) return undefined;
  if (DOWN.includes(state)) return causes.stoppedOrTerminated(now);
  const age = (now.getTime() - Date.parse(member.inServiceAt ?? member.createdAt)) / 1000;
  if (impaired && age > group.healthCheckGracePeriod) return causes.statusCheckFailed(now);
  if (unhealthyTarget && age > group.healthCheckGracePeriod) return causes.balancerFailed(now);
  return group.maxInstanceLifetime !== undefined && age > group.maxInstanceLifetime ? causes.tooOld(now) : undefined;
}

/** In service is to be in the group's target groups, and in none that the group left. */
function registrations(group: Group, { member, registeredIn }: Seen): Action[] {
  const lacking = runs(group, 'AddToLoadBalancer') ? group.targetGroupArns.filter((arn) => !registeredIn.includes(arn)) : [];
  const stale = registeredIn.filter((arn) => group.leavingTargetGroupArns.includes(arn));
  return [
    ...(lacking.length ? [{ type: 'register' as const, member, targetGroupArns: lacking }] : []),
    ...(stale.length ? [{ type: 'deregister' as const, member, targetGroupArns: stale }] : []),
  ];
}

/** Out of the target groups first; then, its connections drained, the instance goes; then the member. */
function leaving({ member, state, registeredIn }: Seen): Action[] {
  if (GONE.includes(state)) return [{ type: 'forget', member }];
  if (registeredIn.length && state === 'running') return [{ type: 'deregister', member, targetGroupArns: registeredIn }];
  return state === 'shutting-down' ? [] : [{ type: 'shutDown', member }];
}

function capacity(group: Group, staying: Seen[], unhealthy: number, now: Date): Action[] {
  const have = staying.length;
  const want = group.deleting ? 0 : group.desiredCapacity;
  if (have < want) return growth(group, staying, unhealthy, now);
  if (have === want || !(group.deleting || runs(group, 'Terminate'))) return [];
  const cause = group.deleting ? causes.forceDeleted(now) : causes.shrank(now, have, want);
  // Protection keeps from scaling in, not from the end of the group.
  const candidates = staying.filter(({ member }) => group.deleting || !member.protectedFromScaleIn);
  return chooseVictims(group, candidates.map((one) => one.member), staying.map((one) => one.member), have - want)
    .map((member) => ({ type: 'terminate', member, cause: [...group.causes, cause, ...(member.instanceId ? [causes.selected(now, member.instanceId)] : [])].join('  ') }));
}

/** The rest follows when these are there. */
const MOST_AT_ONCE = 100;

function growth(group: Group, staying: Seen[], unhealthy: number, now: Date): Action[] {
  if (!runs(group, 'Launch') || (group.backoff && Date.parse(group.backoff.until) > now.getTime())) return [];
  const have = staying.length;
  const counts = new Map(group.subnets.map(({ zone }) => [zone, 0]));
  for (const { member } of staying) counts.set(member.zone, (counts.get(member.zone) ?? 0) + 1);
  return Array.from({ length: Math.min(group.desiredCapacity - have, MOST_AT_ONCE) }, (_, i): Action => {
    const subnets = emptiestFirst(group.subnets, counts);
    const zone = subnets[0]?.zone ?? '';
    counts.set(zone, (counts.get(zone) ?? 0) + 1);
    return { type: 'launch', subnets, cause: i < unhealthy ? causes.replaced(now) : [...group.causes, causes.grew(now, have, group.desiredCapacity)].join('  ') };
  });
}

/** The zone with the fewest members first; zones alike, and subnets of one zone, stay in the group's order. */
export function emptiestFirst(subnets: Group['subnets'], counts: ReadonlyMap<string, number>): Group['subnets'] {
  return subnets.toSorted((a, b) => (counts.get(a.zone) ?? 0) - (counts.get(b.zone) ?? 0));
}
