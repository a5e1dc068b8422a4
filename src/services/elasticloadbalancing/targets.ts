import type { Change, Entry } from '../../store/store.ts';
import type { Env, Scope } from '../../control/service.ts';
import { instanceById, vpcById } from '../ec2/index.ts';
import { failure, invalid } from './errors.ts';
import { balancersUsing, groupByArn, requireGroup, transact } from './lookups.ts';
import { targetName, targets } from './records.ts';
import type { Target, TargetGroup } from './records.ts';
import { addressNumber, inCidr } from './resolve.ts';

/** A target as callers name it: an instance's id or an address; the group's port unless told. */
export interface TargetDescription {
  id: string;
  port?: number;
  zone?: string;
}

const MOST_TARGETS = 1000;
/** Where targets outside of the VPC may be: RegisterTargets' page. */
const PRIVATE_RANGES = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

export async function targetGroup(env: Env, scope: Scope, arn: string): Promise<TargetGroup | undefined> {
  return (await groupByArn(env, scope, arn))?.value;
}

/**
 * Idempotent; a target that drains is in service again. Errors: TargetGroupNotFound, InvalidTarget, TooManyTargets.
 */
export async function registerTargets(env: Env, scope: Scope, targetGroupArn: string, wanted: TargetDescription[]): Promise<void> {
  const group = (await requireGroup(env, scope, targetGroupArn)).value;
  for (const { port } of wanted) if (port !== undefined && (port < 1 || port > 65535)) throw invalid(`Port '${port}' is not valid: it must be between 1 and 65535`);
  await (group.targetType === 'instance' ? checkInstances(env, scope, group, wanted) : checkAddresses(env, scope, group, wanted));
  await transact(env, async () => {
    const { key, revision } = await requireGroup(env, scope, targetGroupArn);
    const known = new Map((await targets.list(env.store, scope, group.id)).map((entry) => [entry.key, entry]));
    const changes = new Map<string, Change>();
    for (const { id, port = group.port, zone } of wanted) {
      const at = targets.key(scope, group.id, targetName({ id, port }));
      const existing = known.get(at);
      if (existing && !existing.value.drainingSince) continue;
      const target: Target = { id, port, registeredAt: env.now().toISOString(), ...(zone ? { zone } : {}) };
      changes.set(at, targets.put(at, target, existing?.revision ?? 0));
    }
    const count = new Set([...known.keys(), ...changes.keys()]).size;
    if (count > MOST_TARGETS) throw failure('TooManyTargets', `The maximum number of targets per target group has been reached`);
    return { changes: changes.size ? [{ check: key, expect: revision }, ...changes.values()] : [], result: undefined };
  });
}

/**
 * No new requests go there from now on; it stays `draining` until its requests are done or the delay is over, then `targetHealth`
 * answers `unused` (Target.NotRegistered). Errors: TargetGroupNotFound.
 */
export async function deregisterTargets(env: Env, scope: Scope, targetGroupArn: string, unwanted: TargetDescription[]): Promise<void> {
  const group = (await requireGroup(env, scope, targetGroupArn)).value;
  const inUse = (await balancersUsing(env, scope, targetGroupArn)).length > 0;
  await transact(env, async () => {
    const known = await targets.list(env.store, scope, group.id);
    const named = known.filter(({ value }) => unwanted.some(({ id, port = group.port }) => id === value.id && port === value.port));
    return { changes: named.flatMap((entry) => leave(env, entry, inUse)), result: undefined };
  });
}

/** Without a balancer there is nothing to drain. */
export function leave(env: Env, { key, value, revision }: Entry<Target>, inUse: boolean): Change[] {
  if (!inUse) return [{ delete: key, expect: revision }];
  return value.drainingSince ? [] : [targets.put(key, { ...value, drainingSince: env.now().toISOString() }, revision)];
}

async function checkInstances(env: Env, scope: Scope, group: TargetGroup, wanted: TargetDescription[]): Promise<void> {
  const found = await Promise.all(wanted.map(async ({ id }) => ({ id, instance: await instanceById(env, scope, id) })));
  const quoted = (some: typeof found) => some.map(({ id }) => `'${id}'`).join(', ');
  const unknown = found.find(({ instance }) => !instance);
  if (unknown) throw failure('InvalidTarget', `Instance ID '${unknown.id}' is not valid`);
  const elsewhere = found.filter(({ instance }) => instance?.vpcId !== group.vpcId);
  if (elsewhere.length) throw failure('InvalidTarget', `The following targets are not in the target group VPC '${group.vpcId}': ${quoted(elsewhere)}`);
  const idle = found.filter(({ instance }) => instance?.state !== 'running');
  if (idle.length) throw failure('InvalidTarget', `The following targets are not in a running state and cannot be registered: ${quoted(idle)}`);
}

async function checkAddresses(env: Env, scope: Scope, group: TargetGroup, wanted: TargetDescription[]): Promise<void> {
  const own = (await vpcById(env, scope, group.vpcId))?.cidrBlocks.map((block) => block.cidrBlock) ?? [];
  const within = (address: string, ranges: string[]) => ranges.some((range) => inCidr(address, range));
  for (const { id, zone } of wanted) {
    if (addressNumber(id) === undefined) throw invalid(`The IP address '${id}' is not a valid IPv4 address`);
    if (within(id, own)) continue;
    if (!within(id, PRIVATE_RANGES)) throw invalid(`The IP address '${id}' is not within a range that can be a target`);
    if (zone !== 'all') throw invalid(`You must specify an Availability Zone (all) for the IP address '${id}', which is outside of the VPC`);
  }
}
