import type { BalancerTargetGroup, ObservedTarget } from '../../wire/host.ts';
import { serverLine, twin } from './config.ts';
import type { ServerRow } from './runtime.ts';
import { sectionName } from './text.ts';

/**
 * How targets become HAProxy's servers while it runs. A new one is added out of service, then set to "stopping" at full health: it gets
 * nothing, the first check that passes makes it "up", and as many failed ones as the unhealthy threshold make it "down", from where
 * it takes as many good ones as the healthy threshold. That is AWS's way: "your target is not in service until it passes one health
 * check". Weight 0 keeps it from being used between these words. A draining one is in maintenance: what it has, it finishes.
 */
export function targetCommands(id: string, group: BalancerTargetGroup, rows: readonly ServerRow[]): string[] {
  const backend = sectionName(id);
  const { enabled } = group.healthCheck;
  const own = rows.filter((row) => row.backend === backend);
  const standing = new Map(own.map((row) => [row.name, row.status]));
  const slow = new Set(own.filter(isSlow).map(({ name }) => name));
  const inMaintenance = (name: string) => standing.get(name)?.startsWith('MAINT') ?? false;
  const commands: string[] = [];
  const set = (name: string, what: string) => commands.push(`set server ${backend}/${name} ${what}`);

  for (const [target, { draining }] of Object.entries(group.targets)) {
    const names = enabled ? [target, twin(target)] : [target];
    if (draining) {
      for (const name of names) if (standing.has(name) && !inMaintenance(name)) set(name, 'state maint');
      continue;
    }
    for (const name of names) {
      if (!standing.has(name)) commands.push(`add server ${backend}/${serverLine(name, target, group)}`);
    }
    if (!standing.has(target) || inMaintenance(target)) {
      if (enabled) {
        set(target, 'weight 0');
        commands.push(`enable health ${backend}/${target}`);
      }
      set(target, 'state ready');
      if (enabled) set(target, 'health stopping');
      if (enabled) set(target, 'weight 1');
    } else if (enabled && !isInitial(standing.get(target) ?? '')) {
      const closed = inMaintenance(twin(target)) || !standing.has(twin(target));
      const open = !group.strict || slow.has(target);
      if (open && closed) set(twin(target), 'state ready');
      if (!open && !closed) set(twin(target), 'state maint');
    }
  }
  commands.push(...endedSessions(group, own));
  const wanted = new Set(Object.keys(group.targets).flatMap((target) => [target, twin(target)]));
  for (const name of standing.keys()) {
    if (wanted.has(name)) continue;
    if (!inMaintenance(name)) set(name, 'state maint');
    if (group.protocol === 'HTTP' || group.connectionTermination) commands.push(`shutdown sessions server ${backend}/${name}`);
    // Refused while a connection is open; said again until it works.
    commands.push(`del server ${backend}/${name}`);
  }
  return commands;
}

/**
 * As an NLB does (`target_health_state.unhealthy.connection_termination.enabled`): nobody waits for an answer of a dead target's. Where
 * all are down they are all used ("fail open"), and keep what they have: there is nothing better to connect to, and a slow machine is
 * more likely than that many dead ones.
 */
function endedSessions({ protocol, targets }: BalancerTargetGroup, rows: readonly ServerRow[]): string[] {
  if (protocol !== 'TCP') return [];
  const serving = rows.filter(({ name }) => targets[name]?.draining === false);
  const down = serving.filter(({ status }) => status.startsWith('DOWN'));
  if (down.length === serving.length) return [];
  return down.filter(({ connections }) => connections > 0).map(({ backend, name }) => `shutdown sessions server ${backend}/${name}`);
}

/** It is down, and for all that is known only because it did not answer in time. */
const isSlow = ({ status, checkStatus }: ServerRow) => status.startsWith('DOWN') && checkStatus.endsWith('TOUT');

const isInitial = (status: string) => status.startsWith('NOLB');

/** A target's state, in ELBv2's words (API reference, TargetHealth). `before` is what was seen last: it tells why a target went down. */
function observeTarget({ draining }: { draining: boolean }, row: ServerRow | undefined, before: ObservedTarget | undefined): ObservedTarget {
  const activeConnections = row?.connections ?? 0;
  if (draining) {
    return { state: 'draining', reason: 'Target.DeregistrationInProgress', description: 'Target deregistration is in progress', activeConnections };
  }
  if (!row || row.status.startsWith('MAINT')) {
    return { state: 'initial', reason: 'Elb.RegistrationInProgress', description: 'Target registration is in progress', activeConnections };
  }
  if (isInitial(row.status)) {
    return { state: 'initial', reason: 'Elb.InitialHealthChecking', description: 'Initial health checks in progress', activeConnections };
  }
  if (!row.status.startsWith('DOWN')) return { state: 'healthy', activeConnections };
  return { state: 'unhealthy', ...whyDown(row, before), activeConnections };
}

function whyDown({ checkStatus, checkCode }: ServerRow, before: ObservedTarget | undefined): { reason: string; description: string } {
  if (checkStatus === 'L7STS' && Number(checkCode) > 0) {
    return { reason: 'Target.ResponseCodeMismatch', description: `Health checks failed with these codes: [${checkCode}]` };
  }
  if (checkStatus.endsWith('TOUT')) return { reason: 'Target.Timeout', description: 'Request timed out' };
  // Checks pass again, but not yet often enough; or the check was before a reload, which forgets its code.
  const known = checkStatus.startsWith('L7') && before?.state === 'unhealthy' && before.reason !== undefined;
  return known ? { reason: before.reason ?? '', description: before.description ?? '' } : { reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
}

/** By target group, then by target; the twins are nobody's business. */
export function observe(
  groups: Readonly<Record<string, BalancerTargetGroup>>, rows: readonly ServerRow[], before: Readonly<Record<string, Record<string, ObservedTarget>>>,
): Record<string, Record<string, ObservedTarget>> {
  const byName = new Map(rows.map((row) => [`${row.backend}/${row.name}`, row]));
  return Object.fromEntries(Object.entries(groups).map(([id, group]) => [id, Object.fromEntries(
    Object.entries(group.targets).map(([target, wish]) => [target, observeTarget(wish, byName.get(`${sectionName(id)}/${target}`), before[id]?.[target])]),
  )]));
}

/** `<backend>/<server>` of those that have been checked: up or down, and in service. From `show servers state` (its version 1). */
export function checkedServers(state: string): Set<string> {
  const lines = state.split('\n').filter((line) => /^\d+ \S+ \d+ /.test(line)).map((line) => line.split(' '));
  // be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state: 0 is stopped, 2 running, 3 stopping.
  return new Set(lines.filter((words) => (words[5] === '0' || words[5] === '2') && words[6] === '0').map((words) => `${words[1]}/${words[3]}`));
}
