import type { Group, Member } from './records.ts';

/** From a policy's view: a smaller number goes first. */
const ORDERS: Record<string, (group: Group, member: Member) => number> = {
  OldestInstance: (_group, { createdAt }) => Date.parse(createdAt),
  NewestInstance: (_group, { createdAt }) => -Date.parse(createdAt),
  OldestLaunchConfiguration: (group, member) => outdated(group, member),
  OldestLaunchTemplate: (group, member) => outdated(group, member),
};

/** Launched from what the group no longer uses goes first, then by version. */
function outdated({ launch }: Group, member: Member): number {
  if ('configuration' in launch) return member.configuration === launch.configuration ? 1 : 0;
  return member.template?.id === launch.template.id ? Number(member.template.version) : -1;
}

/**
 * Which members go, in order: always one of the zone with the most, then by the policies. `Default` is the oldest launch
 * configuration or template, then the oldest instance (AWS's third criterion, the next billing hour, has no meaning here).
 */
export function chooseVictims(group: Group, candidates: Member[], all: Member[], count: number): Member[] {
  const policies = group.terminationPolicies.flatMap((policy) => (policy === 'Default' ? ['OldestLaunchTemplate', 'OldestInstance'] : [policy]));
  const left = [...candidates];
  const counts = Map.groupBy(all, ({ zone }) => zone);
  const sizes = new Map([...counts].map(([zone, members]) => [zone, members.length]));
  const victims: Member[] = [];
  while (victims.length < count && left.length) {
    // One still being launched costs least.
    left.sort((a, b) => (sizes.get(b.zone) ?? 0) - (sizes.get(a.zone) ?? 0) || Number(Boolean(a.instanceId)) - Number(Boolean(b.instanceId)) || byPolicies(group, policies, a, b));
    const victim = left.shift() as Member;
    sizes.set(victim.zone, (sizes.get(victim.zone) ?? 0) - 1);
    victims.push(victim);
  }
  return victims;
}

function byPolicies(group: Group, policies: string[], a: Member, b: Member): number {
  for (const policy of policies) {
    const order = ORDERS[policy];
    const difference = order ? order(group, a) - order(group, b) : 0;
    if (difference) return difference;
  }
  return a.id < b.id ? -1 : 1;
}
